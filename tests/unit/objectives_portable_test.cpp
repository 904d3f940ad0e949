// What gets installed of the classifiers is another compilation of the same sources.
#include "classifier_cases.hpp"

namespace tuner::test {
namespace {

const Plugin& portable_plugin(const std::string& id) {
  static Catalogue* const kPortable = [] {
    auto* catalogue = new Catalogue;
    for (const char* name : {"classifiers", "convnet"})
      catalogue->add_file(fmt::format("{}/{}.so", TUNER_PORTABLE_PLUGIN_DIR, name));
    return catalogue;
  }();
  return kPortable->get(Kind::objective, id);
}

class PortableClassifiers : public testing::TestWithParam<ClassifierCase> {};
INSTANTIATE_TEST_SUITE_P(Options, PortableClassifiers, testing::ValuesIn(classifier_cases()),
                         [](const auto& info) { return info.param.name; });

TEST_P(PortableClassifiers, AgreeWithTheBuildForThisMachine) {
  const Settings settings = small(GetParam().settings);
  Problem problem(GetParam().id, settings);
  Problem portable(use_of(portable_plugin(GetParam().id), settings));
  EXPECT_EQ(portable.parameters(), problem.parameters());
  const Numbers x = random_numbers(problem.parameters().size(), 11, -0.8, 0.8);
  problem.set(x);
  portable.set(x);
  const Numbers g = problem.all_samples().gradient();
  const Numbers other = portable.all_samples().gradient();
  for (std::size_t i = 0; i < g.size(); ++i) EXPECT_NEAR(g[i], other[i], 1e-14 * (1 + largest(g)));
}

}  // namespace
}  // namespace tuner::test
