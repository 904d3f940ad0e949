#include "tuner/check/boundary.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <new>
#include <vector>

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

// One mapping: [data pages, the copy at their end][a page that cannot be read]. Never unmapped: the process is short.
struct Placement {
  const char* begin;
  std::size_t bytes;  // of the data pages
  std::size_t size;   // of the copy
  std::string name;
  bool ended = false;  // the call is over
};

// What the boundary of this process works on: functions of the ABI have no context of their own.
struct State {
  const Plugin* real = nullptr;
  Form form = Form::cut;
  Report* report = nullptr;
  std::vector<Placement> placements;
};
State* state = nullptr;

std::size_t page_size() { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }

// Says which struct was read where, and ends. Only memory of ours is explained; any other fault takes its course.
void explain_fault(int signal, siginfo_t* info, void*) {
  const char* at = static_cast<const char*>(info->si_addr);
  for (const Placement& p : state->placements) {
    if (at < p.begin || at >= p.begin + p.bytes + page_size()) continue;
    if (p.ended && at < p.begin + p.bytes)
      state->report->fail(fmt::format("it uses {} after the call that passed it has returned", p.name),
                          "keep no pointer to arguments: copy what is needed (data and grad of a tensor stay valid)");
    else
      state->report->fail(
          fmt::format("it reads byte {} of {}, of which there are {}",
                      static_cast<std::size_t>(at - p.begin) - p.bytes + p.size, p.name, p.size),
          "a field newer than 1.0 may be read only where struct_size covers it, and arrays end at their count");
    state->report->end_process();
  }
  ::signal(signal, SIG_DFL);
}

// The copies of one call.
class Call {
 public:
  Call() : first_(state->placements.size()) {}
  ~Call() {
    for (std::size_t i = first_; i < state->placements.size(); ++i) {
      Placement& p = state->placements[i];
      p.ended = true;
      ::mprotect(const_cast<char*>(p.begin), p.bytes, PROT_NONE);
    }
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
    stride = static_cast<std::uint32_t>(kSize<T> + growth());
    char* copy = memory(n * stride,
                        fmt::format("{} ({})", kName<T>,
                                    state->form == Form::cut ? "its 1.0 size" : "grown as in a later minor version"));
    for (std::size_t i = 0; i < n; ++i) {
      char* item = copy + i * stride;
      std::memset(item, kStrange, stride);
      std::memcpy(item, reinterpret_cast<const char*>(values) + i * old_stride, kSize<T>);
      std::memcpy(item, &stride, sizeof stride);  // struct_size is the first field of all
    }
    return reinterpret_cast<T*>(copy);
  }
  // Numbers or pointers, with nothing behind them.
  template <class T>
  const T* put_array(const T* values, std::size_t n, const char* name) {
    if (values == nullptr || n == 0) return values;
    char* copy = memory(n * sizeof(T), name);
    std::memcpy(copy, values, n * sizeof(T));
    return reinterpret_cast<const T*>(copy);
  }

  const tuner_host* host(const tuner_host* value) {
    tuner_host* copy = put(value);
    if (copy != nullptr && state->form == Form::grown) ++copy->abi_minor;
    return copy;
  }
  const tuner_options* options(const tuner_options* value) {
    tuner_options* copy = put(value);
    if (copy == nullptr) return copy;
    copy->values = put_array(value->values, std::size_t{value->n_groups} * value->n_params, "the options' values");
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
  static std::size_t growth() { return state->form == Form::grown ? kGrowth : 0; }
  static char* memory(std::size_t bytes, std::string name) {
    const std::size_t page = page_size(), data = (bytes + page - 1) / page * page;
    void* begin = ::mmap(nullptr, data + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (begin == MAP_FAILED) throw std::bad_alloc();
    ::mprotect(static_cast<char*>(begin) + data, page, PROT_NONE);
    state->placements.push_back({static_cast<const char*>(begin), data, bytes, std::move(name)});
    return static_cast<char*>(begin) + data - bytes;
  }
  std::size_t first_;
};

// An error or a random stream: what the plugin wrote comes back, without the size of the copy.
template <class T>
class Returned {
 public:
  Returned(Call& call, T* original) : original_(original), copy_(call.put(original)) {}
  ~Returned() {
    if (original_ == nullptr) return;
    const std::uint32_t size = original_->struct_size;
    std::memcpy(original_, copy_, kSize<T>);
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
  Call call;
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
  Call call;
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
  Call call;
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
  Call call;
  const Returned<tuner_error> error(call, given);
  return (state->real->*functions)().check(call.options(options), error.get());
}

std::int32_t value_through(const tuner_schedule_args* args, double* values) {
  Call call;
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
  Call call;
  tuner_open_args* copy = call.put(args);
  const Returned<tuner_error> error(call, args->error);
  copy->host = call.host(args->host);
  copy->options = call.options(args->options);
  copy->rng = call.put(args->rng);
  copy->error = error.get();
  return state->real->objective().open(copy, shared);
}

std::int32_t describe_through(const tuner_describe_args* args) {
  Call call;
  tuner_describe_args* copy = call.put(args);
  const Returned<tuner_error> error(call, args->error);
  copy->host = call.host(args->host);
  copy->options = call.options(args->options);
  copy->layout = call.put(args->layout);
  copy->error = error.get();
  return state->real->objective().describe(copy);
}

std::int32_t bind_through(const tuner_bind_args* args, void** context) {
  Call call;
  tuner_bind_args* copy = call.put(args);
  const Returned<tuner_error> error(call, args->error);
  copy->host = call.host(args->host);
  copy->options = call.options(args->options);
  copy->tensors = call.tensors(args->tensors, args->n_tensors, copy->tensor_stride);
  copy->error = error.get();
  return state->real->objective().bind(copy, context);
}

std::int32_t init_through(void* context, tuner_rng* given, tuner_error* given_error) {
  Call call;
  const Returned<tuner_rng> rng(call, given);
  const Returned<tuner_error> error(call, given_error);
  return state->real->objective().init(context, rng.get(), error.get());
}

std::int32_t evaluate_through(void* context, const tuner_evaluate_args* args) {
  Call call;
  tuner_evaluate_args* copy = call.put(args);
  const Returned<tuner_error> error(call, args->error);
  copy->host = call.host(args->host);
  copy->rng = call.put(args->rng);
  copy->error = error.get();
  copy->indices = call.put_array(args->indices, args->n_indices, "the indices of the batch");
  return state->real->objective().evaluate(context, copy);
}

std::int32_t hvp_through(void* context, const tuner_hvp_args* args) {
  Call call;
  tuner_hvp_args* copy = call.put(args);
  const Returned<tuner_error> error(call, args->error);
  copy->host = call.host(args->host);
  copy->error = error.get();
  copy->indices = call.put_array(args->indices, args->n_indices, "the indices of the batch");
  return state->real->objective().hvp(context, copy);
}

// The functions of the plugin's table that are there become the ones above.
template <class Function>
void replace(Function& place, Function by) {
  if (place != nullptr) place = by;
}

}  // namespace

Boundary::Boundary(const Plugin& plugin, Form form, Report& report)
    : descriptor_(plugin.descriptor()), plugin_(&descriptor_, &plugin.library()) {
  replace_functions(plugin);
  state = new State{&plugin, form, &report, {}};
  state->placements.reserve(1 << 16);  // read by the signal handler: must not move
  struct sigaction action {};
  action.sa_sigaction = &explain_fault;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  ::sigaction(SIGSEGV, &action, nullptr);
}

Boundary::~Boundary() {
  ::signal(SIGSEGV, SIG_DFL);
  delete state;
  state = nullptr;
}

void Boundary::replace_functions(const Plugin& real) {
  switch (real.kind()) {
    case Kind::optimizer:
      optimizer_ = real.optimizer();
      optimizer_.struct_size = sizeof optimizer_;
      replace(optimizer_.step, &step_through<&tuner_optimizer::step>);
      replace(optimizer_.init, &step_through<&tuner_optimizer::init>);
      replace(optimizer_.slot_extent, &extent_through);
      replace(optimizer_.evaluation_point, &point_through);
      replace(optimizer_.check, &check_through<tuner_optimizer, &Plugin::optimizer>);
      descriptor_.vtable = &optimizer_;
      break;
    case Kind::scheduler:
      scheduler_ = real.scheduler();
      scheduler_.struct_size = sizeof scheduler_;
      replace(scheduler_.value, &value_through);
      replace(scheduler_.check, &check_through<tuner_scheduler, &Plugin::scheduler>);
      descriptor_.vtable = &scheduler_;
      break;
    case Kind::objective:
      objective_ = real.objective();
      objective_.struct_size = sizeof objective_;
      replace(objective_.open, &open_through);
      replace(objective_.describe, &describe_through);
      replace(objective_.bind, &bind_through);
      replace(objective_.init, &init_through);
      replace(objective_.evaluate, &evaluate_through);
      replace(objective_.hvp, &hvp_through);
      replace(objective_.check, &check_through<tuner_objective, &Plugin::objective>);
      descriptor_.vtable = &objective_;
      break;
  }
}

}  // namespace tuner::check
