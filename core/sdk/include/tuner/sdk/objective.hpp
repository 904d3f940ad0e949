// The C++ layer for objectives. A plugin class has info, optionally params, metrics, known (tuner::Known) and check,
// and
//
//   struct Shared { explicit Shared(const tuner::Open&); ... };   // what all trials share, immutable; optional
//   static void describe(const Shared&, const tuner::Options&, const tuner::Layout&);
//   MyObjective(const Shared&, const tuner::Bind&);               // one trial: views on the host's tensors, workspaces
//   void init(tuner_rng&);                                        // starting parameters
//   void evaluate(const tuner::Evaluation&);
//
// and optionally void hvp(const tuner::HessianProduct&) (or of const tuner_hvp_args&), static difficulty(const Shared&,
// std::span<const uint64_t>, std::span<double>), and static constexpr const char* devices[] where it computes on others
// than "cpu". A class without Shared has describe(options, layout) and the constructor (bind).
#pragma once

#include <memory>
#include <span>

#include "tuner/extensions/data_files.h"
#include "tuner/sdk/call.hpp"
#include "tuner/sdk/metadata.hpp"

namespace tuner::inline sdk {

struct Metric : tuner_metric {};
consteval Metric metric(const char* id, std::uint32_t direction, const char* doc, const char* unit = "",
                        std::uint32_t aggregation = TUNER_AGGREGATE_MEAN) {
  Metric m{};
  m.struct_size = sizeof(tuner_metric);
  m.direction = direction;
  m.aggregation = aggregation;
  m.id = id;
  m.doc = doc;
  m.unit = unit;
  return m;
}

// What is known of an analytic function at default options.
struct Known {
  double minimum = std::numeric_limits<double>::quiet_NaN();
  std::span<const double> minimisers{};  // [n][dimension], row-major
  std::uint32_t dimension = 0;
  const double* domain_min = nullptr;
  const double* domain_max = nullptr;
};

namespace detail {
// Of tuner_open_args and tuner_bind_args: what hosts of 1.0 leave out.
template <class Args>
std::uint32_t threads_of(const Args& args) {
  return args.struct_size < offsetof(Args, threads) + sizeof args.threads ? 1 : args.threads;
}
template <class Args>
const char* device_of(const Args& args) {
  return args.struct_size < offsetof(Args, device) + sizeof args.device ? "cpu" : args.device;
}
}  // namespace detail

class Open {
 public:
  explicit Open(const tuner_open_args* args) : args_(args), options_(args->options) {}
  const Options& options() const { return options_; }
  const tuner_rng& rng() const { return *args_->rng; }
  Host host() const { return Host(args_->host); }
  // As those of Bind.
  std::uint32_t threads() const { return detail::threads_of(*args_); }
  const char* device() const { return detail::device_of(*args_); }
  // Says that the data depends on the file at `path`: see tuner/extensions/data_files.h.
  void reads(const char* path) const {
    const tuner_host* host = args_->host;
    const auto* files =
        static_cast<const tuner_data_files*>(host->get_extension(host->context, TUNER_EXTENSION_DATA_FILES));
    if (files != nullptr) files->read(host->context, path);
  }

 private:
  const tuner_open_args* args_;
  Options options_;
};

// Receives the tensors and splits of an objective.
class Layout {
 public:
  explicit Layout(const tuner_layout* layout) : layout_(layout) {}
  struct Declaration {
    const char* name;
    std::span<const std::int64_t> shape;
    std::uint32_t dtype = TUNER_DTYPE_F32;
    std::uint32_t role = TUNER_ROLE_UNKNOWN;
    std::uint32_t flags = 0;
    std::int32_t layer = -1;
    std::int64_t fan_in = 0;
    std::int64_t fan_out = 0;
  };
  void tensor(const Declaration& d) const {
    tuner_tensor_decl decl{};
    decl.struct_size = sizeof decl;
    decl.rank = static_cast<std::uint32_t>(d.shape.size());
    decl.shape = d.shape.data();
    decl.dtype = d.dtype;
    decl.role = d.role;
    decl.flags = d.flags;
    decl.layer = d.layer;
    decl.name = d.name;
    decl.fan_in = d.fan_in;
    decl.fan_out = d.fan_out;
    require(layout_->add_tensor(layout_->context, &decl));
  }
  void samples(std::uint32_t split, std::uint64_t count) const {
    require(layout_->set_samples(layout_->context, split, count));
  }

 private:
  static void require(std::int32_t status) {
    if (status != TUNER_OK) throw std::runtime_error("the host refused the layout");
  }
  const tuner_layout* layout_;
};

// What an objective keeps of a tensor until release(). A tuner_tensor is not to be copied: it is as long as the host's
// minor version makes it.
struct BoundTensor {
  void* data = nullptr;
  void* grad = nullptr;  // null where nothing is differentiated
  std::uint64_t numel = 0;
  std::uint32_t dtype = 0;
};

// The host's tensors for one trial, in the order of describe().
class Bind {
 public:
  explicit Bind(const tuner_bind_args* args) : args_(args), options_(args->options) {}
  const Options& options() const { return options_; }
  std::size_t tensor_count() const { return args_->n_tensors; }
  const tuner_tensor& tensor(std::size_t index) const {
    return *reinterpret_cast<const tuner_tensor*>(reinterpret_cast<const char*>(args_->tensors) +
                                                  index * args_->tensor_stride);
  }
  BoundTensor bound(std::size_t index) const {
    const tuner_tensor& t = tensor(index);
    return {.data = t.data, .grad = t.grad, .numel = t.numel, .dtype = t.dtype};
  }
  template <class T>
  T* data(std::size_t index) const {
    return static_cast<T*>(tensor(index).data);
  }
  // How many threads may compute at once in a call, the caller among them: more than 1 only for an objective with
  // TUNER_PLUGIN_OWNS_THREADS, and 1 on a host of ABI 1.0.
  std::uint32_t threads() const { return detail::threads_of(*args_); }
  // Where to compute: one of its devices.
  const char* device() const { return detail::device_of(*args_); }
  // Null where nothing is differentiated: an evaluation copy, frozen tensors.
  template <class T>
  T* grad(std::size_t index) const {
    return static_cast<T*>(tensor(index).grad);
  }

 private:
  const tuner_bind_args* args_;
  Options options_;
};

class Evaluation {
 public:
  explicit Evaluation(const tuner_evaluate_args* args) : args_(args) {}
  bool wants_loss() const { return (args_->want & TUNER_WANT_LOSS) != 0; }
  bool wants_gradient() const { return (args_->want & TUNER_WANT_GRADIENT) != 0; }
  bool wants_metrics() const { return (args_->want & TUNER_WANT_METRICS) != 0; }
  bool training() const { return (args_->flags & TUNER_EVALUATE_TRAIN) != 0; }
  bool updates_buffers() const { return (args_->flags & TUNER_EVALUATE_UPDATE_BUFFERS) != 0; }
  std::uint32_t split() const { return args_->split; }
  std::span<const std::uint64_t> indices() const { return {args_->indices, args_->n_indices}; }
  const tuner_rng& rng() const { return *args_->rng; }
  Host host() const { return Host(args_->host); }
  void loss(double value) const {
    if (args_->loss) *args_->loss = value;
  }
  void metric(std::size_t index, double value) const {
    if (wants_metrics()) args_->metrics[index] = value;
  }

 private:
  const tuner_evaluate_args* args_;
};

// The Hessian of the loss on a batch, at the tensors' present data, times a vector.
class HessianProduct {
 public:
  explicit HessianProduct(const tuner_hvp_args* args) : args_(args) {}
  // The part of tensor `index` in the vector, and where its product is to be written: numel values of the tensor's
  // type. Null where the tensor has no gradient.
  template <class T>
  const T* vector(std::size_t index) const {
    return static_cast<const T*>(args_->vectors[index]);
  }
  template <class T>
  T* product(std::size_t index) const {
    return static_cast<T*>(args_->products[index]);
  }
  std::span<const std::uint64_t> indices() const { return {args_->indices, args_->n_indices}; }
  Host host() const { return Host(args_->host); }

 private:
  const tuner_hvp_args* args_;
};

namespace detail {

template <class O>
concept HasShared = requires {
  typename O::Shared;
};

template <class O>
std::int32_t open_thunk(const tuner_open_args* args, void** shared) noexcept {
  return guarded(args->error, [&] { *shared = new typename O::Shared(Open(args)); });
}
template <class O>
void close_thunk(void* shared) noexcept {
  delete static_cast<typename O::Shared*>(shared);
}
template <class O>
std::int32_t describe_thunk(const tuner_describe_args* args) noexcept {
  return guarded(args->error, [&] {
    if constexpr (HasShared<O>)
      O::describe(*static_cast<const typename O::Shared*>(args->shared), Options(args->options), Layout(args->layout));
    else
      O::describe(Options(args->options), Layout(args->layout));
  });
}
template <class O>
std::int32_t bind_thunk(const tuner_bind_args* args, void** context) noexcept {
  return guarded(args->error, [&] {
    if constexpr (HasShared<O>)
      *context = new O(*static_cast<const typename O::Shared*>(args->shared), Bind(args));
    else
      *context = new O(Bind(args));
  });
}
template <class O>
void release_thunk(void* context) noexcept {
  delete static_cast<O*>(context);
}
template <class O>
std::int32_t objective_init_thunk(void* context, tuner_rng* rng, tuner_error* error) noexcept {
  return guarded(error, [&] { static_cast<O*>(context)->init(*rng); });
}
template <class O>
std::int32_t evaluate_thunk(void* context, const tuner_evaluate_args* args) noexcept {
  return guarded(args->error, [&] { static_cast<O*>(context)->evaluate(Evaluation(args)); });
}
template <class O>
std::int32_t hvp_thunk(void* context, const tuner_hvp_args* args) noexcept {
  return guarded(args->error, [&] {
    O& objective = *static_cast<O*>(context);
    if constexpr (requires { objective.hvp(HessianProduct(args)); })
      objective.hvp(HessianProduct(args));
    else
      objective.hvp(*args);
  });
}
template <class O>
std::int32_t difficulty_thunk(const void* shared, const std::uint64_t* indices, std::uint64_t n, double* out,
                              tuner_error* error) noexcept {
  return guarded(error, [&] {
    O::difficulty(*static_cast<const typename O::Shared*>(shared), std::span<const std::uint64_t>(indices, n),
                  std::span<double>(out, n));
  });
}

template <class O>
constexpr std::size_t metric_count() {
  if constexpr (requires { O::metrics[0]; })
    return sizeof(O::metrics) / sizeof(O::metrics[0]);
  else
    return 0;
}
template <class O>
struct MetricTable {
  const tuner_metric* items[metric_count<O>() + 1];
};
template <class O>
constexpr MetricTable<O> metric_table() {
  MetricTable<O> table{};
  if constexpr (metric_count<O>() > 0)
    for (std::size_t i = 0; i < metric_count<O>(); ++i) table.items[i] = &O::metrics[i];
  return table;
}
template <class O>
inline constexpr MetricTable<O> kMetrics = metric_table<O>();

template <class O>
constexpr tuner_objective objective_vtable() {
  tuner_objective v{};
  v.struct_size = sizeof v;
  v.n_metrics = metric_count<O>();
  v.metrics = kMetrics<O>.items;
  if constexpr (HasShared<O>) {
    v.open = &open_thunk<O>;
    v.close = &close_thunk<O>;
  }
  v.describe = &describe_thunk<O>;
  v.bind = &bind_thunk<O>;
  v.release = &release_thunk<O>;
  v.init = &objective_init_thunk<O>;
  v.evaluate = &evaluate_thunk<O>;
  if constexpr (
      requires(O & o, const tuner_hvp_args& a) { o.hvp(a); } || requires(O & o, const HessianProduct& p) { o.hvp(p); })
    v.hvp = &hvp_thunk<O>;
  if constexpr (requires { &O::difficulty; }) v.difficulty = &difficulty_thunk<O>;
  v.check = check_of<O>();
  v.minimum = std::numeric_limits<double>::quiet_NaN();
  if constexpr (requires { O::known; }) {
    v.minimum = O::known.minimum;
    v.dimension = O::known.dimension;
    if (O::known.dimension > 0) {
      v.minimisers = O::known.minimisers.data();
      v.n_minimisers = static_cast<std::uint32_t>(O::known.minimisers.size() / O::known.dimension);
    }
    v.domain_min = O::known.domain_min;
    v.domain_max = O::known.domain_max;
  }
  if constexpr (requires { O::devices[0]; }) {
    v.devices = O::devices;
    v.n_devices = sizeof(O::devices) / sizeof(O::devices[0]);
  }
  return v;
}

template <class O>
inline constexpr tuner_objective kObjectiveVtable = objective_vtable<O>();

}  // namespace detail

template <class O>
inline constexpr detail::Descriptor objective = detail::descriptor<O>(TUNER_KIND_OBJECTIVE, 0,
                                                                      &detail::kObjectiveVtable<O>);

}  // namespace tuner::inline sdk
