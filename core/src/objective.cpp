#include "tuner/objective.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstring>

#include "tuner/error.hpp"
#include "tuner/extensions/data_files.h"
#include "tuner/memory.hpp"

namespace tuner {

namespace {

// Every core has a trial of its own.
constexpr const char* kDevice = "cpu";
constexpr std::uint32_t kThreads = 1;

constexpr std::size_t kLogLines = 1000;  // a plugin that logs every step shall not fill the memory

HostServices& services(void* context) { return *static_cast<HostServices*>(context); }

tuner_error fresh_error() {
  tuner_error error{};
  error.struct_size = sizeof error;
  return error;
}

OutOfMemory out_of_memory(const Plugin& plugin, const tuner_error& error, std::string_view purpose = "") {
  return OutOfMemory(
      fmt::format("{} '{}' got no memory{}: {}", to_string(plugin.kind()), plugin.id(), purpose, error.text));
}

constexpr tuner_data_files kDataFiles{
    .struct_size = sizeof(tuner_data_files), .reserved = 0, .read = [](void* context, const char* path) {
      services(context).data_files.emplace_back(path);
    }};

// Receives a layout from a plugin; what is wrong with it goes into `problem`.
struct LayoutReceiver {
  ObjectiveLayout layout;
  std::string problem;

  static std::int32_t add_tensor(void* context, const tuner_tensor_decl* decl) {
    auto& self = *static_cast<LayoutReceiver*>(context);
    if (decl->dtype != TUNER_DTYPE_F32 && decl->dtype != TUNER_DTYPE_F64)
      self.problem = fmt::format("tensor '{}' has an unknown type", decl->name);
    TensorSpec spec;
    spec.name = decl->name;
    spec.dtype = decl->dtype;
    spec.role = decl->role;
    spec.flags = decl->flags;
    spec.layer = decl->layer;
    spec.shape.assign(decl->shape, decl->shape + decl->rank);
    spec.fan_in = decl->fan_in;
    spec.fan_out = decl->fan_out;
    for (const std::int64_t extent : spec.shape)
      if (extent < 0) self.problem = fmt::format("tensor '{}' has a negative extent", decl->name);
    for (const auto& other : self.layout.tensors)
      if (other.name == spec.name) self.problem = fmt::format("two tensors are named '{}'", spec.name);
    self.layout.tensors.push_back(std::move(spec));
    return self.problem.empty() ? TUNER_OK : TUNER_INVALID;
  }
  static std::int32_t set_samples(void* context, std::uint32_t split, std::uint64_t n) {
    auto& self = *static_cast<LayoutReceiver*>(context);
    if (split >= TUNER_N_SPLITS) {
      self.problem = fmt::format("split {} does not exist", split);
      return TUNER_INVALID;
    }
    self.layout.samples[split] = n;
    return TUNER_OK;
  }
};

}  // namespace

HostServices::HostServices() {
  host_.struct_size = sizeof host_;
  host_.abi_minor = TUNER_ABI_MINOR;
  host_.context = this;
  host_.log = [](void* context, std::uint32_t, const char* text) {
    auto& self = services(context);
    if (self.log.size() < kLogLines) self.log.emplace_back(text);
  };
  host_.report = [](void* context, const char* metric, std::int64_t step, double value) -> std::int32_t {
    auto& self = services(context);
    bool goes_on = true;
    if (self.on_report)
      goes_on = self.on_report({step, metric, value});
    else
      self.reports.push_back({step, metric, value});
    return !goes_on || self.stop.stop_requested() ? TUNER_STOP : TUNER_OK;
  };
  host_.should_stop = [](void* context) -> std::int32_t { return services(context).stop.stop_requested() ? 1 : 0; };
  host_.scratch = [](void* context, std::uint64_t bytes) -> void* {
    auto& self = services(context);
    try {
      if (self.used_ == self.blocks_.size()) self.blocks_.emplace_back(bytes);
      AlignedBuffer& block = self.blocks_[self.used_++];
      if (block.size() < bytes) block = AlignedBuffer(bytes);
      return block.data();
    } catch (const std::bad_alloc&) {
      return nullptr;
    }
  };
  host_.get_extension = [](void*, const char* id) -> const void* {
    return std::string_view(id) == TUNER_EXTENSION_DATA_FILES ? &kDataFiles : nullptr;
  };
}

void name_source(tuner_error& error, const Plugin& plugin) {
  const std::string text = fmt::format("{} '{}': {}", to_string(plugin.kind()), plugin.id(), error.text);
  std::snprintf(error.text, sizeof error.text, "%s", text.c_str());
}

ObjectiveLayout describe(const PluginUse& use, const void* shared, const tuner_host* host) {
  LayoutReceiver receiver;
  tuner_layout layout{};
  layout.struct_size = sizeof layout;
  layout.context = &receiver;
  layout.add_tensor = &LayoutReceiver::add_tensor;
  layout.set_samples = &LayoutReceiver::set_samples;
  tuner_error error = fresh_error();
  tuner_describe_args args{};
  args.struct_size = sizeof args;
  args.host = host;
  args.shared = shared;
  args.options = use.options.abi();
  args.layout = &layout;
  args.error = &error;
  const std::int32_t status = use.plugin->objective().describe(&args);
  if (status == TUNER_OUT_OF_MEMORY) throw out_of_memory(*use.plugin, error);
  if (status != TUNER_OK || !receiver.problem.empty())
    throw Error(Message::config_impossible, fmt::format("objective '{}' refuses its options: {}", use.plugin->id(),
                                                        receiver.problem.empty() ? error.text : receiver.problem));
  return std::move(receiver.layout);
}

Objective::Objective(const PluginUse& use, SharedObjectives& shared, std::uint64_t study_seed, const tuner_host* host)
    : use_(use), shared_(shared.get(*use.plugin, use.options, study_seed)), host_(host), tensors_({}) {
  ObjectiveLayout layout = describe(use, shared_, host);
  samples_ = layout.samples;
  tensors_ = Tensors(std::move(layout.tensors));
  bind();
}

Objective::Objective(const Objective& original, bool)
    : use_(original.use_), shared_(original.shared_), host_(original.host_), samples_(original.samples_), tensors_({}) {
  std::vector<TensorSpec> specs;
  for (std::size_t i = 0; i < original.tensors_.size(); ++i) specs.push_back(original.tensors_.spec(i));
  tensors_ = Tensors(std::move(specs), TensorMemory::data);
  bind();
}

Objective::~Objective() {
  if (context_ != nullptr) use_.plugin->objective().release(context_);
}

void Objective::bind() {
  tuner_error error = fresh_error();
  tuner_bind_args args{};
  args.struct_size = sizeof args;
  args.n_tensors = static_cast<std::uint32_t>(tensors_.size());
  args.tensor_stride = sizeof(tuner_tensor);
  args.host = host_;
  args.shared = shared_;
  args.options = use_.options.abi();
  args.tensors = tensors_.abi().data();
  args.error = &error;
  args.device = kDevice;
  args.threads = kThreads;
  const std::int32_t status = use_.plugin->objective().bind(&args, &context_);
  if (status == TUNER_OUT_OF_MEMORY) throw out_of_memory(*use_.plugin, error);
  if (status != TUNER_OK)
    throw Error(Message::config_impossible,
                fmt::format("objective '{}' refuses its options: {}", use_.plugin->id(), error.text));
}

std::size_t Objective::metric_count() const { return use_.plugin->objective().n_metrics; }
const tuner_metric& Objective::metric(std::size_t index) const { return *use_.plugin->objective().metrics[index]; }
bool Objective::has_hvp() const { return use_.plugin->objective().hvp != nullptr; }

std::int32_t Objective::init(tuner_rng* rng, tuner_error* error) {
  return use_.plugin->objective().init(context_, rng, error);
}

std::int32_t Objective::evaluate(const Request& request, double* loss, double* metrics, tuner_error* error) {
  tuner_evaluate_args args{};
  args.struct_size = sizeof args;
  args.want = request.want;
  args.flags = request.flags;
  args.split = request.split;
  args.host = host_;
  args.indices = request.indices.data();
  args.n_indices = request.indices.size();
  args.rng = request.rng;
  args.loss = loss;
  args.metrics = metrics;
  args.error = error;
  return use_.plugin->objective().evaluate(context_, &args);
}

std::int32_t Objective::hvp(std::span<const std::uint64_t> indices, const void* const* vectors, void* const* products,
                            tuner_error* error) {
  tuner_hvp_args args{};
  args.struct_size = sizeof args;
  args.host = host_;
  args.indices = indices.data();
  args.n_indices = indices.size();
  args.vectors = vectors;
  args.products = products;
  args.error = error;
  return use_.plugin->objective().hvp(context_, &args);
}

const tuner_predictions* Objective::predictions() const {
  const tuner_plugin& plugin = use_.plugin->descriptor();
  if (plugin.get_extension == nullptr) return nullptr;
  return static_cast<const tuner_predictions*>(plugin.get_extension(TUNER_EXTENSION_PREDICTIONS));
}

std::int32_t Objective::classes(std::uint64_t* count, tuner_error* error) {
  const tuner_predictions* extension = predictions();
  if (extension != nullptr) return extension->classes(context_, count, error);
  std::snprintf(error->text, sizeof error->text, "it does not classify");
  return TUNER_UNSUPPORTED;
}

std::int32_t Objective::predict(std::uint32_t split, std::span<const std::uint64_t> indices, double* probabilities,
                                tuner_error* error) {
  const tuner_prediction_args args{.struct_size = sizeof args,
                                   .split = split,
                                   .host = host_,
                                   .indices = indices.data(),
                                   .n_indices = indices.size(),
                                   .probabilities = probabilities,
                                   .error = error};
  return predictions()->predict(context_, &args);
}

std::unique_ptr<Objective> Objective::evaluation_copy() const {
  return std::unique_ptr<Objective>(new Objective(*this, true));
}

struct SharedObjectives::Entry {
  std::mutex mutex;
  const tuner_objective* plugin = nullptr;
  void* shared = nullptr;
  std::vector<std::string> files;
  ~Entry() {
    if (shared != nullptr) plugin->close(shared);
  }
};

SharedObjectives::SharedObjectives() = default;
SharedObjectives::~SharedObjectives() = default;

const void* SharedObjectives::get(const Plugin& objective, const OptionTable& options, std::uint64_t study_seed) {
  return objective.objective().open == nullptr ? nullptr : opened(objective, options, study_seed)->shared;
}

std::vector<std::string> SharedObjectives::files(const Plugin& objective, const OptionTable& options,
                                                 std::uint64_t study_seed) {
  if (objective.objective().open == nullptr) return {};
  return opened(objective, options, study_seed)->files;
}

std::shared_ptr<SharedObjectives::Entry> SharedObjectives::opened(const Plugin& objective, const OptionTable& options,
                                                                  std::uint64_t study_seed) {
  std::string key = fmt::format("{} {} {}", objective.id(), objective.library().path.string(), study_seed);
  for (std::size_t p = 0; p < objective.param_count(); ++p)
    if (objective.param(p).flags & TUNER_PARAM_DATA)
      key += fmt::format("\n{}={}", objective.param(p).id, options.text_of(p));
  std::shared_ptr<Entry> entry;
  {
    const std::lock_guard lock(mutex_);
    auto& found = entries_[key];
    if (!found) found = std::make_shared<Entry>();
    entry = found;
  }
  const std::lock_guard lock(entry->mutex);
  if (entry->shared != nullptr) return entry;
  HostServices host;
  tuner_error error = fresh_error();
  tuner_rng rng{};
  rng.struct_size = sizeof rng;
  rng.purpose = TUNER_RNG_DATA;
  rng.seed = study_seed;
  tuner_open_args args{};
  args.struct_size = sizeof args;
  args.host = host.abi();
  args.options = options.abi();
  args.rng = &rng;
  args.error = &error;
  args.device = kDevice;
  args.threads = kThreads;
  entry->plugin = &objective.objective();
  const std::int32_t status = objective.objective().open(&args, &entry->shared);
  if (status == TUNER_OUT_OF_MEMORY) throw out_of_memory(objective, error, " for its data");
  if (status != TUNER_OK)
    throw Error(Message::plugin_data,
                fmt::format("objective '{}' cannot open its data: {}", objective.id(), error.text));
  entry->files = std::move(host.data_files);
  return entry;
}

}  // namespace tuner
