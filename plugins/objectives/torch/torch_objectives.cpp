// The objectives on LibTorch: their metadata, and functions that load LibTorch when the first of them is opened.
#include <atomic>

#include "torch/convnet.hpp"
#include "torch/loader.hpp"
#include "torch/logreg.hpp"
#include "torch/lstm.hpp"
#include "torch/mlp.hpp"
#include "torch/torchscript.hpp"
#include "torch/vae.hpp"

namespace tuner::objectives::torch_objectives {
namespace {

// open() comes first in every process; the others find what it has loaded.
template <class Problem>
struct Deferred {
  static inline std::atomic<const tuner_objective*> engine = nullptr;

  static std::int32_t open(const tuner_open_args* args, void** shared) noexcept {
    const std::int32_t status =
        tuner::detail::guarded(args->error, [] { engine = engine_objective(Problem::info.id); });
    return status == TUNER_OK ? engine.load()->open(args, shared) : status;
  }
  static void close(void* shared) noexcept { engine.load()->close(shared); }
  static std::int32_t describe(const tuner_describe_args* args) noexcept { return engine.load()->describe(args); }
  static std::int32_t bind(const tuner_bind_args* args, void** context) noexcept {
    return engine.load()->bind(args, context);
  }
  static void release(void* context) noexcept { engine.load()->release(context); }
  static std::int32_t init(void* context, tuner_rng* rng, tuner_error* error) noexcept {
    return engine.load()->init(context, rng, error);
  }
  static std::int32_t evaluate(void* context, const tuner_evaluate_args* args) noexcept {
    return engine.load()->evaluate(context, args);
  }
  static std::int32_t hvp(void* context, const tuner_hvp_args* args) noexcept {
    return engine.load()->hvp(context, args);
  }
};

template <class Problem>
constexpr tuner_objective functions_of() {
  tuner_objective v{};
  v.struct_size = sizeof v;
  v.n_metrics = tuner::detail::metric_count<Problem>();
  v.metrics = tuner::detail::kMetrics<Problem>.items;
  v.open = &Deferred<Problem>::open;
  v.close = &Deferred<Problem>::close;
  v.describe = &Deferred<Problem>::describe;
  v.bind = &Deferred<Problem>::bind;
  v.release = &Deferred<Problem>::release;
  v.init = &Deferred<Problem>::init;
  v.evaluate = &Deferred<Problem>::evaluate;
  if (Problem::has_hvp) v.hvp = &Deferred<Problem>::hvp;
  v.check = tuner::detail::check_of<Problem>();
  v.minimum = std::numeric_limits<double>::quiet_NaN();
  return v;
}
template <class Problem>
constexpr tuner_objective kFunctions = functions_of<Problem>();
template <class Problem>
constexpr tuner::detail::Descriptor deferred = tuner::detail::descriptor<Problem>(TUNER_KIND_OBJECTIVE, 0,
                                                                                  &kFunctions<Problem>);

}  // namespace
}  // namespace tuner::objectives::torch_objectives

using namespace tuner::objectives::torch_objectives;
TUNER_LIBRARY("torch_objectives", kEngineVersion, "MIT", deferred<Logreg>, deferred<Mlp>, deferred<TwoConvolutions>,
              deferred<Vae>, deferred<Lstm>, deferred<TorchScript>)
