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
// Dense layers alone, with the cross entropy.
inline const std::vector<ClassifierCase>& plain_cases() {
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

inline Value word(const char* text) { return std::string(text); }
inline Value numbers(std::initializer_list<double> values) { return List(values.begin(), values.end()); }

inline std::vector<ClassifierCase> classifier_cases() {
  std::vector<ClassifierCase> cases = plain_cases();
  const Value tanh = word("tanh");
  const std::vector<ClassifierCase> more = {
      {"convnet", "convnet", {{"channels", integers({3, 4})}, {"kernel", std::int64_t{3}}, {"hidden", integers({9})}}},
      {"convnet_dropout_l2",
       "convnet",
       {{"channels", integers({4})},
        {"hidden", integers({6})},
        {"activation", tanh},
        {"dropout", 0.3},
        {"l2", 0.2},
        {"label_smoothing", 0.1}}},
      {"convnet_batch",
       "convnet",
       {{"channels", integers({3})}, {"hidden", integers({5})}, {"activation", tanh}, {"norm", word("batch")}}},
      {"convnet_group",
       "convnet",
       {{"channels", integers({4})},
        {"kernel", std::int64_t{2}},
        {"hidden", Value(List{})},
        {"activation", word("gelu")},
        {"norm", word("group")},
        {"norm_groups", std::int64_t{2}}}},
      {"batch", "mlp", {{"hidden", integers({7, 5})}, {"activation", tanh}, {"norm", word("batch")}}},
      {"ghost",
       "mlp",
       {{"hidden", integers({7})},
        {"activation", word("gelu")},
        {"norm", word("ghost")},
        {"virtual_batch", std::int64_t{5}},
        {"dropout", 0.3},
        {"l2", 0.1}}},
      {"layer", "mlp", {{"hidden", integers({7, 4})}, {"activation", tanh}, {"norm", word("layer")}}},
      {"group",
       "mlp",
       {{"hidden", integers({6})},
        {"activation", word("sigmoid")},
        {"norm", word("group")},
        {"norm_groups", std::int64_t{2}}}},
      {"mse", "mlp", {{"hidden", integers({6})}, {"activation", tanh}, {"loss", word("mse")}}},
      {"binary", "logistic_regression", {{"loss", word("binary_cross_entropy")}, {"label_smoothing", 0.1}}},
      {"focal",
       "mlp",
       {{"hidden", integers({6})}, {"activation", tanh}, {"loss", word("focal")}, {"focal_gamma", 1.5}}},
      {"class_weights",
       "logistic_regression",
       {{"class_weights", numbers({0.5, 2, 1.25})}, {"loss", word("focal")}, {"label_smoothing", 0.1}}},
      // Four samples are a piece of their own wherever they stand, so the tests of batches hold as for other losses.
      {"contrastive",
       "mlp",
       {{"hidden", integers({6})},
        {"activation", tanh},
        {"loss", word("contrastive")},
        {"embedding", std::int64_t{3}},
        {"margin", 3.0},
        {"pair_batch", std::int64_t{4}},
        {"dropout", 0.3},
        {"l2", 0.1}}},
      {"triplet",
       "mlp",
       {{"hidden", integers({6, 5})},
        {"activation", word("gelu")},
        {"loss", word("triplet")},
        {"margin", 2.0},
        {"pair_batch", std::int64_t{4}}}},
      {"convnet_contrastive",
       "convnet",
       {{"channels", integers({3})},
        {"hidden", integers({5})},
        {"activation", tanh},
        {"loss", word("contrastive")},
        {"embedding", std::int64_t{4}},
        {"margin", 2.0},
        {"pair_batch", std::int64_t{4}}}},
      {"convnet_triplet_batch",
       "convnet",
       {{"channels", integers({3})},
        {"hidden", integers({5})},
        {"activation", tanh},
        {"norm", word("batch")},
        {"loss", word("triplet")},
        {"embedding", std::int64_t{4}},
        {"pair_batch", std::int64_t{4}}}}};
  cases.insert(cases.end(), more.begin(), more.end());
  return cases;
}

// Whether a sample's loss in training depends on the others of its batch, or on its place there.
inline bool depends_on_batch(const Settings& settings) {
  const auto norm = settings.find("norm");
  return settings.contains("dropout") ||
         (norm != settings.end() && (norm->second == word("batch") || norm->second == word("ghost")));
}

}  // namespace tuner::test
