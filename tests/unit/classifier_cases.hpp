// Classifiers on a few small images, one case for every option that matters.
#pragma once

#include "idx_files.hpp"
#include "objective_fixture.hpp"

namespace tuner::test {

inline const SmallImages& images() {
  static const SmallImages kImages;
  return kImages;
}

inline Settings small(Settings more = {}) {
  more.insert({{"dataset", std::string("idx")},
               {"data_dir", images().folder.path().string()},
               {"valid_size", std::int64_t{10}},
               {"dtype", std::string("f64")}});
  return more;
}

inline Value integers(std::initializer_list<std::int64_t> numbers) { return List(numbers.begin(), numbers.end()); }

struct ClassifierCase {
  const char* name;
  const char* id;
  Settings settings;
};
inline const std::vector<ClassifierCase>& classifier_cases() {
  static const std::vector<ClassifierCase> kCases = {
      {"logistic", "logistic_regression", {}},
      {"logistic_smooth_l2", "logistic_regression", {{"label_smoothing", 0.1}, {"l2", 0.3}}},
      {"relu", "mlp", {{"hidden", integers({7})}}},
      {"leaky", "mlp", {{"hidden", integers({7})}, {"activation", std::string("leaky_relu")}}},
      {"tanh_deep", "mlp", {{"hidden", integers({6, 5, 4})}, {"activation", std::string("tanh")}}},
      {"sigmoid_l2", "mlp", {{"hidden", integers({5, 6})}, {"activation", std::string("sigmoid")}, {"l2", 0.2}}},
      {"gelu_smooth",
       "mlp",
       {{"hidden", integers({5, 4})}, {"activation", std::string("gelu")}, {"label_smoothing", 0.2}}},
      {"dropout",
       "mlp",
       {{"hidden", integers({9, 6})}, {"activation", std::string("tanh")}, {"dropout", 0.4}, {"l2", 0.1}}},
      {"linear", "mlp", {{"hidden", Value(List{})}}}};
  return kCases;
}

}  // namespace tuner::test
