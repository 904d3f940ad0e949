#include <tuner/plugin.hpp>

namespace {

// A black box: nothing is trained, its options are the search space.
struct Paraboloid {
  static constexpr tuner::Info info{
      .id = "paraboloid",
      .name = "Paraboloid of two options",
      .doc = "a black box without tensors: (x - 2)^2 + (y + 1)^2 of its options x and y",
      .details =
          "loss = (x - 2)^2 + (y + 1)^2, minimum 0 at x = 2, y = -1. Needs no optimizer and is evaluated once.\n"
          "reports: n reports, before it returns, the metric progress_loss at steps 1..n: the loss k/n of the way\n"
          "from the origin to (x, y); the last one equals the loss.",
      .reference = "tuner's own example of an objective without tensors"};
  enum { kX, kY, kReports };
  static constexpr tuner::Param params[] = {
      tuner::real("x", 0, "first coordinate").structural().search(-5, 5),
      tuner::real("y", 0, "second coordinate").structural().search(-5, 5),
      tuner::integer("reports", 0, "number of intermediate reports").at_least(0).at_most(1e6).structural()};
  static constexpr tuner::Known known{.minimum = 0};

  static void describe(const tuner::Options&, const tuner::Layout&) {}
  explicit Paraboloid(const tuner::Bind& bind)
      : x_(bind.options()[kX]), y_(bind.options()[kY]), reports_(bind.options().integer(kReports)) {}
  void init(tuner_rng&) {}

  void evaluate(const tuner::Evaluation& e) {
    for (std::int64_t k = 1; k <= reports_; ++k) {
      const double way = static_cast<double>(k) / static_cast<double>(reports_);
      e.host().report("progress_loss", k, loss(way * x_, way * y_));
    }
    if (e.wants_loss()) e.loss(loss(x_, y_));
  }

 private:
  static double loss(double x, double y) { return (x - 2) * (x - 2) + (y + 1) * (y + 1); }
  double x_, y_;
  std::int64_t reports_;
};

}  // namespace

TUNER_LIBRARY("paraboloid", "1.0.0", "MIT", tuner::objective<Paraboloid>)
