#include "tuner/lr_range/branches.hpp"

#include <algorithm>

#include "tuner/grid.hpp"
#include "tuner/lr_range/part.hpp"
#include "tuner/search/searcher.hpp"

namespace tuner::lr_range {

namespace {

// Of a range the middle on its scale, of a distribution the median. Stored tests have it as it was first computed.
Value first_value(const Dimension& dimension) {
  constexpr int kVersion = 1;
  const auto* range = std::get_if<Range>(&dimension.domain);
  if (range == nullptr) return std::get<Values>(dimension.domain).front();
  if (range->distribution != Distribution::uniform) return search::random_value(dimension, 0.5);
  if (range->step) {
    const auto values = grid_values(dimension, kVersion);
    return values[values.size() / 2];
  }
  Range ends_and_middle = *range;
  ends_and_middle.count = 3;
  return grid_value(ends_and_middle, 1, kVersion);
}

class BranchList {
 public:
  explicit BranchList(const StudyPlan& plan) : space_(plan.space), of_program_(plan.program != nullptr) {
    const auto own = std::ranges::find(space_.dimensions, kPartDimension, &Dimension::name);
    last_ = static_cast<std::size_t>(own - space_.dimensions.begin());
    if (plan.program) only_ = "program";
    if (plan.optimizer && plan.optimizer->branches.size() == 1) only_ = plan.optimizer->branches.front().label;
    add(0, Configuration(space_.dimensions.size()), "");
  }
  std::vector<Branch> list;

 private:
  void add(std::size_t i, Configuration point, const std::string& label) {
    if (i == last_) {
      list.push_back({label.empty() ? only_ : label, std::move(point)});
      return;
    }
    const Dimension& dimension = space_.dimensions[i];
    if (!is_active(space_, point, i)) return add(i + 1, std::move(point), label);
    if (const auto* branches = std::get_if<Branches>(&dimension.domain)) {
      if (!of_program_ && !dimension.name.starts_with("objective") && !dimension.name.starts_with("optimizer")) {
        // A schedule, or a rule that ends a trial early: the test has neither.
        point[i] = branches->labels.front();
        return add(i + 1, std::move(point), label);
      }
      for (const std::string& branch : branches->labels) {
        Configuration chosen = point;
        chosen[i] = branch;
        add(i + 1, std::move(chosen), label.empty() ? branch : label + ", " + branch);
      }
      return;
    }
    // An lr that the test gives has its default until the parts set it.
    if (!is_tested(dimension)) point[i] = first_value(dimension);
    add(i + 1, std::move(point), label);
  }

  const Space& space_;
  bool of_program_;
  std::size_t last_;
  std::string only_;
};

}  // namespace

std::vector<Branch> branches_of(const StudyPlan& plan) {
  std::vector<Branch> branches = BranchList(plan).list;
  std::vector<std::size_t> wanted;
  for (std::size_t i = 0; i < plan.space.dimensions.size(); ++i)
    if (is_tested(plan.space.dimensions[i])) wanted.push_back(i);
  if (!wanted.empty())
    std::erase_if(branches, [&](const Branch& branch) {
      return std::ranges::none_of(wanted, [&](std::size_t i) { return is_active(plan.space, branch.point, i); });
    });
  return branches;
}

}  // namespace tuner::lr_range
