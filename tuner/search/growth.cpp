#include "tuner/search/growth.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "tuner/value.hpp"

namespace tuner::search {

namespace {

constexpr double kSlack = 1e-9;  // of a whole number of steps

bool is_whole(double x) { return std::abs(x - std::round(x)) <= kSlack * std::max(1.0, std::abs(x)); }

std::string kind_of(const Dimension& dimension) {
  if (std::holds_alternative<Values>(dimension.domain)) return "a list of values";
  if (std::holds_alternative<Branches>(dimension.domain)) return "a one_of";
  return std::get<Range>(dimension.domain).integer ? "a range of integers" : "a range of reals";
}

std::string refusal_of(const Values& now, const Values& then) {
  for (const Value& value : then)
    if (std::ranges::find(now, value) == now.end()) return fmt::format("lost the value {}", to_json(value));
  return {};
}

std::string refusal_of(const Branches& now, const Branches& then) {
  for (const std::string& label : then.labels)
    if (std::ranges::find(now.labels, label) == now.labels.end()) return fmt::format("lost the branch {}", label);
  if (!std::equal(then.labels.begin(), then.labels.end(), now.labels.begin()))
    return "has its earlier branches in another order, or new ones before them";
  return {};
}

// Where its steps are counted from.
double origin_of(const Range& range) { return std::isfinite(range.min) ? range.min : 0; }

std::string refusal_of(const Range& now, const Range& then) {
  if (now.source || then.source) return "has ends that an LR range test finds";
  if (now.scale != then.scale)
    return fmt::format("had the scale {} and has {}", kScales[static_cast<int>(then.scale)],
                       kScales[static_cast<int>(now.scale)]);
  if (now.distribution != then.distribution || now.mu != then.mu || now.sigma != then.sigma ||
      now.alpha != then.alpha || now.beta != then.beta)
    return "has another distribution";
  if (now.count != then.count) return "has another count";
  if (now.min > then.min) return fmt::format("began at {:g} and begins at {:g}", then.min, now.min);
  if (now.max < then.max) return fmt::format("ended at {:g} and ends at {:g}", then.max, now.max);
  const double step = now.step.value_or(now.integer ? 1 : 0), earlier_step = then.step.value_or(then.integer ? 1 : 0);
  if (step == 0) return {};
  if (earlier_step == 0 || !is_whole(earlier_step / step) || !is_whole((origin_of(then) - origin_of(now)) / step))
    return fmt::format("has steps of {:g} from {:g}, which leave out values that it had", step, origin_of(now));
  return {};
}

// Of two search parameters of one name.
std::string refusal_of(const Dimension& now, const Dimension& then) {
  if (kind_of(now) != kind_of(then)) return fmt::format("was {} and is {}", kind_of(then), kind_of(now));
  if (now.probabilities != then.probabilities) return "has other probabilities, and with probabilities nothing grows";
  return std::visit(
      [&](const auto& domain) { return refusal_of(domain, std::get<std::decay_t<decltype(domain)>>(then.domain)); },
      now.domain);
}

}  // namespace

Growth growth_of(const Space& now, const Space& earlier) {
  Growth growth{.refusal = {}, .earlier = now};
  auto then = earlier.dimensions.begin();
  std::vector<bool> is_new(now.dimensions.size(), false);
  for (std::size_t i = 0; i < now.dimensions.size(); ++i) {
    const Dimension& dimension = now.dimensions[i];
    Dimension& before = growth.earlier.dimensions[i];
    // Parents come first, so that theirs is the earlier domain by now.
    is_new[i] =
        dimension.parent &&
        (is_new[*dimension.parent] ||
         dimension.branch >= std::get<Branches>(growth.earlier.dimensions[*dimension.parent].domain).labels.size());
    if (is_new[i]) continue;
    if (then == earlier.dimensions.end() || then->name != dimension.name) {
      const bool was_there =
          std::ranges::find(earlier.dimensions, dimension.name, &Dimension::name) != earlier.dimensions.end();
      const bool is_missed = then != earlier.dimensions.end() &&
                             std::ranges::find(now.dimensions, then->name, &Dimension::name) == now.dimensions.end();
      if (is_missed) return {.refusal = then->name + " is no search parameter any more", .earlier = {}};
      return {.refusal = dimension.name + (was_there ? " is in another place" : " is a new search parameter"),
              .earlier = {}};
    }
    const auto parent_of = [](const Space& space, const Dimension& d) {
      return d.parent ? space.dimensions[*d.parent].name : "";
    };
    if (parent_of(now, dimension) != parent_of(earlier, *then) || dimension.branch != then->branch)
      return {.refusal = dimension.name + " is searched under another condition", .earlier = {}};
    if (const std::string refusal = refusal_of(dimension, *then); !refusal.empty())
      return {.refusal = dimension.name + " " + refusal, .earlier = {}};
    before.domain = then->domain;
    before.probabilities = then->probabilities;
    ++then;
  }
  if (then != earlier.dimensions.end())
    return {.refusal = then->name + " is no search parameter any more", .earlier = {}};
  return growth;
}

}  // namespace tuner::search
