#include <cmath>

#include "idx_files.hpp"
#include "objective_fixture.hpp"

namespace tuner::test {
namespace {

Settings small(const SmallImages& images, Settings more = {}) {
  more.insert(
      {{"dataset", std::string("idx")}, {"data_dir", images.folder.path().string()}, {"valid_size", std::int64_t{10}}});
  return more;
}

std::string load_error(const SmallImages& images, const Settings& more = {}) {
  return error_of(Message::plugin_data, [&] { Problem("logistic_regression", small(images, more)); });
}

// At zero parameters all classes are equally likely, so the gradient of a sample's bias and weights tells its pixels.
Numbers pixels_of(Problem& problem, std::uint64_t sample) {
  problem.batch = {sample};
  const Numbers g = problem.gradient();
  const std::size_t features = SmallImages::kFeatures;
  Numbers pixels(g.begin(), g.begin() + static_cast<std::ptrdiff_t>(features));
  for (double& p : pixels) p /= g[SmallImages::kClasses * features];  // gradient of the first class's bias
  return pixels;
}

TEST(ImageData, SplitsTakeTheirPartsOfTheFiles) {
  const SmallImages images;
  Problem problem("logistic_regression", small(images, {{"dtype", std::string("f64")}}));
  EXPECT_EQ(problem.objective().samples(TUNER_SPLIT_TRAIN), 20u);
  EXPECT_EQ(problem.objective().samples(TUNER_SPLIT_VALID), 10u);
  EXPECT_EQ(problem.objective().samples(TUNER_SPLIT_TEST), 12u);
  const auto expect_pixels = [&](std::uint32_t split, std::uint64_t sample, const std::uint8_t* bytes) {
    problem.split = split;
    const Numbers pixels = pixels_of(problem, sample);
    for (std::size_t i = 0; i < pixels.size(); ++i) EXPECT_NEAR(pixels[i], bytes[i] / 255.0, 1e-12);
  };
  expect_pixels(TUNER_SPLIT_TRAIN, 0, images.train_pixels.data());
  expect_pixels(TUNER_SPLIT_TRAIN, 19, images.train_pixels.data() + 19 * 12);
  expect_pixels(TUNER_SPLIT_VALID, 0, images.train_pixels.data() + 20 * 12);
  expect_pixels(TUNER_SPLIT_TEST, 11, images.test_pixels.data() + 11 * 12);
}

TEST(ImageData, TrainLimitLeavesTheValidationSplitAlone) {
  const SmallImages images;
  Problem whole("logistic_regression", small(images, {{"dtype", std::string("f64")}}));
  Problem limited("logistic_regression",
                  small(images, {{"dtype", std::string("f64")}, {"train_limit", std::int64_t{5}}}));
  EXPECT_EQ(limited.objective().samples(TUNER_SPLIT_TRAIN), 5u);
  EXPECT_EQ(limited.objective().samples(TUNER_SPLIT_VALID), 10u);
  whole.split = limited.split = TUNER_SPLIT_VALID;
  EXPECT_EQ(pixels_of(whole, 3), pixels_of(limited, 3));
}

TEST(ImageData, StandardizedPixelsHaveMeanZeroAndDeviationOneOverTheTrainingSplit) {
  const SmallImages images;
  Problem problem("logistic_regression",
                  small(images, {{"dtype", std::string("f64")}, {"pixels", std::string("standardized")}}));
  double sum = 0, squares = 0;
  for (std::uint64_t i = 0; i < 20; ++i)
    for (const double p : pixels_of(problem, i)) {
      sum += p;
      squares += p * p;
    }
  EXPECT_NEAR(sum / 240, 0, 1e-10);
  EXPECT_NEAR(squares / 240, 1, 1e-10);
}

TEST(ImageData, SamplesOutsideTheSplitAreRefused) {
  const SmallImages images;
  Problem problem("logistic_regression", small(images));
  problem.batch = {20};
  double loss = 0;
  EXPECT_EQ(problem.run(TUNER_WANT_LOSS, &loss, nullptr), TUNER_ERROR);
}

TEST(ImageData, AMissingFileSaysWhatToInstall) {
  const SmallImages images;
  std::filesystem::remove(images.folder.path() / "t10k-labels-idx1-ubyte.gz");
  const std::string error = load_error(images);
  EXPECT_CONTAINS(error, "t10k-labels-idx1-ubyte.gz");
  EXPECT_CONTAINS(error, images.folder.path().string());
  EXPECT_CONTAINS(error, "dataset-fashion-mnist");
  EXPECT_CONTAINS(error, "data_dir");
}

TEST(ImageData, TruncatedFilesAreNamed) {
  const SmallImages images;
  const std::string whole = idx_bytes(0x803, {30, 3, 4}, images.train_pixels);
  const auto with = [&](const std::string& bytes) {
    images.folder.write("train-images-idx3-ubyte", bytes);
    const std::string error = load_error(images);
    EXPECT_CONTAINS(error, "train-images-idx3-ubyte");
    return error;
  };
  EXPECT_CONTAINS(with(whole.substr(0, whole.size() - 1)),
                  "truncated: its header says 360 bytes of data, but it has 359");
  EXPECT_CONTAINS(with(whole.substr(0, 10)), "truncated: it ends within the header");
  EXPECT_CONTAINS(with(""), "truncated");
  EXPECT_CONTAINS(with(whole + "x"), "longer than the 360 bytes");
  EXPECT_CONTAINS(with(idx_bytes(0x803, {0xffffffff, 0xffffffff, 0xffffffff}, {})), "impossible extents");
  EXPECT_CONTAINS(with(idx_bytes(0x803, {0xffffffff, 0xffff, 1}, {1, 2})), "truncated");
}

TEST(ImageData, DamagedCompressedFilesAreNamed) {
  const SmallImages images;
  const std::string name = "t10k-images-idx3-ubyte.gz";
  std::ifstream file(images.folder.path() / name, std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(file), {}};
  for (const std::size_t kept : {whole.size() - 1, whole.size() - 8, whole.size() / 2, std::size_t{12}}) {
    images.folder.write(name, whole.substr(0, kept));
    const std::string error = load_error(images);
    EXPECT_CONTAINS(error, name);
    EXPECT_CONTAINS(error, "truncated");
  }
  std::string damaged = whole;
  damaged[damaged.size() - 6] ^= 0x55;  // the checksum
  images.folder.write(name, damaged);
  const std::string error = load_error(images);
  EXPECT_CONTAINS(error, name + " is damaged");
}

TEST(ImageData, ACompressedFileThatClaimsMoreThanThereIsMemoryIsNotBegun) {
  const SmallImages images;
  std::filesystem::remove(images.folder.path() / "train-images-idx3-ubyte");
  write_gzip(images.folder, "train-images-idx3-ubyte.gz", idx_bytes(0x803, {0xffffffff, 0xffff, 1}, {1, 2}));
  EXPECT_CONTAINS(load_error(images), "says 281470681677825 bytes of data in its header, and this machine has ");
}

TEST(ImageData, AnotherMagicNumberIsNamed) {
  const SmallImages images;
  images.folder.write("train-labels-idx1-ubyte", idx_bytes(0x803, {30}, images.train_labels));
  const std::string error = load_error(images);
  EXPECT_CONTAINS(error, "train-labels-idx1-ubyte has the magic number 0x00000803");
  EXPECT_CONTAINS(error, "0x00000801");
}

TEST(ImageData, FilesThatDoNotBelongTogetherAreNamed) {
  const SmallImages images;
  images.folder.write("train-labels-idx1-ubyte", idx_bytes(0x801, {29}, std::vector<std::uint8_t>(29)));
  EXPECT_CONTAINS(load_error(images), "has 29 labels");
  const SmallImages others;
  write_gzip(others.folder, "t10k-images-idx3-ubyte.gz", idx_bytes(0x803, {12, 4, 3}, others.test_pixels));
  EXPECT_CONTAINS(load_error(others), "4 x 3 pixels");
}

TEST(ImageData, AFolderInPlaceOfAFileIsNamed) {
  const SmallImages images;
  std::filesystem::remove(images.folder.path() / "train-images-idx3-ubyte");
  std::filesystem::create_directory(images.folder.path() / "train-images-idx3-ubyte");
  EXPECT_CONTAINS(load_error(images), "train-images-idx3-ubyte is a folder, and data is read from regular files alone");
}

TEST(ImageData, AValidSizeThatLeavesNothingToTrainOnIsRefused) {
  const SmallImages images;
  EXPECT_CONTAINS(load_error(images, {{"valid_size", std::int64_t{30}}}), "none would be left to train on");
}

TEST(ImageData, IdxNeedsAFolder) {
  EXPECT_CONTAINS(error_of(Message::config_impossible,
                           [] {
                             use_of("mlp", {{"dataset", std::string("idx")}});
                           }),
                  "needs data_dir");
}

// As Debian's dataset-fashion-mnist installs it; scripts/setup does so, hence its absence is a failure.
TEST(FashionMnist, IsReadFromDebiansPackage) {
  Problem problem("logistic_regression", {});
  EXPECT_EQ(problem.objective().samples(TUNER_SPLIT_TRAIN), 50000u);
  EXPECT_EQ(problem.objective().samples(TUNER_SPLIT_VALID), 10000u);
  EXPECT_EQ(problem.objective().samples(TUNER_SPLIT_TEST), 10000u);
  EXPECT_EQ(problem.objective().tensors().spec(0).shape, (std::vector<std::int64_t>{10, 784}));
  problem.flags = 0;
  for (const std::uint32_t split : {TUNER_SPLIT_VALID, TUNER_SPLIT_TEST}) {
    problem.split = split;
    EXPECT_NEAR(problem.all_samples().loss(), std::log(10), 1e-6);
  }
  EXPECT_EQ(problem.metric(), 0.1);  // of the test images, 1,000 are of class 0
  problem.split = TUNER_SPLIT_TRAIN;
  problem.batch = {0};
  const Numbers g = problem.gradient();  // an ankle boot: class 9
  for (std::size_t k = 0; k < 10; ++k) EXPECT_NEAR(g[7840 + k], k == 9 ? -0.9 : 0.1, 1e-6);
}

}  // namespace
}  // namespace tuner::test
