#include "torch/torchscript.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>

#include "data/table.hpp"
#include "torch/engine.hpp"
#include "torch/errors.hpp"
#include "torch/module.hpp"
#include "torch/trained.hpp"

namespace tuner::objectives::torch_objectives {
namespace {

// The module's file, and images or a table.
struct ModuleData {
  explicit ModuleData(const Open& open) : file(std::string(open.options().text(TorchScript::kModuleOption))) {
    const Options& o = open.options();
    if (!TorchScript::is_table(o)) {
      images = read_images(open);
      return;
    }
    TableSource source = table_source(o, TorchScript::kTable, TorchScript::target_kind(o));
    source.shares.train_limit = static_cast<std::uint64_t>(o.integer(kTrainLimit));
    table = std::make_unique<Table>(source);
    numbers = TorchScript::target_kind(o) == TargetKind::number;
  }
  [[nodiscard]] const LabelledSamples& samples() const {
    return images ? static_cast<const LabelledSamples&>(*images) : *table;
  }
  ModuleFile file;
  std::unique_ptr<LabelledImages> images;
  std::unique_ptr<Table> table;
  bool numbers = false;  // targets are numbers of the table
};

std::uint32_t role_of(const ModuleTensor& t) {
  if (t.value.dim() >= 3) return TUNER_ROLE_CONV;
  if (t.value.dim() == 2) return TUNER_ROLE_WEIGHT;
  if (t.value.dim() == 0) return TUNER_ROLE_SCALAR;
  return t.names[0].ends_with("bias") ? TUNER_ROLE_BIAS : TUNER_ROLE_UNKNOWN;
}

std::int64_t fan_in_of(const at::Tensor& value) { return value.dim() < 2 ? 0 : value.numel() / value.size(0); }

// Values of a tensor of the host's memory without LibTorch's notice: a graph that refers to it stays valid.
void overwrite(const at::Tensor& tensor, const at::Tensor& values) {
  std::memcpy(tensor.data_ptr(), values.data_ptr(), tensor.nbytes());
}

struct TrainedModule : TorchScript, Trained {
  using Shared = ModuleData;
  static void describe(const Shared& shared, const Options&, const Layout& layout) {
    for (const ModuleTensor& t : ModuleFile::tensors_of(shared.file.load())) {
      const auto shape = t.value.sizes();
      layout.tensor({.name = t.names[0].c_str(),
                     .shape = std::span(shape.data(), shape.size()),
                     .dtype = t.value.scalar_type() == at::kDouble ? TUNER_DTYPE_F64 : TUNER_DTYPE_F32,
                     .role = role_of(t),
                     .flags = (t.buffer ? TUNER_TENSOR_BUFFER : 0u) | (t.frozen ? TUNER_TENSOR_FROZEN : 0u),
                     .fan_in = fan_in_of(t.value)});
    }
    declare_splits(shared.samples(), layout);
  }

  TrainedModule(const Shared& shared, const Bind& bind)
      : Trained(bind, SIZE_MAX, combination(bind.options())),
        shared_(shared),
        module_(shared.file.load()),
        saved_(ModuleFile::tensors_of(module_)),
        counters_(ModuleFile::counters_of(module_)),
        redraws_(bind.options().choice(kInit) == 1),
        weights_(bind.options().reals(kMore + kWeights).size()) {
    for (std::size_t i = 0; i < saved_.size(); ++i) attach(i);
  }

  void init(tuner_rng& rng) {
    for (std::size_t i = 0; i < saved_.size(); ++i) {
      const at::Tensor& value = saved_[i].value;
      if (redraws_ && !saved_[i].buffer && !saved_[i].frozen && value.dim() >= 2) {
        const double bound_of_values = 1 / std::sqrt(static_cast<double>(fan_in_of(value)));
        fill(bound(i), [&] { return uniform_within(rng, bound_of_values); });
      } else {
        overwrite(tensor(i), value.contiguous());
      }
    }
  }

 private:
  static Combination combination(const Options& o) {
    const auto weights = o.reals(kMore + kWeights);
    return {.mgda = o.choice(kMore + kCombine) == 1, .weights = {weights.begin(), weights.end()}};
  }

  // The module's tensor i is the host's memory from now on, under all its names.
  void attach(std::size_t i) {
    for (const std::string& name : saved_[i].names) set_tensor(module_, name, tensor(i));
  }

  // A buffer's new values, wherever the module put them, are kept where statistics may move, else undone.
  void settle_buffer(std::size_t i, bool moves, const at::Tensor& before) {
    const at::Tensor now = get_tensor(module_, saved_[i].names[0]);
    if (!now.is_same(tensor(i))) {
      if (moves && now.sizes() != tensor(i).sizes())
        throw std::runtime_error("forward() gives buffer '" + saved_[i].names[0] + "' another shape");
      if (moves) overwrite(tensor(i), now.detach().to(tensor(i).scalar_type()).contiguous());
      attach(i);
    }
    if (!moves) overwrite(tensor(i), before);
  }

  [[nodiscard]] std::vector<torch::jit::IValue> arguments(const Piece& piece) const {
    const LabelledSamples& samples = shared_.samples();
    const auto n = static_cast<std::int64_t>(piece.indices.size());
    if (shared_.numbers) return numbers(piece);
    Gathered gathered(samples, shared_.file.dtype());
    gathered.read(piece);
    if (!shared_.images) return {gathered.inputs(), gathered.labels()};
    return {gathered.inputs().view({n, 1, static_cast<std::int64_t>(shared_.images->rows()),
                                    static_cast<std::int64_t>(shared_.images->columns())}),
            gathered.labels()};
  }
  [[nodiscard]] std::vector<torch::jit::IValue> numbers(const Piece& piece) const {
    const Table& table = *shared_.table;
    const auto n = static_cast<std::int64_t>(piece.indices.size());
    const auto features = static_cast<std::int64_t>(table.features());
    const auto options = at::TensorOptions().dtype(at::kDouble);
    const at::Tensor inputs = at::empty({n, features}, options), targets = at::empty({n}, options);
    for (std::size_t i = 0; i < piece.indices.size(); ++i) {
      const Table::Row row = table.row(piece.split, piece.indices[i]);
      std::copy_n(row.features, features, inputs.data_ptr<double>() + static_cast<std::int64_t>(i) * features);
      targets.data_ptr<double>()[i] = row.target;
    }
    const auto type = shared_.file.dtype() == TUNER_DTYPE_F64 ? at::kDouble : at::kFloat;
    return {inputs.to(type), targets.to(type)};
  }

  // What forward() gave, by name.
  [[nodiscard]] std::map<std::string, at::Tensor> losses_of(const torch::jit::IValue& value) const {
    std::map<std::string, at::Tensor> losses;
    if (value.isTensor())
      losses["loss"] = value.toTensor();
    else
      for (const auto& item : value.toGenericDict()) losses[item.key().toStringRef()] = item.value().toTensor();
    if (losses.empty() || losses.size() > kMostLosses)
      throw std::runtime_error("forward() of '" + shared_.file.path() + "' gives " + std::to_string(losses.size()) +
                               " losses: it must give 1 to 4");
    for (const auto& [name, loss] : losses)
      if (!loss.defined() || loss.numel() != 1 || !loss.is_floating_point())
        throw std::runtime_error("forward() of '" + shared_.file.path() + "' gives '" + name + "' with " +
                                 std::to_string(loss.defined() ? loss.numel() : 0) + " elements of type " +
                                 std::string(loss.defined() ? c10::toString(loss.scalar_type()) : "none") +
                                 ": a loss is one floating-point number, the mean over the batch");
    return losses;
  }

  // Modules that draw take the process's one generator, one after another, each from a seed of its own stream.
  [[nodiscard]] torch::jit::IValue call(const Piece& piece) {
    if (!shared_.file.is_random()) return forward_of_module(piece);
    static std::mutex one_at_a_time;
    const std::lock_guard turn(one_at_a_time);
    at::Generator generator = at::detail::getDefaultCPUGenerator();
    {
      const std::lock_guard lock(generator.mutex());
      generator.set_current_seed(tuner_rng_u64_at(piece.rng, piece.rng->position));
    }
    return forward_of_module(piece);
  }
  [[nodiscard]] torch::jit::IValue forward_of_module(const Piece& piece) {
    auto inputs = arguments(piece);
    const auto fail = [&](std::string_view text) {
      throw std::runtime_error("forward() of '" + shared_.file.path() + "' fails: " + short_text(text));
    };
    try {
      return module_.forward(std::move(inputs));
    } catch (const c10::Error& e) {
      fail(e.what_without_backtrace());
    } catch (const std::exception& e) {
      fail(e.what());
    }
    return {};
  }

  Outcome forward(const Piece& piece) override {
    module_.train(piece.training);
    for (const ModuleTensor& counter : counters_)
      for (const std::string& name : counter.names) set_tensor(module_, name, counter.value.clone());
    std::vector<at::Tensor> before(saved_.size());
    for (std::size_t i = 0; i < saved_.size(); ++i)
      if (saved_[i].buffer) before[i] = tensor(i).clone();
    const torch::jit::IValue value = call(piece);
    for (std::size_t i = 0; i < saved_.size(); ++i)
      if (saved_[i].buffer) settle_buffer(i, piece.moves_buffers, before[i]);
    Outcome outcome{.losses = {}, .metrics = std::vector<double>(kMostLosses, 0.0)};
    bool depends = false;
    for (const auto& [name, loss] : losses_of(value)) {
      outcome.metrics[outcome.losses.size()] = loss.item<double>();
      outcome.losses.push_back(loss.reshape(at::IntArrayRef{}));
      depends = depends || loss.requires_grad();
    }
    require_weights(weights_, outcome.losses.size());
    if (at::GradMode::is_enabled() && !depends)
      throw std::runtime_error("the loss of '" + shared_.file.path() +
                               "' depends on no parameter: forward() must not detach it");
    return outcome;
  }

  const Shared& shared_;
  torch::jit::Module module_;
  std::vector<ModuleTensor> saved_, counters_;
  bool redraws_;
  std::size_t weights_;
};

}  // namespace

const tuner_objective& torchscript_functions() { return tuner::detail::kObjectiveVtable<TrainedModule>; }

}  // namespace tuner::objectives::torch_objectives
