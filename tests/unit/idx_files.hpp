// Small data sets in IDX files.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <string>
#include <vector>

#include "temporary_folder.hpp"
#include "tuner/abi.h"

namespace tuner::test {

inline std::string idx_bytes(std::uint32_t magic, const std::vector<std::uint32_t>& shape,
                             const std::vector<std::uint8_t>& data) {
  std::string out;
  const auto put = [&](std::uint32_t word) {
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(word >> shift & 0xff));
  };
  put(magic);
  for (const std::uint32_t extent : shape) put(extent);
  out.append(data.begin(), data.end());
  return out;
}

inline std::string write_gzip(const TemporaryFolder& folder, const std::string& name, const std::string& bytes) {
  const std::string path = (folder.path() / name).string();
  gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
  return path;
}

// Random images of 3 x 4 pixels in three classes: 30 in the training file (plain), 12 in the test file (gzip).
struct SmallImages {
  static constexpr std::size_t kTrain = 30, kTest = 12, kFeatures = 12, kClasses = 3;
  std::vector<std::uint8_t> train_pixels = random(kTrain * kFeatures, 256, 1),
                            train_labels = random(kTrain, kClasses, 2);
  std::vector<std::uint8_t> test_pixels = random(kTest * kFeatures, 256, 3), test_labels = random(kTest, kClasses, 4);
  TemporaryFolder folder;

  SmallImages() {
    train_labels[0] = kClasses - 1;
    folder.write("train-images-idx3-ubyte", idx_bytes(0x803, {kTrain, 3, 4}, train_pixels));
    folder.write("train-labels-idx1-ubyte", idx_bytes(0x801, {kTrain}, train_labels));
    write_gzip(folder, "t10k-images-idx3-ubyte.gz", idx_bytes(0x803, {kTest, 3, 4}, test_pixels));
    write_gzip(folder, "t10k-labels-idx1-ubyte.gz", idx_bytes(0x801, {kTest}, test_labels));
  }
  static std::vector<std::uint8_t> random(std::size_t n, std::uint64_t bound, std::uint64_t seed) {
    tuner_rng rng{};
    rng.struct_size = sizeof rng;
    rng.purpose = TUNER_RNG_DATA;
    rng.seed = seed;
    std::vector<std::uint8_t> out(n);
    for (auto& byte : out) byte = static_cast<std::uint8_t>(tuner_rng_next_below(&rng, bound));
    return out;
  }
};

}  // namespace tuner::test
