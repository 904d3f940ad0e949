// What an objective must be: evaluable, the same every time, and of no effect but the one that it is asked for.
#include <fmt/format.h>

#include <atomic>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <thread>

#include "tuner/check/boundary.hpp"
#include "tuner/check/check.hpp"
#include "tuner/check/derivatives.hpp"
#include "tuner/check/environment.hpp"
#include "tuner/check/library_image.hpp"
#include "tuner/check/objective_rig.hpp"
#include "tuner/check/sensible.hpp"
#include "tuner/error.hpp"

namespace tuner::check {

namespace {

constexpr std::uint32_t kObjectives = 1u << TUNER_KIND_OBJECTIVE;

}  // namespace

// Where options cannot be guessed, or data are not there, the user must say where they are.
std::string lacks_data(const Subject& subject) {
  if (!subject.given.empty()) return "";
  try {
    const ObjectiveSource source(*subject.plugin, {}, nullptr, subject.seed);
    SharedObjectives shared;
    (void)shared.get(*subject.plugin, source.use.options, subject.seed);
    return "";
  } catch (const Error& e) {
    std::string data;
    for (std::size_t i = 0; i < subject.plugin->param_count(); ++i)
      if (const tuner_param& p = subject.plugin->param(i); p.flags & TUNER_PARAM_DATA)
        data += fmt::format("{}{}", data.empty() ? " (" : ", ", p.id);
    return fmt::format("{}; name its data and options with --set OPTION=VALUE{}", e.message(),
                       data.empty() ? data : data + ")");
  }
}

namespace {

// A black box has neither tensors nor gradients.
std::string has_no_tensors(const Subject& subject) {
  if (const std::string reason = lacks_data(subject); !reason.empty()) return reason;
  try {
    ObjectiveSource source(*subject.plugin, subject.given, nullptr, subject.seed);
    return ObjectiveRig(source).size() == 0 ? "it has no tensors" : "";
  } catch (const Error&) {
    return "";  // the check itself says so
  }
}

std::string has_no_gradients(const Subject& subject) {
  if (subject.plugin->has(TUNER_PLUGIN_DERIVATIVE_FREE)) return "it has no gradients, as it says";
  return has_no_tensors(subject);
}

std::string has_no_hvp(const Subject& subject) {
  return subject.plugin->objective().hvp == nullptr ? "it offers no hvp()" : has_no_gradients(subject);
}

std::string knows_no_minimum(const Subject& subject) {
  if (std::isnan(subject.plugin->objective().minimum)) return "it declares no minimum";
  return has_no_tensors(subject);
}

bool failed(std::int32_t status, std::string_view call, const ObjectiveRig& rig, Report& report) {
  if (status == TUNER_OK) return false;
  report.fail(fmt::format("{} returned {}: {}", call, status, rig.error()[0] ? rig.error() : "(no message)"),
              "return TUNER_OK; a loss that is not finite is a result, too");
  return true;
}

void check_metrics(ObjectiveRig& rig, Report& report) {
  static constexpr const char* kSplits[] = {"training", "validation", "test"};
  for (std::uint32_t split = 0; split < TUNER_N_SPLITS; ++split) {
    if (rig.has_samples() ? rig.objective().samples(split) == 0 : split != TUNER_SPLIT_TRAIN) continue;
    double loss = std::nan("");
    std::vector<double> metrics;
    report.doing(fmt::format("metrics on the {} split", kSplits[split]));
    if (failed(rig.metrics(split, loss, metrics), fmt::format("evaluate() on the {} split", kSplits[split]), rig,
               report))
      return;
    if (!std::isfinite(loss))
      report.fail(fmt::format("the loss on the {} split is {} at the starting point", kSplits[split], shown(loss)),
                  "start where the loss is finite");
    for (std::size_t m = 0; m < metrics.size(); ++m)
      if (!std::isfinite(metrics[m]))
        report.fail(fmt::format("metric '{}' on the {} split is {}", rig.objective().metric(m).id, kSplits[split],
                                shown(metrics[m])),
                    "write every metric where TUNER_WANT_METRICS is set");
  }
}

void evaluate_once(const Subject& subject, const char* dtype, Report& report) {
  report.doing(fmt::format("the starting point{}", dtype ? fmt::format(", dtype {}", dtype) : ""));
  ObjectiveSource source(*subject.plugin, subject.given, dtype, subject.seed);
  ObjectiveRig rig(source);
  if (failed(rig.init(), "init()", rig, report)) return;
  for (std::size_t i = 0; i < rig.size(); ++i)
    if (!std::isfinite(rig.get(i)))
      return report.fail(fmt::format("it starts at {} in {}", shown(rig.get(i)), rig.place(i)),
                         "fill every tensor in init() with finite values");
  double loss = std::nan("");
  const std::uint32_t want_gradient = rig.size() > 0;
  report.doing("evaluating in training mode");
  rig.fill_gradients(std::nan(""));
  const std::int32_t status =
      want_gradient ? rig.gradient(loss, TUNER_EVALUATE_TRAIN | TUNER_EVALUATE_UPDATE_BUFFERS) : rig.loss(loss, 0);
  if (failed(status, "evaluate()", rig, report)) return;
  if (!std::isfinite(loss))
    report.fail(fmt::format("the loss is {} at the starting point", shown(loss)),
                "write *loss; start where it is finite");
  const Vector gradient = rig.gradients();
  for (std::size_t i = 0; i < gradient.size(); ++i)
    if (!std::isfinite(gradient[i]))
      return report.fail(
          fmt::format("the gradient is {} in {} at the starting point", shown(gradient[i]), rig.place(i)),
          "write every element of every grad that is not null");
  if (report.findings().empty() && rig.size() > 0) check_metrics(rig, report);
}

void check_evaluates(const Subject& subject, Report& report) {
  std::string text;
  {
    const PrintedText printed;
    evaluate_once(subject, nullptr, report);
    for (const char* dtype : {"f64", "f32"})
      if (report.findings().empty() && offers_dtype(*subject.plugin, dtype)) evaluate_once(subject, dtype, report);
    text = printed.text();
  }
  if (!text.empty())
    report.fail(fmt::format("it prints: {}", text), "a plugin never prints: use the host's log() or report()");
}

bool same_bits(double a, double b) { return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b); }

// Loss and gradient at a few points on the way down a fixed path, the same for every rig.
Vector walk(ObjectiveRig& rig, double length, int evaluations) {
  Vector results;
  if (rig.init() != TUNER_OK) return results;
  const Vector start = rig.parameters();
  for (int k = 0; k < evaluations; ++k) {
    for (std::size_t i = 0; i < start.size(); ++i)
      rig.set(i, start[i] + length * std::sin(static_cast<double>(i + 1) * (k % 7 + 1)));
    double loss = std::nan("");
    const std::int32_t status = rig.size() > 0 ? rig.gradient(loss) : rig.loss(loss, 0);
    results.push_back(status == TUNER_OK ? loss : std::nan(""));
    const Vector gradient = rig.gradients();
    // Of a large objective a few: one evaluation's mistakes show everywhere.
    for (std::size_t i = 0; i < gradient.size(); i += gradient.size() / 64 + 1) results.push_back(gradient[i]);
  }
  return results;
}

std::size_t first_difference(const Vector& a, const Vector& b) {
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    if (!same_bits(a[i], b[i])) return i;
  return a.size() == b.size() ? a.size() : std::min(a.size(), b.size());
}

bool report_difference(const Vector& expected, const Vector& got, const char* how, const char* remedy, Report& report) {
  const std::size_t i = first_difference(expected, got);
  if (i == expected.size() && i == got.size()) return false;
  report.fail(fmt::format("value {} of a series of losses and gradients is {:.17g}, and {:.17g} {}", i,
                          i < expected.size() ? expected[i] : NAN, i < got.size() ? got[i] : NAN, how),
              remedy);
  return true;
}

// Whether two threads meet within an evaluation is a matter of luck; what they would meet in is not. The last
// evaluation before this was another context's, at another point.
bool writes_statics(const Subject& subject, ObjectiveRig& rig, Report& report) {
  if (subject.plugin->library().build_flags & TUNER_BUILD_SANITIZER) return false;  // writes notes of its own
  const WritableMemory before(subject.plugin->descriptor());
  (void)walk(rig, 0.1, 3);
  const std::string where = before.change();
  if (!where.empty())
    report.fail(fmt::format("evaluations changed static or global variables of the library: {}", where),
                "contexts of one shared are evaluated at the same time: keep workspaces in the context or in "
                "host->scratch() (`nm -n` on the library names the variable at that address; builds for coverage write "
                "to such memory, too)");
  return !where.empty();
}

// Two contexts of one shared, each evaluated by a thread of its own, against what each gave alone.
void check_concurrency(const Subject& subject, Report& report) {
  using Clock = std::chrono::steady_clock;
  constexpr auto kTime = std::chrono::milliseconds(60);
  constexpr int kEvaluations = 40, kLeastRounds = 3;
  ObjectiveSource source(*subject.plugin, subject.given, nullptr, subject.seed);
  ObjectiveRig first(source), second(source);
  const Vector alone[] = {walk(first, 0.1, kEvaluations), walk(second, 0.5, kEvaluations)};
  if (writes_statics(subject, first, report)) return;
  Vector together[2];
  std::atomic<int> arrived{0};
  std::atomic<bool> found{false};
  const auto work = [&](ObjectiveRig& rig, int who, double length) {
    ++arrived;
    while (arrived < 2) std::this_thread::yield();
    const auto end = Clock::now() + kTime;
    for (int round = 0; !found && (round < kLeastRounds || Clock::now() < end); ++round) {
      Vector results = walk(rig, length, kEvaluations);
      if (first_difference(alone[who], results) == results.size() && results.size() == alone[who].size()) continue;
      together[who] = std::move(results);
      found = true;
    }
  };
  { const std::jthread one(work, std::ref(first), 0, 0.1), two(work, std::ref(second), 1, 0.5); }
  for (int who = 0; who < 2; ++who)
    if (!together[who].empty() &&
        report_difference(alone[who], together[who], "while another context is evaluated concurrently",
                          "contexts of one shared are used at the same time: keep workspaces in the context, never in "
                          "static variables or in what open() made",
                          report))
      return;
}

void check_determinism(const Subject& subject, Report& report) {
  constexpr int kEvaluations = 10;
  const char* const remedy =
      "results depend on parameters, batch, options and random stream alone: keep no counters in static variables, and "
      "ask neither clock nor random device";
  ObjectiveSource source(*subject.plugin, subject.given, nullptr, subject.seed);
  ObjectiveRig first(source);
  const Vector expected = walk(first, 0.1, kEvaluations);
  if (report_difference(expected, walk(first, 0.1, kEvaluations), "the second time, in the same context", remedy,
                        report))
    return;
  ObjectiveRig second(source);
  if (report_difference(expected, walk(second, 0.1, kEvaluations), "in a second context of the same data", remedy,
                        report))
    return;
  ObjectiveSource again(*subject.plugin, subject.given, nullptr, subject.seed);
  ObjectiveRig third(again);
  if (report_difference(expected, walk(third, 0.1, kEvaluations), "with data opened anew from the same seed", remedy,
                        report))
    return;
  check_concurrency(subject, report);
}

std::vector<std::string> contents(ObjectiveRig& rig) {
  std::vector<std::string> all;
  Tensors& tensors = rig.objective().tensors();
  for (std::size_t t = 0; t < tensors.size(); ++t)
    all.emplace_back(static_cast<const char*>(tensors.data(t)),
                     tensors.spec(t).numel() * dtype_size(tensors.spec(t).dtype));
  return all;
}

void check_frozen(const Subject& subject, Report& report) {
  ObjectiveSource source(*subject.plugin, subject.given, nullptr, subject.seed);
  ObjectiveRig rig(source);
  if (failed(rig.init(), "init()", rig, report)) return;
  const auto compare = [&](const char* how, auto&& evaluate) {
    const auto before = contents(rig);
    if (failed(evaluate(), "evaluate()", rig, report)) return;
    const auto after = contents(rig);
    for (std::size_t t = 0; t < before.size(); ++t) {
      const auto& spec = rig.objective().tensors().spec(t);
      if (before[t] == after[t]) continue;
      const bool buffer = (spec.flags & TUNER_TENSOR_BUFFER) != 0, frozen = (spec.flags & TUNER_TENSOR_FROZEN) != 0;
      return report.fail(fmt::format("an evaluation {} writes the {} '{}'", how,
                                     buffer   ? "buffer"
                                     : frozen ? "frozen tensor"
                                              : "parameters of tensor",
                                     spec.name),
                         buffer ? "move statistics only where TUNER_EVALUATE_UPDATE_BUFFERS is set"
                                : "only the optimizer changes parameters: work on a copy");
    }
  };
  double loss = 0;
  std::vector<double> metrics;
  compare("in evaluation mode", [&] { return rig.loss(loss, 0); });
  compare("in evaluation mode with metrics", [&] { return rig.metrics(TUNER_SPLIT_TRAIN, loss, metrics); });
  compare("in training mode without UPDATE_BUFFERS", [&] { return rig.gradient(loss, TUNER_EVALUATE_TRAIN); });
}

std::string has_no_samples(const Subject& subject) {
  if (const std::string reason = has_no_tensors(subject); !reason.empty()) return reason;
  try {
    ObjectiveSource source(*subject.plugin, subject.given, nullptr, subject.seed);
    return ObjectiveRig(source).has_samples() ? "" : "it has no samples";
  } catch (const Error&) {
    return "";
  }
}

// Loss and gradient of some samples.
struct Sampled {
  double loss = 0;
  Vector gradient;
};

// What differs by more than rounding; nothing where nothing does.
std::string deviation(const Sampled& expected, const Sampled& got, const ObjectiveRig& rig) {
  double size = std::abs(expected.loss);
  for (const double g : expected.gradient) size = std::max(size, std::abs(g));
  const double allowed = (rig.size() > 0 && rig.is_f32(0) ? 1e-4 : 1e-9) * size + 1e-12;
  if (!(std::abs(got.loss - expected.loss) <= allowed))
    return fmt::format("the loss is {}, and {} is due", shown(got.loss), shown(expected.loss));
  for (std::size_t i = 0; i < expected.gradient.size(); ++i)
    if (!(std::abs(got.gradient[i] - expected.gradient[i]) <= allowed))
      return fmt::format("the gradient in {} is {}, and {} is due", rig.place(i), shown(got.gradient[i]),
                         shown(expected.gradient[i]));
  return "";
}

class Batches {
 public:
  Batches(ObjectiveRig& rig, Report& report) : rig_(rig), report_(report) {}
  [[nodiscard]] bool failed() const { return failed_; }

  Sampled of(const std::vector<std::uint64_t>& indices, std::uint32_t split = TUNER_SPLIT_TRAIN) {
    Sampled found;
    const std::int32_t status = rig_.samples(split, indices, found.loss);
    failed_ = failed_ || check::failed(status, "evaluate()", rig_, report_);
    if (split == TUNER_SPLIT_TRAIN) found.gradient = rig_.gradients();
    return found;
  }
  // Of every sample alone, and their mean.
  Sampled mean_of(const std::vector<std::uint64_t>& indices) {
    Sampled mean{.loss = 0, .gradient = Vector(rig_.size(), 0)};
    const auto n = static_cast<double>(indices.size());
    for (const std::uint64_t index : indices) {
      const Sampled one = of({index});
      mean.loss += one.loss / n;
      for (std::size_t i = 0; i < mean.gradient.size(); ++i) mean.gradient[i] += one.gradient[i] / n;
    }
    return mean;
  }
  void compare(const Sampled& expected, const std::vector<std::uint64_t>& indices, const char* what) {
    if (failed_) return;
    const std::string wrong = deviation(expected, of(indices), rig_);
    if (wrong.empty() || failed_) return;
    report_.fail(fmt::format("samples {}: {}, {}", fmt::join(indices, ", "), wrong, what),
                 "a batch is the samples of args->indices, in any order and perhaps repeated; its loss and gradient "
                 "are the means over args->n_indices of them");
    failed_ = true;
  }

 private:
  ObjectiveRig& rig_;
  Report& report_;
  bool failed_ = false;
};

void check_batches(const Subject& subject, Report& report) {
  ObjectiveSource source(*subject.plugin, subject.given, nullptr, subject.seed);
  ObjectiveRig rig(source);
  if (failed(rig.init(), "init()", rig, report)) return;
  // Away from a start at which all samples are alike, such as zero.
  for (std::size_t i = 0; i < rig.size(); ++i) rig.set(i, rig.get(i) + 0.1 * std::sin(static_cast<double>(i + 1)));
  const std::uint64_t n = rig.objective().samples(TUNER_SPLIT_TRAIN), last = n - 1, middle = n / 2;
  Batches batches(rig, report);
  const std::vector<std::uint64_t> spread{last, 0, middle, n / 3, (2 * n) / 3};
  const Sampled mean = batches.mean_of(spread);
  batches.compare(mean, spread, "as the mean over the samples alone");
  batches.compare(mean, {spread[4], spread[2], spread[0], spread[3], spread[1]}, "as in another order");
  batches.compare(batches.of({middle}), {middle, middle, middle}, "as of the one sample that is repeated");
  if (batches.failed()) return;
  static constexpr const char* kSplits[] = {"training", "validation", "test"};
  for (std::uint32_t split = TUNER_SPLIT_VALID; split < TUNER_N_SPLITS; ++split) {
    const std::uint64_t size = std::min(n, rig.objective().samples(split));
    if (size < 3) continue;
    bool same = true;
    for (const std::uint64_t index : {std::uint64_t{0}, size / 2, size - 1})
      same = same && same_bits(batches.of({index}).loss, batches.of({index}, split).loss);
    if (same && !batches.failed())
      report.fail(fmt::format("samples 0, {} and {} of the {} split have the losses of the training split", size / 2,
                              size - 1, kSplits[split]),
                  "evaluate() is given the split: take its samples");
  }
}

std::size_t thread_count() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

// A thread that has been joined may be listed for a moment longer.
std::size_t settled_thread_count(std::size_t expected) {
  for (int i = 0; i < 100 && thread_count() > expected; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  return thread_count();
}

void check_threads(const Subject& subject, Report& report) {
  const std::size_t before = thread_count();
  // What host and check give: one thread, the caller's. Libraries that a plugin loads may keep threads of their own
  // from their first use on; those started with it are the plugin's all the same.
  std::size_t during = before;
  {
    ObjectiveSource source(*subject.plugin, subject.given, nullptr, subject.seed);
    ObjectiveRig rig(source);
    if (failed(rig.init(), "init()", rig, report)) return;
    double loss = 0;
    if (failed(rig.size() > 0 ? rig.gradient(loss) : rig.loss(loss, 0), "evaluate()", rig, report)) return;
    during = settled_thread_count(before);
  }
  const bool may = subject.plugin->has(TUNER_PLUGIN_OWNS_THREADS);
  if (during > before)
    report.fail(fmt::format("after an evaluation there {} that {} not there before open(){}",
                            during - before == 1 ? "is a thread" : fmt::format("are {} threads", during - before),
                            during - before == 1 ? "was" : "were", may ? ", and args->threads is 1" : ""),
                may ? "start at most args->threads - 1 threads in open() and in bind()"
                    : "start no threads: the host runs trials side by side. One that must have some says "
                      "TUNER_PLUGIN_OWNS_THREADS and starts at most args->threads - 1");
  else if (const std::size_t after = settled_thread_count(before); after > before)
    report.fail(fmt::format("{} of its threads are there after close() and release()", after - before),
                "join in release() what bind() started, and in close() what open() started");
}

// Everything that the host asks of an objective, on buffers with memory beside them that cannot be touched.
void check_bounds(const Subject& subject, Report& report) {
  for (const Fence fence : {Fence::end, Fence::begin}) {
    const Boundary boundary(*subject.plugin, Form::fenced, fence);
    ObjectiveSource source(boundary.plugin(), subject.given, nullptr, subject.seed);
    ObjectiveRig rig(source);
    double loss = 0;
    std::vector<double> metrics;
    if (failed(rig.init(), "init()", rig, report)) return;
    const std::int32_t status = rig.gradient(loss, TUNER_EVALUATE_TRAIN | TUNER_EVALUATE_UPDATE_BUFFERS);
    if (failed(status, "evaluate()", rig, report)) return;
    for (std::uint32_t split = 0; split < TUNER_N_SPLITS; ++split) {
      if (rig.has_samples() ? rig.objective().samples(split) == 0 : split != TUNER_SPLIT_TRAIN) continue;
      if (failed(rig.metrics(split, loss, metrics), "evaluate()", rig, report)) return;
    }
    Vector product;
    if (rig.objective().has_hvp() && failed(rig.hvp(Vector(rig.size(), 1.0), product), "hvp()", rig, report)) return;
    if (const std::string where = boundary.damage(); !where.empty())
      return report.fail(fmt::format("it wrote {}", where), "check the bounds of the loop: a tensor has numel values");
  }
}

constexpr Check kChecks[] = {
    {"objectives.evaluates",
     "Opened, bound and started, it gives a finite loss, gradient and metrics on a small batch in every dtype that it "
     "offers, and prints nothing.",
     kObjectives, nullptr, lacks_data, check_evaluates},
    {"objectives.gradient",
     "Every coordinate (of more than 400: the first and last of each tensor, and random ones) against central "
     "differences of the loss at two points near the start, in f64 where it is offered; gradients overwrite what was "
     "there; f32 agrees with f64.",
     kObjectives, "objectives.determinism", has_no_gradients, check_gradient},
    {"objectives.hvp", "Hessian times three random vectors against differences of the gradient.", kObjectives,
     "objectives.gradient", has_no_hvp, check_hvp},
    {"objectives.minimum",
     "The loss at every declared minimizer is the declared minimum, and 3000 points around them and in the domain are "
     "not lower.",
     kObjectives, "objectives.determinism", knows_no_minimum, check_minimum},
    {"objectives.determinism",
     "The same parameters give the same bits a second time, in a second context, with data opened anew from the same "
     "seed, and while another context is evaluated in a second thread; and evaluations write to no static or global "
     "variable of the library.",
     kObjectives, "objectives.evaluates objectives.frozen", lacks_data, check_determinism},
    {"objectives.batches",
     "In evaluation mode loss and gradient of five samples are the means over each alone, in any order, a sample "
     "repeated is that sample, and the splits are not the same samples.",
     kObjectives, "objectives.determinism", has_no_samples, check_batches},
    {"objectives.bounds",
     "Tensors, gradients, metrics, vectors and products end, and in a second run begin, where memory begins that "
     "cannot "
     "be touched: init(), evaluate() and hvp() read and write nothing outside of them.",
     kObjectives, "objectives.determinism", has_no_tensors, check_bounds},
    {"objectives.threads",
     "It starts no threads, or with TUNER_PLUGIN_OWNS_THREADS no more than it may, and all of them have ended when "
     "close() and release() have returned.",
     kObjectives, "objectives.evaluates", lacks_data, check_threads},
    {"objectives.frozen",
     "No evaluation writes parameters or frozen tensors, and none without UPDATE_BUFFERS writes buffers.", kObjectives,
     "objectives.evaluates", has_no_tensors, check_frozen},
};

}  // namespace

std::span<const Check> objective_checks() { return kChecks; }

}  // namespace tuner::check
