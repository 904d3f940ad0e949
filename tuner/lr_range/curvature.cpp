// The largest eigenvalue of the Hessian where training begins, and the stability limit that follows from it.
#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "tuner/lr_range/flat.hpp"
#include "tuner/lr_range/lanczos.hpp"
#include "tuner/lr_range/limits.hpp"
#include "tuner/lr_range/part_run.hpp"

namespace tuner::lr_range {

namespace {

// Gradients that the second moment of an adaptive rule sees before it is taken as its preconditioner, at lr_min.
constexpr std::int64_t kSecondMomentSteps = 20;
// A tenth of a percent is more than anybody needs of it; differences of float32 gradients give no more than a percent.
constexpr double kTolerance = 1e-4, kDifferenceTolerance = 1e-2;

// Products with the Hessian at the trainer's parameters, on the batch that it entered.
class Hessian {
 public:
  explicit Hessian(Trainer& trainer)
      : trainer_(trainer), tensors_(trainer.objective().tensors()), exact_(trainer.objective().has_hvp()) {
    for (const tuner_tensor& tensor : tensors_.abi()) {
      const std::size_t bytes = tensor.numel * dtype_size(tensor.dtype);
      vectors_.emplace_back(bytes);
      products_.emplace_back(bytes);
      single_ = single_ || tensor.dtype == TUNER_DTYPE_F32;
    }
    for (const auto& buffer : vectors_) vector_pointers_.push_back(buffer.data());
    for (const auto& buffer : products_) product_pointers_.push_back(buffer.data());
    if (!exact_) here_ = parameters_of(tensors_);
  }
  Hessian(const Hessian&) = delete;
  Hessian& operator=(const Hessian&) = delete;
  ~Hessian() {
    if (!exact_) scatter(tensors_, here_, parameter_buffers(tensors_));
  }

  void multiply(std::span<const double> v, std::span<double> product) {
    if (!exact_) return difference(v, product);
    scatter(tensors_, v, vector_pointers_);
    trainer_.hvp(std::vector<const void*>(vector_pointers_.begin(), vector_pointers_.end()).data(),
                 product_pointers_.data());
    gather(tensors_, std::vector<const void*>(product_pointers_.begin(), product_pointers_.end()), product);
  }
  [[nodiscard]] double tolerance() const { return exact_ || !single_ ? kTolerance : kDifferenceTolerance; }

 private:
  void difference(std::span<const double> v, std::span<double> product) {
    const auto parameters = parameter_buffers(tensors_), gradients = gradient_buffers(tensors_);
    const GradientAt gradient = [&](std::span<const double> x, std::span<double> g) {
      scatter(tensors_, x, parameters);
      static_cast<void>(trainer_.loss_and_gradient());
      gather(tensors_, std::vector<const void*>(gradients.begin(), gradients.end()), g);
    };
    const double h = central_difference_step(here_, v, single_ ? kFloatResolution : kDoubleResolution);
    central_difference_product(gradient, here_, v, h, product);
  }

  Trainer& trainer_;
  Tensors& tensors_;
  bool exact_, single_ = false;
  std::vector<AlignedBuffer> vectors_, products_;
  std::vector<void*> vector_pointers_, product_pointers_;
  std::vector<double> here_;
};

// The options of one optimizer by name; a choice is the number of its word.
class OptionsOf {
 public:
  explicit OptionsOf(const PluginUse& use) : use_(use) {}
  [[nodiscard]] double operator[](std::string_view id) const {
    const auto param = use_.plugin->find_param(id);
    return param ? use_.options.number(*param) : 0;
  }

 private:
  const PluginUse& use_;
};

std::optional<std::vector<double>> slot_values(Trainer& trainer, std::string_view id) {
  const Optimizer& optimizer = trainer.optimizer();
  const Plugin& plugin = *optimizer.use().plugin;
  const Tensors& tensors = trainer.objective().tensors();
  for (std::size_t s = 0; s < plugin.slot_count(); ++s) {
    if (std::string_view(plugin.slot(s).id) != id) continue;
    std::vector<const void*> buffers;
    for (std::size_t i = 0; i < tensors.size(); ++i) buffers.push_back(optimizer.slot(s, i).data);
    if (std::ranges::find(buffers, nullptr) != buffers.end()) return std::nullopt;
    std::vector<double> values(flat_size(tensors));
    gather(tensors, buffers, values);
    return values;
  }
  return std::nullopt;
}

// The diagonal that an adaptive rule divides by, as its slots and options are after `steps` updates; nothing for a rule
// whose diagonal is not known here.
std::optional<std::vector<double>> second_moment_root(Trainer& trainer, std::int64_t steps) {
  const PluginUse& use = trainer.optimizer().use();
  const OptionsOf option(use);
  const std::string_view id = use.plugin->id();
  std::optional<std::vector<double>> v;
  double correction = 1, under = 0, beside = option["eps"];
  if ((id == "adam" || id == "adamw") && option["amsgrad"] == 0) {
    v = slot_values(trainer, "exp_avg_sq");
    const bool corrects = id != "adam" || option["bias_correction"] != 0;
    if (corrects) correction = 1 - std::pow(option["beta2"], static_cast<double>(steps));
    under = option["eps_root"];
    if (option["eps_mode"] == 1) beside /= std::sqrt(correction);
  } else if (id == "rmsprop" && option["centered"] == 0) {
    v = slot_values(trainer, "square_avg");
    if (option["bias_correction"] != 0) correction = 1 - std::pow(option["alpha"], static_cast<double>(steps));
  } else if (id == "adagrad") {
    v = slot_values(trainer, "sum");
  }
  if (!v) return std::nullopt;
  if (option["eps_place"] == 1) std::swap(under, beside);
  // A coordinate that no gradient reached is divided by eps alone, and by this where eps is 0.
  for (double& value : *v) value = std::max(std::sqrt(value / correction + under) + beside, 1e-12);
  return v;
}

std::optional<double> limit_of(const PluginUse& use, double curvature, const std::optional<double>& preconditioned) {
  const OptionsOf option(use);
  const std::string_view id = use.plugin->id();
  if (id == "sgd") {
    const double c = curvature + option["weight_decay"], momentum = option["momentum"];
    return option["nesterov"] != 0 ? nesterov_limit(c, momentum) : dampened_limit(c, momentum, option["dampening"]);
  }
  if (!preconditioned) return std::nullopt;
  if (id == "adam") return adam_limit(*preconditioned, option["beta1"]);
  if (id == "adamw") return adamw_limit(*preconditioned, option["beta1"], option["weight_decay"]);
  return rmsprop_limit(*preconditioned, id == "rmsprop" ? option["momentum"] : 0);
}

}  // namespace

void run_curvature(PartRun& run) {
  Trainer& trainer = run.trainer();
  const std::size_t dimension = flat_size(trainer.objective().tensors());
  LanczosOptions options{.most_products = static_cast<std::int64_t>(kMostCurvatureProducts),
                         .seed = run.spec().study_seed};
  const auto products = [&](Hessian& hessian) -> SymmetricProduct {
    options.tolerance = hessian.tolerance();
    return [&run, &hessian](std::span<const double> v, std::span<double> product) {
      run.check_time();
      hessian.multiply(v, product);
    };
  };
  trainer.enter(0);
  LanczosResult plain;
  {
    Hessian hessian(trainer);
    plain = largest_eigenvalue(products(hessian), dimension, options);
  }
  for (std::size_t i = 0; i < plain.history.size(); ++i)
    run.record(static_cast<std::int64_t>(i) + 1, "largest_eigenvalue", plain.history[i]);
  if (!plain.converged) run.result().log.emplace_back("the largest eigenvalue has not converged");

  std::optional<double> preconditioned;
  for (std::int64_t i = 0; i < kSecondMomentSteps; ++i) {
    // Only the second moment is wanted: at lr_min the parameters hardly move.
    if (i == 0 && !second_moment_root(trainer, 1)) break;
    static_cast<void>(run.take_step(i, kSecondMomentSteps, run.settings().lr_min));
  }
  if (const auto diagonal = second_moment_root(trainer, kSecondMomentSteps)) {
    trainer.enter(0);
    Hessian hessian(trainer);
    const LanczosResult found =
        largest_eigenvalue(lr_range::preconditioned(products(hessian), *diagonal), dimension, options);
    run.record(found.products, "preconditioned_eigenvalue", found.value);
    if (found.converged) preconditioned = found.value;
  }
  if (const auto limit = limit_of(*run.spec().optimizer, plain.value, preconditioned); limit && std::isfinite(*limit))
    run.record(plain.products, "limit", *limit);
}

}  // namespace tuner::lr_range
