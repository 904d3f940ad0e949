#include "tuner/lr_range/probe.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tuner/lr_range/flat.hpp"
#include "tuner/lr_range/part_run.hpp"

namespace tuner::lr_range {

namespace {

// Of the critical lr, for the steps between two probes: well within, so that the run shows the optimizer at work.
constexpr double kFraction = 0.25;

class Restored {
 public:
  explicit Restored(Trainer& trainer) : trainer_(trainer) { trainer.save(before_); }
  ~Restored() { now(); }
  Restored(const Restored&) = delete;
  Restored& operator=(const Restored&) = delete;
  void now() {
    Reader in(before_.bytes());
    trainer_.restore(in);
  }

 private:
  Trainer& trainer_;
  Writer before_;
};

}  // namespace

CriticalLr probe_critical_lr(Trainer& trainer, std::int64_t step, std::int64_t horizon, double lr) {
  Tensors& tensors = trainer.objective().tensors();
  Restored restored(trainer);
  const std::vector<double> here = parameters_of(tensors);
  trainer.set_lr(lr);
  const double loss_here = trainer.evaluate_step(step);
  if (!std::isfinite(loss_here)) throw TrialEnded{Outcome::diverged, "the loss is not finite where the probe begins"};
  const std::int64_t done = trainer.steps();
  trainer.update(step, horizon, loss_here);
  trainer.set_steps(done);
  std::vector<double> direction = parameters_of(tensors);
  for (std::size_t i = 0; i < direction.size(); ++i) direction[i] = (direction[i] - here[i]) / lr;
  restored.now();
  std::vector<double> there(here.size());
  const auto buffers = parameter_buffers(tensors);
  const auto loss_along = [&](double eta) {
    for (std::size_t i = 0; i < here.size(); ++i) there[i] = here[i] + eta * direction[i];
    scatter(tensors, there, buffers);
    return trainer.loss(trainer.objective());
  };
  return critical_lr(loss_along, loss_here, {.start = lr});
}

void run_probe(PartRun& run, double first_lr) {
  const std::int64_t probes = run.settings().probes, steps = run.settings().grid_steps;
  const std::int64_t between = std::max<std::int64_t>(1, steps / probes);
  double lr = first_lr;
  for (std::int64_t k = 0; k < probes; ++k) {
    run.check_time();
    const std::int64_t step = k * between;
    const CriticalLr critical = probe_critical_lr(run.trainer(), step, steps, lr);
    const bool found = critical.outcome == CriticalLrOutcome::found;
    run.record(step, "critical_lr", found ? critical.value : std::numeric_limits<double>::quiet_NaN());
    if (found) lr = kFraction * critical.value;
    if (k + 1 == probes) break;
    for (std::int64_t i = step; i < step + between; ++i) {
      run.record(i, "lr", lr);
      const double loss = run.take_step(i, steps, lr);
      run.record(i, "loss", loss);
      if (!std::isfinite(loss)) throw TrialEnded{Outcome::diverged, "the run between two probes diverged"};
    }
  }
}

}  // namespace tuner::lr_range
