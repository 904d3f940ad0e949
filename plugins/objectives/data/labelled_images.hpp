// Images with class labels, split into train, valid and test: what the classifiers learn from.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/labelled_samples.hpp"

namespace tuner::objectives {

struct ImageSource {
  std::string folder;                // with the four files of MNIST's names, plain or .gz
  std::uint64_t valid_size = 10000;  // the last ones of the training file
  std::uint64_t train_limit = 0;     // use the first ones of the training part alone; 0: all
  bool standardize = false;          // pixels to mean 0, deviation 1 over the training split; else to [0, 1]
};

// Immutable after construction; any number of threads may read.
class LabelledImages final : public LabelledSamples {
 public:
  // Errors (std::runtime_error): those of read_idx; a missing file, with what to install; counts or sizes that do not
  // match between the files; a valid_size that leaves no training images.
  explicit LabelledImages(const ImageSource& source);
  // The four files in `folder`, those of them that are there.
  [[nodiscard]] static std::vector<std::string> files_in(const std::string& folder);

  [[nodiscard]] std::size_t rows() const { return rows_; }
  [[nodiscard]] std::size_t columns() const { return columns_; }
  [[nodiscard]] std::size_t features() const override { return features_; }
  [[nodiscard]] std::size_t classes() const override { return classes_; }
  [[nodiscard]] std::uint64_t size(std::uint32_t split) const override { return splits_[split].count; }

  // The values of a sample are its pixels, row by row.
  void gather(std::uint32_t split, std::span<const std::uint64_t> indices, float* pixels,
              std::uint32_t* labels) const override {
    gather_as(split, indices, pixels, labels);
  }
  void gather(std::uint32_t split, std::span<const std::uint64_t> indices, double* pixels,
              std::uint32_t* labels) const override {
    gather_as(split, indices, pixels, labels);
  }

 private:
  struct Split {
    const std::uint8_t* pixels = nullptr;
    const std::uint8_t* labels = nullptr;
    std::uint64_t count = 0;
  };
  struct Part {
    std::vector<std::uint8_t> pixels, labels;
  };
  void load(const ImageSource& source, const char* prefix, Part& part);
  void split_up(const ImageSource& source);
  void standardize();
  template <class T>
  void gather_as(std::uint32_t split, std::span<const std::uint64_t> indices, T* pixels, std::uint32_t* labels) const;

  Part train_, test_;
  std::array<Split, TUNER_N_SPLITS> splits_;
  std::size_t rows_ = 0, columns_ = 0, features_ = 0, classes_ = 0;
  double scale_ = 1.0 / 255, shift_ = 0;  // a pixel's value is scale * byte + shift
};

}  // namespace tuner::objectives
