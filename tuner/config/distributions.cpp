#include "tuner/config/distributions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string_view>
#include <utility>

#include "tuner/config/language.hpp"
#include "tuner/distribution.hpp"
#include "tuner/error.hpp"
#include "tuner/text.hpp"

namespace tuner::config {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kLargest = std::numeric_limits<double>::max();
constexpr double kLargestInteger = 0x1p53;  // options travel as doubles
constexpr double kLargestLog = 700;         // e^709 is the largest double
constexpr double kFarthest = 8.3;           // from mu, in units of sigma, that is ever drawn
constexpr double kLeastShare = 1e-12;       // of a distribution that min and max may leave

[[noreturn]] void refuse(const std::string& place, std::string message, std::string remedy) {
  throw Error(Message::config_bad_hole, std::move(message), std::move(remedy)).at(place);
}

// Distributions of Weights & Biases, Optuna and Ray Tune, and what is the same here.
std::string same_here(const Node& node, const Field& field) {
  constexpr std::string_view kLog = "write scale: log in its place";
  constexpr std::string_view kLogOfExponents =
      "write scale: log in its place; min and max are then the values themselves, not their logarithms";
  constexpr std::string_view kStep = "write step in place of distribution and q";
  constexpr std::string_view kLogStep = "write scale: log and step in place of distribution and q";
  constexpr std::pair<std::string_view, std::string_view> kWords[] = {
      {"uniform", "remove it: a range is uniform"},
      {"log_uniform_values", kLog},
      {"loguniform", kLog},
      {"inv_log_uniform_values", kLog},
      {"log_uniform", kLogOfExponents},
      {"inv_log_uniform", kLogOfExponents},
      {"q_uniform", kStep},
      {"quniform", kStep},
      {"q_log_uniform", kLogStep},
      {"q_log_uniform_values", kLogStep},
      {"qloguniform", kLogStep},
      {"q_normal", "write distribution: normal, and step in place of q"},
      {"q_log_normal", "write distribution: log_normal, and step in place of q"},
      {"q_beta", "write distribution: beta, and step in place of q"},
      {"categorical", "remove it: {values: [...]} is categorical"},
      {"categorical_w_probabilities", "remove it: {values: [...], probabilities: [...]} says the same"},
      {"choice", "remove it: {values: [...]} is categorical"},
      {"constant", "write the value itself in place of the map"}};
  if (node.is_word("int_uniform"))
    return field.kind == Field::Kind::integer ? "remove it: a range of integers is uniform"
                                              : "write step: 1 in its place";
  for (const auto& [word, same] : kWords)
    if (node.is_word(word)) return std::string(same);
  return did_you_mean(node.text, kDrawnDistributions);
}

double as_number(const Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  return std::get<double>(value);
}

class DistributionReader {
 public:
  DistributionReader(const Node& node, const Field& field) : node_(node), field_(field) {}

  Range read() {
    if (field_.kind == Field::Kind::other)
      refuse(node_.place, fmt::format("{} is no number, so it has no distribution", field_.what),
             "write {values: [...]}, with probabilities: [...] where they are not alike");
    word_ = word_of(*node_.find("distribution"), "the distribution of " + field_.what, words(kDrawnDistributions));
    range_.distribution =
        static_cast<Distribution>(std::ranges::find(kDistributions, word_) - std::begin(kDistributions));
    range_.integer = field_.kind == Field::Kind::integer;
    check_keys();
    if (range_.distribution == Distribution::beta) {
      range_.alpha = shape("alpha");
      range_.beta = shape("beta");
    } else {
      range_.mu = shape("mu");
      range_.sigma = shape("sigma");
    }
    range_.min = end("min", -kInfinity);
    range_.max = end("max", kInfinity);
    read_step();
    check_ends();
    check_legal();
    return range_;
  }

 private:
  [[nodiscard]] std::string name() const { return fmt::format("the {} distribution of {}", word_, field_.what); }

  void check_keys() const {
    const bool beta = range_.distribution == Distribution::beta;
    std::vector<std::string_view> keys{"distribution", beta ? "alpha" : "mu", beta ? "beta" : "sigma", "min", "max",
                                       "step"};
    for (const Entry& entry : node_.entries) {
      if (std::ranges::find(keys, entry.key) != keys.end()) continue;
      std::string remedy = did_you_mean(entry.key, keys);
      if (entry.key == "count")
        remedy = "remove it: count is for a grid, which takes no distribution";
      else if (entry.key == "scale")
        remedy = "remove it: a normal distribution on a log scale is log_normal";
      else if (entry.key == "a" || entry.key == "b")
        remedy = fmt::format("write {} in its place", entry.key == "a" ? "alpha" : "beta");
      refuse(entry.place, fmt::format("{} has no key '{}'", name(), shown(entry.key)), remedy);
    }
  }

  [[nodiscard]] double shape(const std::string& key) const {
    const Node* value = node_.given(key);
    if (value == nullptr)
      refuse(node_.place, fmt::format("{} lacks its {}", name(), key),
             fmt::format("add {}: {}", key, host_key(kDistributionKeys, key).doc));
    return real_within(*value, host_key(kDistributionKeys, key).bounds, fmt::format("{} of {}", key, name()));
  }

  [[nodiscard]] double end(const char* key, double otherwise) const {
    const Node* value = node_.given(key);
    return value == nullptr ? otherwise : as_number(field_.read(*value));
  }

  void read_step() {
    const Node* step = node_.given("step");
    if (step == nullptr) return;
    const std::string what = "the step of " + field_.what;
    range_.step = range_.integer ? static_cast<double>(integer_of(*step, what)) : real_of(*step, what);
    check_bounds(*range_.step, {0, HUGE_VAL, true}, what, step->place);
    if (std::isfinite(range_.min) && std::isfinite(range_.max) && *range_.step > range_.max - range_.min)
      refuse(step->place, fmt::format("step {} is wider than the range of {}", *range_.step, field_.what),
             "make it smaller");
  }

  void check_ends() const {
    if (!(range_.min < range_.max))
      refuse(node_.find("max")->place,
             fmt::format("the range of {} is empty: min is {} and max is {}", field_.what, range_.min, range_.max),
             "max must be above min");
    const bool cut = std::isfinite(range_.min) && std::isfinite(range_.max);
    const double farthest = std::abs(range_.mu) + kFarthest * range_.sigma;
    if (range_.distribution == Distribution::log_normal && !cut && farthest > kLargestLog)
      refuse(node_.place,
             fmt::format("{} has mu {} and sigma {}, and e^(|mu| + {} sigma) is more than a number can hold", name(),
                         range_.mu, range_.sigma, kFarthest),
             "mu and sigma are those of the natural logarithm: make them smaller, or cut it by min and max");
    if (share_within(range_) < kLeastShare)
      refuse(node_.place, fmt::format("min and max leave less than {} of {}", kLeastShare, name()),
             "move them to where its values are");
  }

  // Every value that can be drawn must be one that the option may have. What is given as min and max is.
  void check_legal() const {
    if (!std::isfinite(range_.min)) check_legal_at(least(), "min");
    if (!std::isfinite(range_.max)) check_legal_at(most(), "max");
  }
  [[nodiscard]] double least() const {
    const double farthest = range_.integer ? kLargestInteger : kLargest;
    if (range_.distribution == Distribution::normal) return -farthest;
    // With a step the multiple of it that is nearest to 0 is 0, and so is the nearest integer.
    if (range_.distribution == Distribution::beta || range_.integer || range_.step) return 0;
    return std::numeric_limits<double>::denorm_min();
  }
  [[nodiscard]] double most() const {
    if (range_.distribution == Distribution::beta) return 1;
    return range_.integer ? kLargestInteger : kLargest;
  }
  void check_legal_at(double value, const char* key) const {
    Node node;
    node.type = Node::Type::scalar;
    node.text = range_.integer ? fmt::format("{:.0f}", value) : fmt::format("{}", value);
    node.place = node_.place;
    try {
      static_cast<void>(field_.read(node));
    } catch (const Error& error) {
      refuse(node_.place,
             fmt::format("{} has no {}, and some of its values are not legal: {}", name(), key, error.message()),
             fmt::format("add {}: the distribution is cut there", key));
    }
  }

  const Node& node_;
  const Field& field_;
  Range range_;
  std::string word_;
};

}  // namespace

void check_distribution_word(const Entry& entry, const Field& field) {
  if (std::ranges::any_of(kDrawnDistributions, [&](const char* word) { return entry.value.is_word(word); })) return;
  if (!entry.value.is_scalar())
    refuse_type(entry.value, "the distribution of " + field.what, "one of normal, log_normal and beta");
  refuse(entry.place, fmt::format("{} has no distribution '{}'", field.what, shown(entry.value.text)),
         same_here(entry.value, field));
}

Range read_distribution(const Node& node, const Field& field) { return DistributionReader(node, field).read(); }

std::vector<double> read_probabilities(const Node& node, std::size_t count, const std::string& what) {
  const Node* list = node.given("probabilities");
  if (list == nullptr) return {};
  if (!list->is_list())
    refuse(list->place, fmt::format("the probabilities of {} are {}, and a list is due", what, list->description()),
           "write one number for each, such as probabilities: [0.9, 0.1]");
  if (list->items.size() != count)
    refuse(list->place, fmt::format("{} are {}, and there are {} probabilities", what, count, list->items.size()),
           "write one probability for each, in the same order");
  std::vector<double> probabilities;
  for (const Node& item : list->items)
    probabilities.push_back(
        real_within(item, {.min = 0, .max = 1, .min_open = true}, fmt::format("a probability of {}", what)));
  const double sum = std::accumulate(probabilities.begin(), probabilities.end(), 0.0);
  if (std::abs(sum - 1) > 1e-3)
    refuse(list->place, fmt::format("the probabilities of {} add up to {:.6g}", what, sum), "make them add up to 1");
  return probabilities;
}

}  // namespace tuner::config
