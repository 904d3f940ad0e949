#include "tuner/check/optimizer_rig.hpp"

#include <fmt/format.h>

#include <cfenv>
#include <cmath>
#include <cstring>

#include "tuner/check/environment.hpp"
#include "tuner/check/rig_problem.hpp"
#include "tuner/error.hpp"

namespace tuner::check {

// The host of a step, with scratch memory between canaries. Its contents are NaN: whoever reads before he writes is
// found out.
class RigHost {
 public:
  explicit RigHost(GuardedMemory& memory) : memory_(memory) {
    host_.struct_size = sizeof host_;
    host_.abi_minor = TUNER_ABI_MINOR;
    host_.context = this;
    host_.log = [](void*, std::uint32_t, const char*) {};
    host_.report = [](void*, const char*, std::int64_t, double) -> std::int32_t { return TUNER_OK; };
    host_.should_stop = [](void*) -> std::int32_t { return 0; };
    host_.scratch = [](void* context, std::uint64_t bytes) { return static_cast<RigHost*>(context)->scratch(bytes); };
    host_.get_extension = [](void*, const char*) -> const void* { return nullptr; };
  }
  [[nodiscard]] const tuner_host* abi() const { return &host_; }
  void reset_scratch() { used_ = 0; }

 private:
  void* scratch(std::uint64_t bytes) {
    if (bytes > std::uint64_t{1} << 30) return nullptr;
    if (used_ < blocks_.size() && blocks_[used_].bytes != bytes) blocks_.resize(used_);
    if (used_ == blocks_.size()) blocks_.push_back({memory_.take(bytes, "scratch memory"), bytes});
    const Block& block = blocks_[used_++];
    std::memset(block.data, 0xFF, bytes);
    return block.data;
  }
  struct Block {
    void* data;
    std::uint64_t bytes;
  };
  GuardedMemory& memory_;
  tuner_host host_{};
  std::vector<Block> blocks_;
  std::size_t used_ = 0;
};

namespace {

// A value for every option that has no default.
std::map<std::string, Value> with_required(const Plugin& plugin, std::map<std::string, Value> given) {
  for (std::size_t p = 0; p < plugin.param_count(); ++p) {
    const tuner_param& param = plugin.param(p);
    if (!(param.flags & TUNER_PARAM_REQUIRED) || given.contains(param.id)) continue;
    const bool searchable = (param.flags & TUNER_PARAM_SEARCHABLE) != 0;
    const double low = searchable ? param.search_min : param.min, high = searchable ? param.search_max : param.max;
    double value = std::isfinite(low) && std::isfinite(high) ? (low + high) / 2
                   : std::isfinite(low)                      ? low + 1
                   : std::isfinite(high)                     ? high - 1
                                                             : 1;
    if (searchable && param.search_scale == TUNER_SCALE_LOG) value = std::sqrt(low * high);
    if (param.type == TUNER_TYPE_F64)
      given[param.id] = value;
    else if (param.type == TUNER_TYPE_I64)
      given[param.id] = static_cast<std::int64_t>(value);
    else if (param.type == TUNER_TYPE_BOOL)
      given[param.id] = false;
    else if (param.type == TUNER_TYPE_CHOICE)
      given[param.id] = std::string(param.choices[0]);
    else
      throw Found{fmt::format("option '{}' has no default, and no string can be made up for it", param.id),
                  "give the option a default, so that the plugin can be tried without knowing it"};
  }
  return given;
}

OptionTable table_of(const Plugin& plugin, const std::map<std::string, Value>& given,
                     const std::vector<std::map<std::string, Value>>& groups = {}) {
  OptionTable table(plugin, with_required(plugin, given), groups);
  table.check(plugin);
  return table;
}

const Plugin& inner_plugin() {
  static const Plugin plugin(&inner_descent(), nullptr);
  return plugin;
}

PluginUse use_of(const Plugin& plugin, const Setup& setup) {
  try {
    PluginUse use{.plugin = &plugin,
                  .options = table_of(plugin, setup.options, setup.groups),
                  .groups = std::vector<GroupMatch>(setup.groups.size(), GroupMatch{.roles = {}, .names = {""}}),
                  .inner = nullptr};
    if (!use.groups.empty()) use.groups.back().names.clear();
    if (plugin.has(TUNER_PLUGIN_WRAPS))
      use.inner = std::make_unique<PluginUse>(PluginUse{.plugin = &inner_plugin(),
                                                        .options = table_of(inner_plugin(), setup.inner_options),
                                                        .groups = {},
                                                        .inner = nullptr});
    return use;
  } catch (const Error& e) {
    throw Found{e.message(),
                "the options above are legal by the plugin's own table: accept them, or narrow min and max"};
  }
}

template <class T>
void convert(const Piece& from, void* to) {
  for (std::size_t i = 0; i < from.size(); ++i) static_cast<T*>(to)[i] = static_cast<T>(from.value(i));
}

void assign(const Piece& from, std::uint32_t dtype, void* to) {
  if (from.bytes.empty() || to == nullptr) return;
  if (dtype == from.dtype)
    std::memcpy(to, from.bytes.data(), from.bytes.size());
  else if (dtype == TUNER_DTYPE_F32)
    convert<float>(from, to);
  else
    convert<double>(from, to);
}

Piece piece_of(std::string name, std::uint32_t dtype, const void* data, std::uint64_t count) {
  Piece piece{.name = std::move(name), .dtype = dtype, .bytes = {}};
  if (data != nullptr) piece.bytes.assign(static_cast<const char*>(data), count * dtype_size(dtype));
  return piece;
}
constexpr const char* kInner = "the inner optimizer's ";
constexpr const char* kStepCount = "number of steps";
std::string position_name(const Optimizer& optimizer) {
  return fmt::format("position of the random stream of '{}'", optimizer.use().plugin->id());
}

Piece counter(std::string name, std::int64_t value) { return piece_of(std::move(name), TUNER_DTYPE_I64, &value, 1); }

double element(const void* data, std::uint32_t dtype, std::uint64_t i) {
  return dtype == TUNER_DTYPE_F32 ? static_cast<double>(static_cast<const float*>(data)[i])
                                  : static_cast<const double*>(data)[i];
}
void set_element(void* data, std::uint32_t dtype, std::uint64_t i, double value) {
  if (dtype == TUNER_DTYPE_F32)
    static_cast<float*>(data)[i] = static_cast<float>(value);
  else
    static_cast<double*>(data)[i] = value;
}

TensorSpec layer_tensor(std::string name, std::vector<std::int64_t> shape, std::uint32_t role, std::int32_t layer) {
  TensorSpec spec = plain_tensor(std::move(name), std::move(shape));
  spec.role = role;
  spec.layer = layer;
  if (spec.shape.size() < 2) return spec;
  const std::int64_t receptive = static_cast<std::int64_t>(spec.numel()) / (spec.shape[0] * spec.shape[1]);
  spec.fan_out = spec.shape[0] * receptive;
  spec.fan_in = spec.shape[1] * receptive;
  return spec;
}

std::map<std::string, Value> set_decay(const Plugin& plugin, double value) {
  std::map<std::string, Value> options;
  for (const char* id : {"weight_decay", "lambd", "decay", "l2", "wd"})
    if (const auto index = plugin.find_param(id); index && plugin.param(*index).type == TUNER_TYPE_F64) {
      const tuner_param& param = plugin.param(*index);
      const bool open = value == param.min && (param.flags & TUNER_PARAM_MIN_OPEN);
      if (value >= param.min && value <= param.max && !open) options[id] = value;
    }
  return options;
}

}  // namespace

std::vector<TensorSpec> ordinary_tensors() {
  return {layer_tensor("weight", {6, 5}, TUNER_ROLE_WEIGHT, 0),
          layer_tensor("bias", {6}, TUNER_ROLE_BIAS, 0),
          layer_tensor("conv", {2, 2, 2, 2}, TUNER_ROLE_CONV, 1),
          layer_tensor("scale", {5}, TUNER_ROLE_NORM_SCALE, 2),
          layer_tensor("shift", {5}, TUNER_ROLE_NORM_BIAS, 2),
          layer_tensor("embedding", {3, 4}, TUNER_ROLE_EMBEDDING, 3),
          layer_tensor("head", {2, 6}, TUNER_ROLE_HEAD, 4),
          plain_tensor("free", {8})};
}

std::vector<TensorSpec> whole_tensors() {
  return {layer_tensor("weight", {8, 4}, TUNER_ROLE_WEIGHT, 0),
          layer_tensor("bias", {16}, TUNER_ROLE_BIAS, 0),
          layer_tensor("conv", {2, 2, 2, 2}, TUNER_ROLE_CONV, 1),
          layer_tensor("scale", {16}, TUNER_ROLE_NORM_SCALE, 2),
          layer_tensor("embedding", {4, 4}, TUNER_ROLE_EMBEDDING, 3),
          layer_tensor("head", {2, 8}, TUNER_ROLE_HEAD, 4),
          plain_tensor("free", {16})};
}

TensorSpec plain_tensor(std::string name, std::vector<std::int64_t> shape) {
  TensorSpec spec;
  spec.name = std::move(name);
  spec.shape = std::move(shape);
  return spec;
}

std::string status_name(std::int32_t status) {
  switch (status) {
    case TUNER_OK:
      return "TUNER_OK (0)";
    case TUNER_STOP:
      return "TUNER_STOP (1)";
    case TUNER_ERROR:
      return "TUNER_ERROR (-1)";
    case TUNER_INVALID:
      return "TUNER_INVALID (-2)";
    case TUNER_OUT_OF_MEMORY:
      return "TUNER_OUT_OF_MEMORY (-3)";
    case TUNER_UNSUPPORTED:
      return "TUNER_UNSUPPORTED (-4)";
    default:
      return fmt::format("{}, which is no status", status);
  }
}

const char* dtype_name(std::uint32_t dtype) { return dtype == TUNER_DTYPE_F32 ? "float32" : "float64"; }
std::map<std::string, Value> without_decay(const Plugin& plugin) { return set_decay(plugin, 0); }
std::map<std::string, Value> with_decay(const Plugin& plugin) { return set_decay(plugin, 0.1); }

Setup setup_for(const Subject& subject, Report* report, std::map<std::string, Value> options) {
  Setup setup;
  options.insert(subject.given.begin(), subject.given.end());  // what the check itself sets goes first
  setup.options = std::move(options);
  setup.seed = subject.seed;
  setup.report = report;
  return setup;
}

std::vector<TensorSpec> Rig::with_dtype(const Setup& setup) {
  std::vector<TensorSpec> specs = setup.tensors;
  for (TensorSpec& spec : specs) spec.dtype = setup.dtype;
  return specs;
}

Rig::Rig(const Plugin& plugin, Setup setup)
    : plugin_(plugin), setup_(std::move(setup)), use_(use_of(plugin, setup_)), tensors_(with_dtype(setup_)) {
  error_.struct_size = sizeof error_;
  closure_.struct_size = sizeof closure_;
  closure_.context = this;
  if (setup_.fence) memory_.fence(*setup_.fence);
  closure_.evaluate = &closure_evaluate;
  closure_.hvp = &closure_product;
  guard_tensors();
  try {
    optimizer_ = std::make_unique<Optimizer>(use_, tensors_, setup_.seed, 0, [this](std::size_t bytes) {
      if (bytes > std::size_t{1} << 30) throw std::bad_alloc();
      return memory_.take(bytes, "a slot");
    });
  } catch (const Error& e) {
    throw Found{e.message(), "accept any shapes, or say in the text how far the rule goes"};
  } catch (const std::bad_alloc&) {
    throw Found{fmt::format("its slots need more than 1 GiB ({})", circumstances()),
                "slots grow with the tensors and with structural options alone: look at slot_extent()"};
  }
  name_slots();
  host_ = std::make_unique<RigHost>(memory_);
  std::size_t n = 0;
  for (const tuner_tensor& tensor : tensors_.abi())
    if (tensor.grad != nullptr) n += tensor.numel;
  problem_ = setup_.start.empty() ? std::make_unique<Problem>(n, setup_.seed, setup_.scale)
                                  : std::make_unique<Problem>(setup_.start, setup_.gradients);
  std::size_t at = 0;
  for (const tuner_tensor& tensor : tensors_.abi())
    for (std::uint64_t i = 0; i < tensor.numel; ++i)
      set_element(tensor.data, tensor.dtype, i,
                  tensor.grad ? problem_->start(at++) : 0.25 + static_cast<double>(i) / 8);
}

Rig::~Rig() = default;

template <class Visit>
void Rig::for_each_slot(const Optimizer& optimizer, const std::string& prefix, Visit&& visit) const {
  const Plugin& plugin = *optimizer.use().plugin;
  for (std::size_t s = 0; s < plugin.slot_count(); ++s) {
    const tuner_slot& slot = plugin.slot(s);
    if (slot.scope == TUNER_SCOPE_GLOBAL) {
      visit(fmt::format("{}slot '{}'", prefix, slot.id), slot, optimizer.slot(s));
      continue;
    }
    for (std::size_t t = 0; t < tensors_.size(); ++t)
      visit(fmt::format("{}slot '{}' of tensor '{}'", prefix, slot.id, tensors_.spec(t).name), slot,
            optimizer.slot(s, t));
  }
  if (optimizer.inner() != nullptr) for_each_slot(*optimizer.inner(), kInner, visit);
}

void Rig::guard_tensors() {
  for (std::size_t t = 0; t < tensors_.size(); ++t) {
    tuner_tensor& tensor = tensors_.abi()[t];
    const std::size_t bytes = tensor.numel * dtype_size(tensor.dtype);
    tensor.data = memory_.take(bytes, fmt::format("tensor '{}'", tensors_.spec(t).name));
    // Where the host computes no gradient there is nothing to be read.
    if (tensor.grad != nullptr)
      tensor.grad = memory_.take(bytes, fmt::format("the gradient of tensor '{}'", tensors_.spec(t).name), 0xFF);
  }
}

void Rig::name_slots() {
  for_each_slot(*optimizer_, "", [&](const std::string& name, const tuner_slot&, const Optimizer::SlotView& view) {
    memory_.rename(view.data, name);
  });
}

std::string Rig::circumstances() const {
  std::string text = dtype_name(setup_.dtype);
  if (step_ > 0) text += fmt::format(", step {}", step_);
  if (setup_.scale != 1) text += fmt::format(", gradients of about {:g}", setup_.scale);
  for (const auto& [id, value] : setup_.options) text += fmt::format(", {} = {}", id, to_display(value));
  for (const auto& [id, value] : setup_.inner_options) text += fmt::format(", inner {} = {}", id, to_display(value));
  return text;
}

template <class Call>
std::int32_t Rig::guarded(const char* what, Call&& call) {
  if (setup_.report != nullptr) setup_.report->doing(fmt::format("{}, {}", what, circumstances()));
  std::fenv_t environment;
  std::fegetenv(&environment);
  const FloatingPoint before = FloatingPoint::now();
  host_->reset_scratch();
  error_.text[0] = 0;
  enter_call(fmt::format("{} ({})", what, circumstances()), null_arguments(std::string_view(what).starts_with("step")));
  const std::int32_t status = call();
  enter_call("");
  if (const std::string change = before.changed_to(FloatingPoint::now());
      !change.empty() && floating_point_change_.empty())
    floating_point_change_ = fmt::format("{} ({}, {})", change, what, circumstances());
  std::fesetenv(&environment);
  return status;
}

// What the call that is about to be made finds null, for the message of a fault.
std::string Rig::null_arguments(bool step) const {
  std::string names = step ? "" : "closure";
  const auto add = [&](const std::string& name) { names += (names.empty() ? "" : ", ") + name; };
  if (!plugin_.has(TUNER_PLUGIN_WRAPS)) add("inner");
  for (std::size_t t = 0; t < tensors_.size(); ++t)
    if (tensors_.grad(t) == nullptr) add(fmt::format("gradient and slots of tensor '{}'", tensors_.spec(t).name));
  return names;
}

void Rig::reseed() {
  for (Optimizer* optimizer = optimizer_.get(); optimizer != nullptr; optimizer = optimizer->inner())
    optimizer->rng().seed += 1;
}

std::int32_t Rig::init() {
  initialized_ = true;
  return guarded("init()", [&] { return optimizer_->init(host_->abi(), &error_); });
}

void Rig::begin_step() {
  ++step_;
  problem_->batch(setup_.one_batch ? 0 : step_);
  loss_ = evaluate(plugin_.has(TUNER_PLUGIN_DERIVATIVE_FREE) ? TUNER_WANT_LOSS : TUNER_WANT_LOSS | TUNER_WANT_GRADIENT);
  evaluations_ = 0;
  ended_ = false;
  calls_after_end_ = 0;
}

std::int32_t Rig::step() {
  begin_step();
  StepInputs inputs;
  inputs.step = step_;
  inputs.horizon = 100;
  inputs.loss = loss_;
  inputs.host = host_->abi();
  inputs.closure = &closure_;
  return guarded("step()", [&] {
    if (setup_.before_step) setup_.before_step();
    return optimizer_->step(inputs, &error_);
  });
}

void Rig::step_in_parts() {
  begin_step();
  const tuner_tensor& whole = tensors_.abi()[0];
  const std::size_t width = dtype_size(whole.dtype);
  const std::uint64_t bounds[] = {0, 160, 576, whole.numel};  // multiples of 64 bytes
  const tuner_rng start = optimizer_->rng();
  for (std::size_t p = 0; p + 1 < std::size(bounds); ++p) {
    const auto moved = [&](void* data) { return static_cast<char*>(data) + bounds[p] * width; };
    std::vector<void*> slots;
    for (std::size_t s = 0; s < plugin_.slot_count(); ++s) {
      const Optimizer::SlotView view = optimizer_->slot(s, 0);
      slots.push_back(view.data == nullptr ? nullptr
                                           : static_cast<char*>(view.data) + bounds[p] * dtype_size(view.dtype));
    }
    tuner_tensor part = whole;
    part.rank = 1;
    part.data = moved(whole.data);
    part.grad = moved(whole.grad);
    part.slots = slots.data();
    part.numel = bounds[p + 1] - bounds[p];
    part.first_index = bounds[p];
    tuner_rng rng = start;
    std::uint32_t flags = 0;
    tuner_step_args args{};
    args.struct_size = sizeof args;
    args.n_tensors = 1;
    args.tensor_stride = sizeof part;
    args.host = host_->abi();
    std::vector<void*> no_globals(plugin_.slot_count(), nullptr);
    args.tensors = &part;
    args.options = use_.options.abi();
    args.global_slots = no_globals.data();
    args.closure = &closure_;
    args.rng = &rng;
    args.step = step_;
    args.horizon = 100;
    args.loss = loss_;
    args.error = &error_;
    args.out_flags = &flags;
    require_ok(guarded("step() on a part", [&] { return plugin_.optimizer().step(&args); }), "step() on a part");
    optimizer_->rng().position = rng.position;
  }
}

std::int32_t Rig::evaluation_point() {
  if (!optimizer_->has_evaluation_point()) return TUNER_OK;
  std::vector<void*> outputs;
  for (const tuner_tensor& tensor : tensors_.abi())
    outputs.push_back(memory_.take(tensor.numel * dtype_size(tensor.dtype), "an output of evaluation_point()"));
  return guarded("evaluation_point()",
                 [&] { return optimizer_->evaluation_point(host_->abi(), step_, outputs, &error_); });
}

void Rig::run(int steps) {
  if (!initialized_ && step_ == 0) require_ok(init(), "init()");
  for (int i = 0; i < steps; ++i) require_ok(step(), "step()");
}

void Rig::require_ok(std::int32_t status, std::string_view function) const {
  if (status == TUNER_OK) return;
  throw Found{fmt::format("{} returned {} ({}){}", function, status_name(status), circumstances(),
                          error_.text[0] ? fmt::format(": {}", error_.text) : " and no message"),
              "return TUNER_OK from an ordinary step; TUNER_INVALID or TUNER_ERROR end the trial as failed"};
}

std::vector<double> Rig::point() const {
  std::vector<double> x;
  for (const tuner_tensor& tensor : tensors_.abi())
    for (std::uint64_t i = 0; tensor.grad != nullptr && i < tensor.numel; ++i)
      x.push_back(element(tensor.data, tensor.dtype, i));
  return x;
}

double Rig::evaluate(std::uint32_t want) {
  const std::vector<double> x = point();
  std::vector<double> g(want & TUNER_WANT_GRADIENT ? x.size() : 0);
  const double loss = problem_->evaluate(x, g);
  std::size_t at = 0;
  for (const tuner_tensor& tensor : tensors_.abi())
    for (std::uint64_t i = 0; tensor.grad != nullptr && !g.empty() && i < tensor.numel; ++i)
      set_element(tensor.grad, tensor.dtype, i, g[at++]);
  return loss;
}

bool Rig::counted(std::uint64_t evaluations) {
  if (ended_) ++calls_after_end_;
  if ((evaluations_ += evaluations) > budget_) ended_ = true;
  return !ended_;
}

std::int32_t Rig::ends() {
  if (end_status_ != TUNER_STOP) std::strcpy(error_.text, "the objective failed, says the check");
  return end_status_;
}

std::int32_t Rig::closure_evaluate(void* context, std::uint32_t want, double* loss) {
  Rig& rig = *static_cast<Rig*>(context);
  if (!rig.counted(1)) return rig.ends();
  const double value = rig.evaluate(want);
  if (loss != nullptr) *loss = value;
  return TUNER_OK;
}

std::int32_t Rig::closure_product(void* context, const void* const* vectors, void* const* products) {
  Rig& rig = *static_cast<Rig*>(context);
  if (!rig.counted(2)) return rig.ends();
  const std::vector<double> x = rig.point();
  std::vector<double> v, hv(x.size());
  const auto tensors = rig.tensors_.abi();
  for (std::size_t t = 0; t < tensors.size(); ++t)
    for (std::uint64_t i = 0; tensors[t].grad != nullptr && i < tensors[t].numel; ++i)
      v.push_back(vectors[t] ? element(vectors[t], tensors[t].dtype, i) : 0);
  rig.problem_->product(x, v, hv);
  std::size_t at = 0;
  for (std::size_t t = 0; t < tensors.size(); ++t)
    for (std::uint64_t i = 0; tensors[t].grad != nullptr && i < tensors[t].numel; ++i, ++at)
      if (products[t] != nullptr) set_element(products[t], tensors[t].dtype, i, hv[at]);
  return TUNER_OK;
}

State Rig::parameters() const {
  State state;
  for (std::size_t t = 0; t < tensors_.size(); ++t)
    state.push_back(piece_of(fmt::format("tensor '{}'", tensors_.spec(t).name), setup_.dtype, tensors_.data(t),
                             tensors_.spec(t).numel()));
  return state;
}

State Rig::values() const {
  State state = parameters();
  for_each_slot(*optimizer_, "", [&](const std::string& name, const tuner_slot& slot, const Optimizer::SlotView& view) {
    state.push_back(piece_of(name, view.dtype, view.data, view.count));
    state.back().elementwise = slot.scope == TUNER_SCOPE_ELEMENT || view.count == 1;
  });
  return state;
}

State Rig::state() const {
  State state = values();
  for (const Optimizer* o = optimizer_.get(); o != nullptr; o = o->inner())
    state.push_back(counter(position_name(*o), static_cast<std::int64_t>(o->rng().position)));
  state.push_back(counter(kStepCount, step_));
  return state;
}

void Rig::set_state(const State& given) {
  initialized_ = true;
  const auto take = [&](const std::string& name, std::uint32_t dtype, void* to) {
    for (const Piece& piece : given)
      if (piece.name == name) assign(piece, dtype, to);
  };
  for (std::size_t t = 0; t < tensors_.size(); ++t)
    take(fmt::format("tensor '{}'", tensors_.spec(t).name), setup_.dtype, tensors_.data(t));
  for_each_slot(*optimizer_, "", [&](const std::string& name, const tuner_slot&, const Optimizer::SlotView& view) {
    take(name, view.dtype, view.data);
  });
  for (Optimizer* o = optimizer_.get(); o != nullptr; o = o->inner())
    take(position_name(*o), TUNER_DTYPE_I64, &o->rng().position);
  take(kStepCount, TUNER_DTYPE_I64, &step_);
}

std::string Rig::not_finite() const {
  for (std::size_t t = 0; t < tensors_.size(); ++t)
    for (std::uint64_t i = 0; i < tensors_.spec(t).numel(); ++i)
      if (const double value = element(tensors_.data(t), setup_.dtype, i); !std::isfinite(value))
        return fmt::format("element {} of tensor '{}' is {}", i, tensors_.spec(t).name,
                           std::isnan(value) ? "nan"
                           : value > 0       ? "inf"
                                             : "-inf");
  return {};
}

double Rig::largest() const {
  double most = 0;
  for (const Piece& piece : parameters())
    for (std::size_t i = 0; i < piece.size(); ++i) most = std::max(most, std::abs(piece.value(i)));
  return most;
}

double Rig::loss() {
  problem_->batch(0);
  return problem_->evaluate(point(), {});
}

std::string Rig::damage() const { return memory_.damage(); }

}  // namespace tuner::check
