#include "tuner/check/boundary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

#include "tuner/tensor.hpp"

namespace tuner::check {

namespace {

// Name and size in 1.0 of every struct.
template <class T>
inline constexpr const char* kName = "";
template <class T>
inline constexpr std::size_t kSize = 0;
#define TUNER_SIZE_1_0(type, size)                  \
  template <>                                       \
  inline constexpr const char* kName<type> = #type; \
  template <>                                       \
  inline constexpr std::size_t kSize<type> = size;
#define TUNER_NO_FIELD(type, field, offset)
TUNER_ABI_LAYOUT_1_0(TUNER_SIZE_1_0, TUNER_NO_FIELD)
#undef TUNER_SIZE_1_0
#undef TUNER_NO_FIELD

constexpr std::size_t kGrowth = 64;
constexpr unsigned char kStrange = 0xa5;
constexpr const char* kReadLess =
    "a field newer than 1.0 may be read only where struct_size covers it, and arrays end at their count";
constexpr const char* kMindBounds =
    "a tensor has numel values of its own type, a batch n_indices samples, and metrics are as many as declared";

// A buffer of the host, and the fenced one that the plugin sees in its place.
struct Mirror {
  void* host;
  void* fenced;
  std::size_t bytes;
};

// What the boundary of this process works on: functions of the ABI have no context of their own.
struct State {
  const Plugin* real = nullptr;
  Form form = Form::cut;
  Fence fence = Fence::end;
  std::vector<Mirror> mirrors;            // of an objective's tensors
  std::vector<std::size_t> tensor_bytes;  // of each of them, 0 where it has no gradient
  std::vector<std::string> tensor_names;
  std::string damage;  // what fenced_damage() said after the first call that did any
};
State* state = nullptr;

// Of a struct of the host, as it is passed on.
template <class T>
std::size_t size_now() {
  const bool old = state->form == Form::cut && state->real->library().table->min_host_minor == 0;
  return old ? kSize<T> : sizeof(T) + (state->form == Form::grown ? kGrowth : 0);
}
const char* age_of_structs() {
  if (state->form == Form::grown) return "grown as in a later minor version";
  return state->real->library().table->min_host_minor == 0 && state->form == Form::cut ? "its 1.0 size" : "its size";
}

// The copies of one call.
class Call {
 public:
  explicit Call(const char* function, const std::string& null_arguments = "") {
    const char* const grown = ", with structs of a later minor version";
    enter_call(std::string(function) + (state->form == Form::grown ? grown : ""), null_arguments);
    for (const Mirror& m : state->mirrors) std::memcpy(m.fenced, m.host, m.bytes);
  }
  ~Call() {
    for (const Mirror& m : state->mirrors) std::memcpy(m.host, m.fenced, m.bytes);
    for (const Mirror& m : written_) std::memcpy(m.host, m.fenced, m.bytes);
    if (state->form == Form::fenced && state->damage.empty()) state->damage = fenced_damage();
    for (const char* memory : memories_) close_fenced(memory);
    enter_call("");
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // A struct of another minor; null stays null.
  template <class T>
  T* put(const T* value) {
    std::uint32_t stride = 0;
    return put(value, 1, stride, sizeof(T));
  }
  // An array of structs, `old_stride` bytes apart.
  template <class T>
  T* put(const T* values, std::size_t n, std::uint32_t& stride, std::size_t old_stride) {
    if (values == nullptr || n == 0) return const_cast<T*>(values);
    stride = static_cast<std::uint32_t>(size_now<T>());
    char* copy = memory(n * stride, fmt::format("{} ({})", kName<T>, age_of_structs()), kReadLess, Fence::end);
    for (std::size_t i = 0; i < n; ++i) {
      char* item = copy + i * stride;
      std::memset(item, kStrange, stride);
      std::memcpy(item, reinterpret_cast<const char*>(values) + i * old_stride,
                  std::min<std::size_t>(stride, sizeof(T)));
      std::memcpy(item, &stride, sizeof stride);  // struct_size is the first field of all
    }
    return reinterpret_cast<T*>(copy);
  }
  // Numbers or pointers, with nothing behind them.
  template <class T>
  const T* put_array(const T* values, std::size_t n, const char* name) {
    if (values == nullptr || n == 0) return values;
    char* copy = memory(n * sizeof(T), name, kReadLess, Fence::end);
    std::memcpy(copy, values, n * sizeof(T));
    return reinterpret_cast<const T*>(copy);
  }

  // A buffer that the plugin writes, or reads, for the length of the call: fenced with Form::fenced alone.
  template <class T>
  T* buffer(T* values, std::size_t bytes, const std::string& name, bool is_written, bool exact = false) {
    if (state->form != Form::fenced || values == nullptr || bytes == 0) return values;
    char* copy = memory(bytes, name, kMindBounds, state->fence, exact);
    std::memcpy(copy, values, bytes);
    if (is_written) written_.push_back({const_cast<std::remove_const_t<T>*>(values), copy, bytes});
    return reinterpret_cast<T*>(copy);
  }

  const tuner_host* host(const tuner_host* value) {
    tuner_host* copy = put(value);
    if (copy != nullptr && state->form == Form::grown) ++copy->abi_minor;
    return copy;
  }
  const tuner_options* options(const tuner_options* value) {
    tuner_options* copy = put(value);
    if (copy == nullptr) return copy;
    const std::size_t n_values = std::size_t{value->n_groups} * value->n_params;
    copy->values = put_array(value->values, n_values, "the options' values");
    if (copy->struct_size >= sizeof *copy) copy->base = put_array(value->base, n_values, "the options' base values");
    copy->lists = put(value->lists, value->n_params, copy->list_stride, value->list_stride);
    return copy;
  }
  const tuner_tensor_info* info(const tuner_tensor_info* value) {
    tuner_tensor_info* copy = put(value);
    if (copy != nullptr) copy->shape = put_array(value->shape, value->rank, "a tensor's shape");
    return copy;
  }
  const tuner_tensor* tensors(const tuner_tensor* values, std::size_t n, std::uint32_t& stride) {
    const std::uint32_t old_stride = stride;
    tuner_tensor* copies = put(values, n, stride, old_stride);
    for (std::size_t i = 0; i < n; ++i) {
      auto& tensor = *reinterpret_cast<tuner_tensor*>(reinterpret_cast<char*>(copies) + i * stride);
      tensor.info = info(tensor.info);
      tensor.slots = put_array(tensor.slots, state->real->slot_count(), "a tensor's slots");
    }
    return copies;
  }
  void* const* global_slots(void* const* values) {
    return put_array(values, state->real->slot_count(), "the global slots");
  }

 private:
  char* memory(std::size_t bytes, const std::string& name, const char* remedy, Fence fence, bool exact = true) {
    // Outside of a process that reports faults, and for the other forms, memory is memory.
    memories_.push_back(static_cast<char*>(fenced_memory(bytes, name, fence, remedy, exact)));
    return memories_.back();
  }
  std::vector<char*> memories_;
  std::vector<Mirror> written_;
};

// An error or a random stream: what the plugin wrote comes back, without the size of the copy.
template <class T>
class Returned {
 public:
  Returned(Call& call, T* original) : original_(original), copy_(call.put(original)) {}
  ~Returned() {
    if (original_ == nullptr) return;
    const std::uint32_t size = original_->struct_size;
    std::memcpy(original_, copy_, std::min(size_now<T>(), sizeof(T)));
    original_->struct_size = size;
  }
  Returned(const Returned&) = delete;
  Returned& operator=(const Returned&) = delete;
  [[nodiscard]] T* get() const { return copy_; }

 private:
  T *original_, *copy_;
};

using Step = std::int32_t (*)(const tuner_step_args*);
template <Step tuner_optimizer::*function>
std::int32_t step_through(const tuner_step_args* args) {
  Call call(function == &tuner_optimizer::step ? "step()" : "init()", args->inner == nullptr ? "inner" : "");
  tuner_step_args* copy = call.put(args);
  const Returned<tuner_error> error(call, args->error);
  const Returned<tuner_rng> rng(call, args->rng);
  copy->host = call.host(args->host);
  copy->options = call.options(args->options);
  copy->tensors = call.tensors(args->tensors, args->n_tensors, copy->tensor_stride);
  copy->global_slots = call.global_slots(args->global_slots);
  copy->closure = call.put(args->closure);
  copy->inner = call.put(args->inner);
  copy->rng = rng.get();
  copy->error = error.get();
  return (state->real->optimizer().*function)(copy);
}

std::int32_t extent_through(const tuner_extent_args* args, std::uint64_t* count) {
  Call call("slot_extent()");
  tuner_extent_args* copy = call.put(args);
  const Returned<tuner_error> error(call, args->error);
  std::vector<const tuner_tensor_info*> infos;
  for (std::uint32_t i = 0; i < args->n_tensors; ++i) infos.push_back(call.info(args->tensors[i]));
  copy->tensors = call.put_array(infos.data(), infos.size(), "the tensors' descriptions");
  copy->options = call.options(args->options);
  copy->error = error.get();
  return state->real->optimizer().slot_extent(copy, count);
}

std::int32_t point_through(const tuner_point_args* args) {
  Call call("evaluation_point()");
  tuner_point_args* copy = call.put(args);
  const Returned<tuner_error> error(call, args->error);
  copy->host = call.host(args->host);
  copy->options = call.options(args->options);
  copy->tensors = call.tensors(args->tensors, args->n_tensors, copy->tensor_stride);
  copy->global_slots = call.global_slots(args->global_slots);
  copy->outputs = call.put_array(args->outputs, args->n_tensors, "the outputs");
  copy->error = error.get();
  return state->real->optimizer().evaluation_point(copy);
}

template <class Functions, const Functions& (Plugin::*functions)() const>
std::int32_t check_through(const tuner_options* options, tuner_error* given) {
  Call call("check()");
  const Returned<tuner_error> error(call, given);
  return (state->real->*functions)().check(call.options(options), error.get());
}

std::int32_t value_through(const tuner_schedule_args* args, double* values) {
  Call call("value()");
  tuner_schedule_args* copy = call.put(args);
  const Returned<tuner_error> error(call, args->error);
  copy->host = call.host(args->host);
  copy->options = call.options(args->options);
  copy->base = call.put_array(args->base, state->real->scheduler().n_outputs, "the base values");
  copy->global_slots = call.global_slots(args->global_slots);
  copy->error = error.get();
  return state->real->scheduler().value(copy, values);
}

std::int32_t open_through(const tuner_open_args* args, void** shared) {
  Call call("open()");
  tuner_open_args* copy = call.put(args);
  const Returned<tuner_error> error(call, args->error);
  copy->host = call.host(args->host);
  copy->options = call.options(args->options);
  copy->rng = call.put(args->rng);
  copy->error = error.get();
  return state->real->objective().open(copy, shared);
}

std::int32_t describe_through(const tuner_describe_args* args) {
  Call call("describe()");
  tuner_describe_args* copy = call.put(args);
  const Returned<tuner_error> error(call, args->error);
  copy->host = call.host(args->host);
  copy->options = call.options(args->options);
  copy->layout = call.put(args->layout);
  copy->error = error.get();
  return state->real->objective().describe(copy);
}

// The tensors of a trial, for as long as it lives.
void fence_tensors(const tuner_tensor* copies, const tuner_bind_args& args, std::uint32_t stride) {
  for (std::uint32_t i = 0; i < args.n_tensors; ++i) {
    auto& tensor = *const_cast<tuner_tensor*>(
        reinterpret_cast<const tuner_tensor*>(reinterpret_cast<const char*>(copies) + i * stride));
    const std::size_t bytes = tensor.numel * dtype_size(tensor.dtype);
    const std::string name = fmt::format("tensor '{}'", tensor.info->name);
    state->tensor_bytes.push_back(tensor.grad == nullptr ? 0 : bytes);
    state->tensor_names.push_back(name);
    const auto fenced = [&](void* host, const std::string& what) {
      if (host == nullptr || bytes == 0) return host;
      void* memory = fenced_memory(bytes, what, state->fence, kMindBounds);
      std::memcpy(memory, host, bytes);
      state->mirrors.push_back({host, memory, bytes});
      return memory;
    };
    tensor.data = fenced(tensor.data, name);
    tensor.grad = fenced(tensor.grad, "the gradient of " + name);
  }
}

std::int32_t bind_through(const tuner_bind_args* args, void** context) {
  Call call("bind()");
  tuner_bind_args* copy = call.put(args);
  const Returned<tuner_error> error(call, args->error);
  copy->host = call.host(args->host);
  copy->options = call.options(args->options);
  copy->tensors = call.tensors(args->tensors, args->n_tensors, copy->tensor_stride);
  copy->error = error.get();
  if (state->form == Form::fenced) fence_tensors(copy->tensors, *args, copy->tensor_stride);
  return state->real->objective().bind(copy, context);
}

std::int32_t init_through(void* context, tuner_rng* given, tuner_error* given_error) {
  Call call("init()");
  const Returned<tuner_rng> rng(call, given);
  const Returned<tuner_error> error(call, given_error);
  return state->real->objective().init(context, rng.get(), error.get());
}

std::int32_t evaluate_through(void* context, const tuner_evaluate_args* args) {
  Call call("evaluate()");
  tuner_evaluate_args* copy = call.put(args);
  const Returned<tuner_error> error(call, args->error);
  copy->host = call.host(args->host);
  copy->rng = call.put(args->rng);
  copy->error = error.get();
  copy->indices = call.put_array(args->indices, args->n_indices, "the indices of the batch");
  copy->loss = call.buffer(args->loss, sizeof(double), "the loss", true, true);
  copy->metrics =
      call.buffer(args->metrics, state->real->objective().n_metrics * sizeof(double), "the metrics", true, true);
  return state->real->objective().evaluate(context, copy);
}

std::int32_t hvp_through(void* context, const tuner_hvp_args* args) {
  Call call("hvp()");
  tuner_hvp_args* copy = call.put(args);
  const Returned<tuner_error> error(call, args->error);
  copy->host = call.host(args->host);
  copy->error = error.get();
  copy->indices = call.put_array(args->indices, args->n_indices, "the indices of the batch");
  std::vector<const void*> vectors(args->vectors, args->vectors + state->tensor_bytes.size());
  std::vector<void*> products(args->products, args->products + state->tensor_bytes.size());
  for (std::size_t i = 0; i < state->tensor_bytes.size(); ++i) {
    const auto bytes_of = [&](auto* data, const char* what, bool is_written) {
      using Bytes = std::conditional_t<std::is_const_v<std::remove_pointer_t<decltype(data)>>, const char, char>;
      return call.buffer(static_cast<Bytes*>(data), state->tensor_bytes[i],
                         fmt::format("the {} of {}", what, state->tensor_names[i]), is_written);
    };
    vectors[i] = bytes_of(vectors[i], "vector", false);
    products[i] = bytes_of(products[i], "product", true);
  }
  if (state->form == Form::fenced) {
    copy->vectors = vectors.data();
    copy->products = products.data();
  }
  return state->real->objective().hvp(context, copy);
}

// A table of the plugin, which may be of an earlier minor version, with zeros for what it has not.
template <class T>
T today(const T& table) {
  T copy{};
  std::memcpy(&copy, &table, std::min<std::size_t>(table.struct_size, sizeof copy));
  copy.struct_size = sizeof copy;
  return copy;
}

// The functions of the plugin's table that are there become the ones above.
template <class Function>
void replace(Function& place, Function by) {
  if (place != nullptr) place = by;
}

}  // namespace

Boundary::Boundary(const Plugin& plugin, Form form, Fence fence)
    : descriptor_(today(plugin.descriptor())), plugin_(&descriptor_, &plugin.library()) {
  replace_functions(plugin);
  state = new State{.real = &plugin,
                    .form = form,
                    .fence = fence,
                    .mirrors = {},
                    .tensor_bytes = {},
                    .tensor_names = {},
                    .damage = {}};
}

std::string Boundary::damage() const { return state->damage; }

Boundary::~Boundary() {
  delete state;
  state = nullptr;
}

void Boundary::replace_functions(const Plugin& real) {
  switch (real.kind()) {
    case Kind::optimizer:
      optimizer_ = today(real.optimizer());
      replace(optimizer_.step, &step_through<&tuner_optimizer::step>);
      replace(optimizer_.init, &step_through<&tuner_optimizer::init>);
      replace(optimizer_.slot_extent, &extent_through);
      replace(optimizer_.evaluation_point, &point_through);
      replace(optimizer_.check, &check_through<tuner_optimizer, &Plugin::optimizer>);
      descriptor_.vtable = &optimizer_;
      break;
    case Kind::scheduler:
      scheduler_ = today(real.scheduler());
      replace(scheduler_.value, &value_through);
      replace(scheduler_.check, &check_through<tuner_scheduler, &Plugin::scheduler>);
      descriptor_.vtable = &scheduler_;
      break;
    case Kind::objective:
      objective_ = today(real.objective());
      replace(objective_.open, &open_through);
      replace(objective_.describe, &describe_through);
      replace(objective_.bind, &bind_through);
      replace(objective_.init, &init_through);
      replace(objective_.evaluate, &evaluate_through);
      replace(objective_.hvp, &hvp_through);
      replace(objective_.check, &check_through<tuner_objective, &Plugin::objective>);
      descriptor_.vtable = &objective_;
      break;
    default:
      break;  // searchers and pruners have checks of their own
  }
}

}  // namespace tuner::check
