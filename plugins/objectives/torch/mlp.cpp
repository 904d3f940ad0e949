#include "torch/mlp.hpp"

#include <ATen/ops/linear.h>
#include <ATen/ops/relu.h>

#include "torch/engine.hpp"
#include "torch/trained.hpp"

namespace tuner::objectives::torch_objectives {
namespace {

struct TrainedMlp : Mlp, Trained {
  using Shared = Images;
  static void describe(const Shared& shared, const Options& o, const Layout& layout) {
    Declaration declare(layout, dtype_of(o));
    auto in = static_cast<std::int64_t>(shared.samples->features());
    int number = 1;
    for (const std::int64_t out : o.integers(kHidden)) {
      declare.layer("dense" + std::to_string(number++), out, in, 0, TUNER_ROLE_WEIGHT, out);
      in = out;
    }
    const auto classes = static_cast<std::int64_t>(shared.samples->classes());
    declare.layer("dense" + std::to_string(number), classes, in, 0, TUNER_ROLE_HEAD, classes);
    declare_splits(*shared.samples, layout);
  }
  TrainedMlp(const Shared& shared, const Bind& bind)
      : Trained(bind, 4096),
        gathered_(*shared.samples, dtype_of(bind.options())),
        init_std_(bind.options()[kInitStd]) {}
  void init(tuner_rng& rng) {
    for (std::size_t i = 0; i < tensor_count(); i += 2) {
      fill(bound(i), [&] { return truncated_normal(rng, init_std_); });
      fill(bound(i + 1), [] { return 0.0; });
    }
  }
  void hvp(const HessianProduct& p) { product(p); }

 private:
  Outcome forward(const Piece& piece) override {
    gathered_.read(piece);
    at::Tensor a = gathered_.inputs();
    for (std::size_t i = 0; i < tensor_count(); i += 2) {
      a = at::linear(a, tensor(i), tensor(i + 1));
      if (i + 2 < tensor_count()) a = at::relu(a);
    }
    return classified(a, gathered_.labels(), piece.with_metrics);
  }
  Gathered gathered_;
  double init_std_;
};

}  // namespace

const tuner_objective& mlp_functions() { return tuner::detail::kObjectiveVtable<TrainedMlp>; }

}  // namespace tuner::objectives::torch_objectives
