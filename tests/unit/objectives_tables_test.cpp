// What is learned from CSV and LIBSVM files: how the files are read and split, and the models on them.
#include <cmath>
#include <fstream>
#include <set>

#include "classifier_cases.hpp"

namespace tuner::test {
namespace {

const char* const kHouses =
    "rooms,area,color,price\n"
    "3,70.5,red,281\n"
    "2,48.5,blue,173\n"
    "5, 99 ,\"green, dark\",402\n"
    "1,31,red,97.5\n"
    "4,80,blue,310\n"
    "2,51.25,red,181\n";

class Tables : public testing::Test {
 protected:
  TemporaryFolder folder;

  Settings of(const std::string& text, Settings more = {}) {
    folder.write("data.csv", text);
    more.insert({{"data_file", (folder.path() / "data.csv").string()}, {"valid_share", 0.0}, {"test_share", 0.0}});
    return more;
  }
  // With rows in their order and columns as they stand.
  Settings plain(const std::string& text, Settings more = {}) {
    more.insert({{"standardize", false}});
    return sparse_of(text, more);
  }
  Settings sparse_of(const std::string& text, Settings more = {}) {
    more.insert({{"split_seed", std::int64_t{0}}});
    return of(text, more);
  }
  std::string error(const std::string& id, const Settings& settings) {
    return error_of(Message::plugin_data, [&] { Problem(id, settings); });
  }
};

// At zero weights the gradient of one sample is -2 y x, and that of the bias -2 y.
Numbers features_of(Problem& problem, std::uint64_t sample) {
  problem.batch = {sample};
  Numbers g = problem.gradient();
  const double bias = g.back();
  g.pop_back();
  for (double& value : g) value /= bias;
  return g;
}

TEST_F(Tables, ColumnsOfWordsBecomeAValueForEachWord) {
  Problem problem("linear_regression", plain(kHouses, {{"categorical", List{Scalar(std::string("color"))}}}));
  EXPECT_EQ(problem.objective().samples(TUNER_SPLIT_TRAIN), 6u);
  EXPECT_EQ(problem.objective().tensors().spec(0).shape, (std::vector<std::int64_t>{1, 5}));
  // rooms, area, and of color: blue; green, dark; red.
  const std::vector<Numbers> expected = {{3, 70.5, 0, 0, 1}, {2, 48.5, 1, 0, 0}, {5, 99, 0, 1, 0}};
  for (std::size_t row = 0; row < expected.size(); ++row) {
    const Numbers found = features_of(problem, row);
    for (std::size_t i = 0; i < 5; ++i) EXPECT_NEAR(found[i], expected[row][i], 1e-12) << row << ' ' << i;
  }
  EXPECT_EQ(problem.batch.size(), 1u);
  EXPECT_NEAR(problem.loss(), 402.0 * 402.0, 1e-9);
  EXPECT_NEAR(problem.metric(), 402, 1e-12);
}

TEST_F(Tables, TargetAndIgnoredColumnsAreNoFeatures) {
  Problem problem("linear_regression",
                  plain(kHouses, {{"target", word("area")}, {"ignored", List{Scalar(std::string("color"))}}}));
  problem.batch = {0};
  EXPECT_NEAR(problem.loss(), 70.5 * 70.5, 1e-9);
  const Numbers found = features_of(problem, 0);
  EXPECT_NEAR(found[0], 3, 1e-12);
  EXPECT_NEAR(found[1], 281, 1e-10);
}

TEST_F(Tables, StandardizedColumnsHaveMeanZeroAndDeviationOneOverTheTrainingSplit) {
  std::string text = "a,constant,y\n";
  for (int i = 0; i < 40; ++i) text += std::to_string(i * i) + ",0.1," + std::to_string(i + 1) + "\n";
  Problem problem("linear_regression", of(text, {{"valid_share", 0.25}, {"test_share", 0.1}}));
  ASSERT_EQ(problem.objective().samples(TUNER_SPLIT_TRAIN), 26u);
  EXPECT_EQ(problem.objective().samples(TUNER_SPLIT_VALID), 10u);
  EXPECT_EQ(problem.objective().samples(TUNER_SPLIT_TEST), 4u);
  double sum = 0, squares = 0;
  for (std::uint64_t i = 0; i < 26; ++i) {
    const Numbers found = features_of(problem, i);
    sum += found[0];
    squares += found[0] * found[0];
    EXPECT_EQ(found[1], 0);
  }
  EXPECT_NEAR(sum / 26, 0, 1e-12);
  EXPECT_NEAR(squares / 26, 1, 1e-12);
}

// Targets are 1 to 100, so that a sample's loss at zero weights tells which row it is.
TEST_F(Tables, SplitsAreSeededAndDoNotShareRows) {
  std::string text = "a,y\n";
  for (int i = 1; i <= 100; ++i) text += std::to_string(i % 7) + "," + std::to_string(i) + "\n";
  const auto rows = [&](std::int64_t seed, std::uint32_t split) {
    Problem problem("linear_regression", of(text, {{"split_seed", seed}, {"valid_share", 0.2}, {"test_share", 0.1}}));
    problem.split = split;
    std::vector<int> found;
    for (std::uint64_t i = 0; i < problem.objective().samples(split); ++i) {
      problem.batch = {i};
      found.push_back(static_cast<int>(std::lround(std::sqrt(problem.loss()))));
    }
    return found;
  };
  std::set<int> all;
  for (const std::uint32_t split : {TUNER_SPLIT_TRAIN, TUNER_SPLIT_VALID, TUNER_SPLIT_TEST}) {
    const auto of_split = rows(1, split);
    all.insert(of_split.begin(), of_split.end());
    EXPECT_EQ(of_split, rows(1, split));
    EXPECT_NE(of_split, rows(2, split));
  }
  EXPECT_EQ(all.size(), 100u);
  EXPECT_EQ(rows(0, TUNER_SPLIT_TRAIN).front(), 1);
  EXPECT_EQ(rows(0, TUNER_SPLIT_VALID).front(), 71);
  EXPECT_EQ(rows(0, TUNER_SPLIT_TEST), (std::vector<int>{91, 92, 93, 94, 95, 96, 97, 98, 99, 100}));
}

TEST_F(Tables, WordsAndNumbersAreLabelsInTheirOrder) {
  const auto label_of = [&](const std::string& text, std::uint64_t sample) {
    Problem problem("logistic_regression", plain(text, {{"dataset", word("csv")}, {"dtype", word("f64")}}));
    problem.batch = {sample};
    const Numbers g = problem.gradient();
    const std::size_t classes = problem.parameters(1).size();
    return std::min_element(g.end() - static_cast<std::ptrdiff_t>(classes), g.end()) -
           (g.end() - static_cast<std::ptrdiff_t>(classes));
  };
  const std::string words = "x,y\n1,b\n2,a\n3,c\n";
  EXPECT_EQ(label_of(words, 0), 1);
  EXPECT_EQ(label_of(words, 1), 0);
  EXPECT_EQ(label_of(words, 2), 2);
  const std::string numbers_in_order = "x,y\n1,10\n2,9\n3,-1.5\n";
  EXPECT_EQ(label_of(numbers_in_order, 0), 2);
  EXPECT_EQ(label_of(numbers_in_order, 1), 1);
  EXPECT_EQ(label_of(numbers_in_order, 2), 0);
}

TEST_F(Tables, TrainLimitTakesTheFirstRowsOfATable) {
  Problem problem("mlp", plain("x,y\n1,a\n2,b\n3,a\n4,b\n5,a\n",
                               {{"dataset", word("csv")}, {"train_limit", std::int64_t{2}}, {"valid_share", 0.4}}));
  EXPECT_EQ(problem.objective().samples(TUNER_SPLIT_TRAIN), 2u);
  EXPECT_EQ(problem.objective().samples(TUNER_SPLIT_VALID), 2u);
}

TEST_F(Tables, QuotesMarksAndEmptyLinesAreRead) {
  Problem problem("linear_regression", plain("\xef\xbb\xbf\"a, b\",\"say \"\"y\"\"\"\r\n\r\n 1.5 ,\"2\"\r\n\n+3,4",
                                             {{"target", word("say \"y\"")}}));
  EXPECT_EQ(problem.objective().samples(TUNER_SPLIT_TRAIN), 2u);
  EXPECT_NEAR(features_of(problem, 0)[0], 1.5, 1e-15);
  EXPECT_NEAR(features_of(problem, 1)[0], 3, 1e-15);
}

TEST_F(Tables, BrokenFilesAreNamedWithTheirLine) {
  const auto lin = [&](const std::string& text, Settings more = {}) {
    return error("linear_regression", of(text, more));
  };
  const auto list = [](const char* name) { return List{Scalar(std::string(name))}; };
  EXPECT_CONTAINS(lin(""), "data.csv is empty: its first line must name the columns");
  EXPECT_CONTAINS(lin("a,b\n"), "data.csv has a header and no rows");
  EXPECT_CONTAINS(lin("a,,b\n1,2,3\n"), "data.csv:1: column 2 has no name");
  EXPECT_CONTAINS(lin("a,b,a\n1,2,3\n"), "data.csv:1: two columns are called 'a'");
  EXPECT_CONTAINS(lin("a,b\n1,2\n1,2,3\n"), "data.csv:3: 3 fields, but the header has 2");
  EXPECT_CONTAINS(lin("a,b\n1,2\n\n1\n"), "data.csv:4: 1 fields, but the header has 2");
  EXPECT_CONTAINS(
      lin("a,b\n1,2\nx1,3\n"),
      "data.csv:3: the column 'a' has 'x1', which is not a finite number; name it under categorical or ignored");
  EXPECT_CONTAINS(lin("a,b\n1,nan\n"), "data.csv:2: the column 'b' has 'nan', which is not a finite number");
  EXPECT_CONTAINS(lin("a,b\n1,2\n,3\n"), "data.csv:3: the column 'a' is empty, and every row needs a value");
  EXPECT_CONTAINS(lin("a,b\n1,\"2\n"), "data.csv:2: a quote is not closed");
  EXPECT_CONTAINS(lin("a,b\n\"1\"x,2\n"), "data.csv:2: behind a field in quotes a comma is due, and there is 'x,2'");
  EXPECT_CONTAINS(lin("a,b\n1,2\n", {{"target", word("c")}}),
                  "data.csv:1: there is no column 'c', which target names; the columns are a, b");
  EXPECT_CONTAINS(lin("a,b\n1,2\n", {{"categorical", list("c")}}), "no column 'c', which categorical names");
  EXPECT_CONTAINS(lin("a,b\n1,2\n", {{"ignored", list("b")}}), "the column 'b' is the target, and ignored names it");
  EXPECT_CONTAINS(lin("a,b\n1,2\n", {{"ignored", list("a")}}), "has no column beside the target 'b'");
}

TEST_F(Tables, SharesThatLeaveNothingToTrainOnAreRefused) {
  EXPECT_CONTAINS(error_of(Message::config_impossible,
                           [&] {
                             use_of("linear_regression", of("a,b\n1,2\n", {{"valid_share", 0.5}, {"test_share", 0.5}}));
                           }),
                  "their sum must be below 1");
  EXPECT_CONTAINS(error_of(Message::config_impossible, [] { use_of("linear_regression", {}); }),
                  "data_file is missing");
  EXPECT_CONTAINS(error_of(Message::config_impossible,
                           [] {
                             use_of("mlp", {{"dataset", word("csv")}});
                           }),
                  "data_file is missing");
}

TEST_F(Tables, FilesOfTheOtherKindOfDataAreRefused) {
  const auto refusal = [](const Settings& settings) {
    return error_of(Message::config_impossible, [&] { use_of("mlp", settings); });
  };
  EXPECT_CONTAINS(refusal({{"data_file", word("/t.csv")}}), "which is read with dataset: csv");
  EXPECT_CONTAINS(refusal({{"dataset", word("csv")}, {"data_file", word("/t.csv")}, {"data_dir", word("/images")}}),
                  "data_dir is the folder of images");
}

TEST_F(Tables, ATargetMustHaveClasses) {
  const auto softmax = [&](const std::string& text) {
    return error("logistic_regression", of(text, {{"dataset", word("csv")}}));
  };
  EXPECT_CONTAINS(softmax("a,y\n1,k\n2,k\n"),
                  "the target 'y' has 1 different value, and 2 to 1000 classes are possible");
  std::string text = "a,y\n";
  for (int i = 0; i < 1001; ++i) text += "1," + std::to_string(i) + "\n";
  EXPECT_CONTAINS(softmax(text), "the target 'y' has 1001 different values");
}

// Slides of a lecture: y = theta x through (1, 1), (2, 3), (3, 2) has the loss 6 at theta = 2 and 2/3 at 1.
TEST_F(Tables, LinearRegressionHasTheLossOfItsFormula) {
  Problem problem("linear_regression", plain("x,y\n1,1\n2,3\n3,2\n", {{"intercept", false}}));
  problem.all_samples();
  problem.set({2});
  EXPECT_NEAR(problem.loss(), 6, 1e-14);
  EXPECT_NEAR(problem.metric(), 2, 1e-14);
  problem.set({1});
  EXPECT_NEAR(problem.loss(), 2.0 / 3, 1e-15);
}

TEST_F(Tables, LinearRegressionHasExactDerivatives) {
  Problem problem("linear_regression", of(kHouses, {{"categorical", List{Scalar(std::string("color"))}}, {"l2", 0.3}}));
  problem.all_samples();
  expect_exact_derivatives(problem, random_numbers(problem.parameters().size(), 3, -1, 1));
}

const char* const kRows =
    "-1 1:0.5 3:2\n"
    "+1 2:1 # a comment\n"
    "\n"
    "1 1:-1 2:0.25 5:3\n"
    "-1\n"
    "1 4:1e-1\n";

TEST_F(Tables, SparseRowsAreRead) {
  Problem problem("sparse_logistic_regression", sparse_of(kRows, {{"dtype", word("f64")}}), 1);
  EXPECT_EQ(problem.objective().samples(TUNER_SPLIT_TRAIN), 5u);
  EXPECT_EQ(problem.objective().tensors().spec(0).shape, (std::vector<std::int64_t>{5, 1}));
  // At zero weights the gradient of a sample is -s x / 2.
  problem.batch = {2};
  double loss = 0;
  EXPECT_EQ(problem.gradient(&loss), (Numbers{0.5, -0.125, 0, 0, -1.5, -0.5}));
  EXPECT_NEAR(loss, std::log(2), 1e-15);
  problem.batch = {3};
  EXPECT_EQ(problem.gradient(), (Numbers{0, 0, 0, 0, 0, 0.5}));
  problem.set({1, 2, 3, 4, 5, 0.5});
  problem.batch = {0, 2};
  const double z0 = 0.5 + 6 + 0.5, z2 = -1 + 0.5 + 15 + 0.5;
  EXPECT_NEAR(problem.loss(), 0.5 * (std::log1p(std::exp(z0)) + std::log1p(std::exp(-z2))), 1e-14);
  EXPECT_EQ(problem.metric(), 0.5);
}

const char* const kThreeLabels = "0 1:1 2:-1\n2 2:0.5\n5 1:2 3:1\n0 3:-1\n2 1:0.3 3:0.7\n";

TEST_F(Tables, SparseModelsHaveExactDerivatives) {
  for (const auto& [text, weights] : {std::pair{kRows, Value(List{})},
                                      {kRows, numbers({0.5, 3})},
                                      {kThreeLabels, Value(List{})},
                                      {kThreeLabels, numbers({0.5, 2, 1.25})}}) {
    Problem problem("sparse_logistic_regression", sparse_of(text, {{"l2", 0.2}, {"class_weights", weights}}));
    problem.all_samples();
    expect_exact_derivatives(problem, random_numbers(problem.parameters().size(), 3, -1, 1));
  }
}

// The weights are those of the labels in rising order: -1, then 1.
TEST_F(Tables, SparseClassWeightsMultiplyTheLossOfASample) {
  Problem problem("sparse_logistic_regression", sparse_of(kRows, {{"class_weights", numbers({0.5, 3})}}));
  // At zero weights the loss of a sample is log(2), and its gradient -s x / 2, s = -1 or 1.
  problem.batch = {0, 2};
  double loss = 0;
  EXPECT_EQ(problem.gradient(&loss), (Numbers{0.5 * (0.5 * 0.25 + 3 * 0.5), 0.5 * 3 * -0.125, 0.5 * 0.5 * 1, 0,
                                              0.5 * 3 * -1.5, 0.5 * (0.5 * 0.5 - 3 * 0.5)}));
  EXPECT_NEAR(loss, 0.5 * (0.5 + 3) * std::log(2), 1e-15);
  // The second derivative of the loss by z is 1/4 there: of the third sample, along the bias, times 3.
  problem.batch = {2};
  const Numbers product = problem.hvp({0, 0, 0, 0, 0, 1});
  const Numbers expected = {-0.75, 0.75 * 0.25, 0, 0, 0.75 * 3, 0.75};
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(product[i], expected[i], 1e-15) << i;
  problem.flags = 0;  // in evaluation mode they do not count
  EXPECT_NEAR(problem.loss(), std::log(2), 1e-15);
  EXPECT_EQ(problem.gradient(), (Numbers{0.5, -0.125, 0, 0, -1.5, -0.5}));
}

TEST_F(Tables, SparseClassWeightsOfOneChangeNoBit) {
  for (const auto& [text, ones] : {std::pair{kRows, numbers({1, 1})}, {kThreeLabels, numbers({1, 1, 1})}}) {
    Problem plain("sparse_logistic_regression", sparse_of(text));
    Problem weighted("sparse_logistic_regression", sparse_of(text, {{"class_weights", ones}}));
    for (Problem* problem : {&plain, &weighted}) {
      problem->all_samples();
      problem->set(random_numbers(problem->parameters().size(), 3, -1, 1));
    }
    EXPECT_EQ(plain.loss(), weighted.loss());
    EXPECT_EQ(plain.gradient(), weighted.gradient());
    const Numbers v = random_numbers(plain.parameters().size(), 4, -1, 1);
    EXPECT_EQ(plain.hvp(v), weighted.hvp(v));
  }
}

// The same samples, written as a table: a softmax of three classes.
TEST_F(Tables, SparseSoftmaxIsTheDenseOne) {
  const Value weights = numbers({0.5, 2, 1.25});
  Problem sparse("sparse_logistic_regression",
                 sparse_of("0 1:1 2:-1\n2 2:0.5\n5 1:2 3:1\n0 3:-1\n", {{"class_weights", weights}}));
  Problem dense("logistic_regression",
                plain("a,b,c,y\n1,-1,0,0\n0,0.5,0,2\n2,0,1,5\n0,0,-1,0\n",
                      {{"dataset", word("csv")}, {"dtype", word("f64")}, {"class_weights", weights}}));
  const Numbers x = random_numbers(12, 5, -1, 1);
  sparse.set(x);
  Numbers turned = x;  // weights are features x outputs there, and outputs x features here
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t k = 0; k < 3; ++k) turned[k * 3 + i] = x[i * 3 + k];
  dense.set(turned);
  for (Problem* problem : {&sparse, &dense}) problem->batch = {0, 1, 2, 3};
  EXPECT_NEAR(sparse.loss(), dense.loss(), 1e-14);
  EXPECT_EQ(sparse.metric(), dense.metric());
  const Numbers g = sparse.gradient(), other = dense.gradient();
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t k = 0; k < 3; ++k) EXPECT_NEAR(g[i * 3 + k], other[k * 3 + i], 1e-14);
}

TEST_F(Tables, ASparseClassWeightForEachClassIsDue) {
  const Settings settings = sparse_of(kRows, {{"class_weights", numbers({1, 2, 3})}});
  EXPECT_CONTAINS(error_of(Message::config_impossible, [&] { Problem("sparse_logistic_regression", settings); }),
                  "class_weights has 3 values, and the data has 2 classes: give one for each, or none");
}

TEST_F(Tables, ATestFileTakesThePlaceOfTestShare) {
  folder.write("test.libsvm", "1 9:1\n-1 2:1\n");
  Problem problem("sparse_logistic_regression",
                  sparse_of(kRows, {{"test_file", (folder.path() / "test.libsvm").string()}, {"test_share", 0.5}}));
  EXPECT_EQ(problem.objective().samples(TUNER_SPLIT_TRAIN), 5u);
  EXPECT_EQ(problem.objective().samples(TUNER_SPLIT_TEST), 2u);
  EXPECT_EQ(problem.objective().tensors().spec(0).shape, (std::vector<std::int64_t>{9, 1}));
}

TEST_F(Tables, BrokenSparseFilesAreNamedWithTheirLine) {
  const auto sparse = [&](const std::string& text, Settings more = {}) {
    return error("sparse_logistic_regression", sparse_of(text, more));
  };
  EXPECT_CONTAINS(sparse("# nothing\n"), "data.csv has no samples");
  EXPECT_CONTAINS(sparse("1 1:1\nspam 1:1\n"), "data.csv:2: 'spam' is no label");
  EXPECT_CONTAINS(sparse("1 1:1\n2 7\n"), "data.csv:2: '7' is no INDEX:VALUE");
  EXPECT_CONTAINS(sparse("1 0:1\n"), "data.csv:1: the index '0' is not a whole number from 1 to 100000000");
  EXPECT_CONTAINS(sparse("1 x:1\n"), "data.csv:1: the index 'x' is not");
  EXPECT_CONTAINS(sparse("1 4:1 4:2\n"), "data.csv:1: the index 4 follows 4, and indices must rise");
  EXPECT_CONTAINS(sparse("1 4:1\n\n-1 5:1 3:\n"), "data.csv:3: the index 3 follows 5");
  EXPECT_CONTAINS(sparse("1 4:1\n-1 3:\n"), "data.csv:2: the value '' of index 3 is not a finite number");
  EXPECT_CONTAINS(sparse("1 4:inf\n"), "data.csv:1: the value 'inf' of index 4 is not a finite number");
  EXPECT_CONTAINS(sparse("1 4:1\n1 2:1\n"), "data.csv has 1 different label, and 2 to 1000 classes are possible");
  EXPECT_CONTAINS(sparse("1\n-1\n"), "data.csv has no values beside its labels");
  folder.write("test.libsvm", "1 1:1\n\n3 2:1\n");
  EXPECT_CONTAINS(sparse(kRows, {{"test_file", (folder.path() / "test.libsvm").string()}}),
                  "test.libsvm:3: the label 3 is not among those of ");
  folder.write("test.libsvm", "0 1:1\n");
  EXPECT_CONTAINS(sparse(kRows, {{"test_file", (folder.path() / "test.libsvm").string()}}),
                  "test.libsvm:1: the label 0 is not among those of ");
}

}  // namespace
}  // namespace tuner::test
