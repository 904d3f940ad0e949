#include "torch/logreg.hpp"

#include <ATen/ops/linear.h>

#include "torch/engine.hpp"
#include "torch/trained.hpp"

namespace tuner::objectives::torch_objectives {
namespace {

struct TrainedLogreg : Logreg, Trained {
  using Shared = Images;
  static void describe(const Shared& shared, const Options& o, const Layout& layout) {
    const auto classes = static_cast<std::int64_t>(shared.samples->classes());
    Declaration(layout, dtype_of(o))
        .layer("dense", classes, static_cast<std::int64_t>(shared.samples->features()), 0, TUNER_ROLE_HEAD, classes);
    declare_splits(*shared.samples, layout);
  }
  TrainedLogreg(const Shared& shared, const Bind& bind)
      : Trained(bind, 8192), gathered_(*shared.samples, dtype_of(bind.options())) {}
  void init(tuner_rng&) {
    for (std::size_t i = 0; i < tensor_count(); ++i) fill(bound(i), [] { return 0.0; });
  }
  void hvp(const HessianProduct& p) { product(p); }

 private:
  Outcome forward(const Piece& piece) override {
    gathered_.read(piece);
    return classified(at::linear(gathered_.inputs(), tensor(0), tensor(1)), gathered_.labels(), piece.with_metrics);
  }
  Gathered gathered_;
};

}  // namespace

const tuner_objective& logreg_functions() { return tuner::detail::kObjectiveVtable<TrainedLogreg>; }

}  // namespace tuner::objectives::torch_objectives
