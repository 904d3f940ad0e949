// What counts as a space that grew, and each thing that does not.
#include <gtest/gtest.h>

#include <cmath>

#include "tuner/search/growth.hpp"

namespace tuner::search {
namespace {

Range reals(double min, double max) { return {.min = min, .max = max, .step = {}, .count = {}}; }
Range integers(double min, double max) { return {.min = min, .max = max, .step = {}, .count = {}, .integer = true}; }
Range steps(double min, double max, double step) { return {.min = min, .max = max, .step = step, .count = {}}; }

Space one(decltype(Dimension::domain) domain, std::vector<double> probabilities = {}) {
  return {{{.name = "x", .domain = std::move(domain), .parent = {}, .branch = 0, .probabilities = probabilities}}};
}

// Of a space of x alone.
std::string refusal(const decltype(Dimension::domain)& now, const decltype(Dimension::domain)& then) {
  return growth_of(one(now), one(then)).refusal;
}

Values numbers(std::initializer_list<double> list) { return {list.begin(), list.end()}; }

TEST(GrowthOfAList, KeepsEveryValue) {
  EXPECT_EQ(refusal(numbers({1, 2}), numbers({1, 2})), "");
  EXPECT_EQ(refusal(numbers({3, 2, 1}), numbers({1, 2})), "") << "in any order";
  EXPECT_EQ(refusal(numbers({1, 3}), numbers({1, 2})), "x lost the value 2.0");
  EXPECT_EQ(refusal(numbers({1}), numbers({1, 2})), "x lost the value 2.0");
  EXPECT_EQ(refusal(Values{std::int64_t{1}}, numbers({1})), "x lost the value 1.0");
}

TEST(GrowthOfAList, StaysWithProbabilities) {
  const Space two = one(numbers({1, 2}), {0.5, 0.5});
  EXPECT_EQ(growth_of(two, two).refusal, "");
  const std::string refused = "x has other probabilities, and with probabilities nothing grows";
  EXPECT_EQ(growth_of(one(numbers({1, 2}), {0.4, 0.6}), two).refusal, refused);
  EXPECT_EQ(growth_of(one(numbers({1, 2, 3}), {0.4, 0.4, 0.2}), two).refusal, refused);
  EXPECT_EQ(growth_of(one(numbers({1, 2})), two).refusal, refused);
}

TEST(GrowthOfARange, ContainsTheEarlierOne) {
  EXPECT_EQ(refusal(reals(1, 2), reals(1, 2)), "");
  EXPECT_EQ(refusal(reals(0, 3), reals(1, 2)), "");
  EXPECT_EQ(refusal(integers(-3, 2), integers(1, 2)), "");
  EXPECT_EQ(refusal(reals(1.5, 3), reals(1, 2)), "x began at 1 and begins at 1.5");
  EXPECT_EQ(refusal(reals(0, 1.5), reals(1, 2)), "x ended at 2 and ends at 1.5");
}

TEST(GrowthOfARange, StaysOnItsScaleAndOfItsDistribution) {
  Range log = reals(1, 2);
  log.scale = Scale::log;
  EXPECT_EQ(refusal(log, log), "");
  EXPECT_EQ(refusal(log, reals(1, 2)), "x had the scale linear and has log");
  Range normal = reals(-1, 1);
  normal.distribution = Distribution::normal;
  EXPECT_EQ(refusal(normal, reals(-1, 1)), "x has another distribution");
  Range uncut = normal;
  uncut.min = -HUGE_VAL;
  uncut.max = HUGE_VAL;
  EXPECT_EQ(refusal(uncut, normal), "");
  EXPECT_EQ(refusal(normal, uncut), "x began at -inf and begins at -1");
  for (double Range::*field : {&Range::mu, &Range::sigma, &Range::alpha, &Range::beta}) {
    Range other = normal;
    other.*field += 1;
    EXPECT_EQ(refusal(other, normal), "x has another distribution");
  }
  Range counted = reals(1, 2);
  counted.count = 3;
  EXPECT_EQ(refusal(counted, reals(1, 2)), "x has another count");
  Range found = reals(1, 2);
  found.source = RangeSource{.study = "lr_range"};
  EXPECT_EQ(refusal(found, found), "x has ends that an LR range test finds");
  EXPECT_EQ(refusal(reals(1, 2), found), "x has ends that an LR range test finds");
}

TEST(GrowthOfARange, KeepsItsSteps) {
  EXPECT_EQ(refusal(steps(0, 1, 0.1), steps(0.2, 0.8, 0.1)), "");
  EXPECT_EQ(refusal(steps(0, 1, 0.1), steps(0.2, 0.8, 0.2)), "") << "finer";
  EXPECT_EQ(refusal(steps(0, 1.2, 0.3), steps(0.3, 1, 0.3)), "") << "a max that is no step";
  EXPECT_EQ(refusal(reals(0, 1), steps(0.2, 0.8, 0.2)), "") << "none any more";
  EXPECT_EQ(refusal(steps(0, 1, 0.2), steps(0.2, 0.8, 0.1)),
            "x has steps of 0.2 from 0, which leave out values that it had");
  EXPECT_EQ(refusal(steps(0.05, 1, 0.1), steps(0.2, 0.8, 0.1)),
            "x has steps of 0.1 from 0.05, which leave out values that it had");
  EXPECT_EQ(refusal(steps(0, 1, 0.1), reals(0, 1)), "x has steps of 0.1 from 0, which leave out values that it had");
  Range even = integers(0, 8), all = integers(-1, 9);
  even.step = 2;
  EXPECT_EQ(refusal(all, even), "");
  all.step = 2;
  EXPECT_EQ(refusal(all, even), "x has steps of 2 from -1, which leave out values that it had");
  EXPECT_EQ(refusal(even, integers(0, 8)), "x has steps of 2 from 0, which leave out values that it had");
  // Without a min the steps are the multiples.
  Range uncut = steps(-HUGE_VAL, HUGE_VAL, 0.5);
  uncut.distribution = Distribution::normal;
  Range cut = uncut;
  cut.min = -1;
  cut.max = 1;
  EXPECT_EQ(refusal(uncut, cut), "");
  cut.min = -0.75;
  EXPECT_EQ(refusal(uncut, cut), "x has steps of 0.5 from 0, which leave out values that it had");
}

TEST(Growth, StaysOfAKind) {
  EXPECT_EQ(refusal(reals(0, 3), integers(1, 2)), "x was a range of integers and is a range of reals");
  EXPECT_EQ(refusal(reals(0, 3), numbers({1, 2})), "x was a list of values and is a range of reals");
  EXPECT_EQ(refusal(Branches{{"a"}}, Values{std::string("a")}), "x was a list of values and is a one_of");
}

// A one_of of a, with x, and b, with y and what stands in `more`; then z.
Space conditional(std::vector<std::string> labels, std::vector<Dimension> more = {}) {
  Space space;
  space.dimensions.push_back({"kind", Branches{std::move(labels)}, std::nullopt, 0});
  space.dimensions.push_back({"kind.a.x", reals(0, 1), 0, 0});
  space.dimensions.push_back({"kind.b.y", reals(0, 1), 0, 1});
  space.dimensions.insert(space.dimensions.end(), more.begin(), more.end());
  space.dimensions.push_back({"z", reals(0, 1), std::nullopt, 0});
  return space;
}

TEST(GrowthOfAOneOf, HasNewBranchesBehindTheEarlierOnes) {
  const Space earlier = conditional({"a", "b"});
  EXPECT_EQ(growth_of(conditional({"a", "b", "c"}), earlier).refusal, "");
  EXPECT_EQ(growth_of(conditional({"a", "c"}), earlier).refusal, "kind lost the branch b");
  EXPECT_EQ(growth_of(conditional({"c", "a", "b"}), earlier).refusal,
            "kind has its earlier branches in another order, or new ones before them");
  EXPECT_EQ(growth_of(conditional({"b", "a"}), earlier).refusal,
            "kind has its earlier branches in another order, or new ones before them");
}

TEST(GrowthOfAOneOf, NewBranchesHaveSearchParametersOfTheirOwn) {
  const Space earlier = conditional({"a", "b"});
  // Also a one_of, with a search parameter in each of its branches.
  const Space now = conditional({"a", "b", "c"}, {{"kind.c.w", reals(0, 1), 0, 2},
                                                  {"kind.c.inner", Branches{{"p", "q"}}, 0, 2},
                                                  {"kind.c.inner.p.v", reals(0, 1), 4, 0}});
  const Growth growth = growth_of(now, earlier);
  ASSERT_EQ(growth.refusal, "");
  // In it they are never active.
  ASSERT_EQ(growth.earlier.dimensions.size(), now.dimensions.size());
  EXPECT_EQ(std::get<Branches>(growth.earlier.dimensions[0].domain).labels, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(growth.earlier.dimensions[3].branch, 2u);
  // In an earlier branch they are not.
  EXPECT_EQ(growth_of(conditional({"a", "b", "c"}, {{"kind.b.w", reals(0, 1), 0, 1}}), earlier).refusal,
            "kind.b.w is a new search parameter");
}

TEST(Growth, HasTheSameSearchParametersInTheSamePlaces) {
  const Dimension a{"a", reals(0, 1), std::nullopt, 0}, b{"b", reals(0, 1), std::nullopt, 0};
  EXPECT_EQ(growth_of({{a}}, {{a, b}}).refusal, "b is no search parameter any more");
  EXPECT_EQ(growth_of({{b}}, {{a, b}}).refusal, "a is no search parameter any more");
  EXPECT_EQ(growth_of({{a, b}}, {{a}}).refusal, "b is a new search parameter");
  EXPECT_EQ(growth_of({{a, b}}, {{b}}).refusal, "a is a new search parameter");
  EXPECT_EQ(growth_of({{b, a}}, {{a, b}}).refusal, "b is in another place");
  const Dimension kind{"kind", Branches{{"p", "q"}}, std::nullopt, 0};
  EXPECT_EQ(growth_of({{kind, {"c", reals(0, 1), 0, 1}}}, {{kind, {"c", reals(0, 1), 0, 0}}}).refusal,
            "c is searched under another condition");
  EXPECT_EQ(growth_of({{kind, {"c", reals(0, 1), 0, 1}}}, {{kind, {"c", reals(0, 1), std::nullopt, 0}}}).refusal,
            "c is searched under another condition");
}

TEST(Growth, TheEarlierSpaceHasItsDomains) {
  const Growth growth = growth_of(one(reals(0, 3)), one(reals(1, 2)));
  EXPECT_EQ(std::get<Range>(growth.earlier.dimensions[0].domain).min, 1);
  EXPECT_EQ(std::get<Range>(growth.earlier.dimensions[0].domain).max, 2);
}

}  // namespace
}  // namespace tuner::search
