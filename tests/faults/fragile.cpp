// Plugins that crash before a trial begins: an objective in open, describe or bind, and where the options are checked;
// an optimizer where its slots are counted; a scheduler in its curve.
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <tuner/plugin.hpp>

namespace {

constexpr const char* kPlaces[] = {"nowhere", "open", "describe", "bind", "exit"};

struct Fragile {
  static constexpr tuner::Info info{.id = "fragile",
                                    .name = "Fragile",
                                    .doc = "x^2, and a crash where it is told to",
                                    .reference = "made for the tests of tuner"};
  enum { kCrashes };
  enum { kNowhere, kOpen, kDescribe, kBind, kExit };
  static constexpr tuner::Param params[] = {tuner::choice("crashes", kPlaces, "where").with(TUNER_PARAM_DATA)};

  struct Shared {
    explicit Shared(const tuner::Open& open) {
      crash_in(open.options(), kOpen);
      if (open.options().choice(kCrashes) == kExit) std::_Exit(9);
    }
  };
  static void describe(const Shared&, const tuner::Options& o, const tuner::Layout& layout) {
    crash_in(o, kDescribe);
    const std::int64_t shape[] = {1};
    layout.tensor({.name = "x", .shape = shape, .dtype = TUNER_DTYPE_F64});
  }
  Fragile(const Shared&, const tuner::Bind& bind) : x_(bind.tensor(0)) { crash_in(bind.options(), kBind); }
  void init(tuner_rng&) { *static_cast<double*>(x_.data) = 1; }
  void evaluate(const tuner::Evaluation& e) {
    const double x = *static_cast<const double*>(x_.data);
    e.loss(x * x);
    if (e.wants_gradient()) *static_cast<double*>(x_.grad) = 2 * x;
  }

 private:
  static void crash_in(const tuner::Options& o, std::size_t place) {
    if (o.choice(kCrashes) == place) std::raise(SIGSEGV);
  }
  const tuner_tensor x_;
};

}  // namespace

TUNER_LIBRARY("fragile", "1.0.0", "MIT", tuner::objective<Fragile>)
