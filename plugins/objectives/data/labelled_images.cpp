#include "data/labelled_images.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <stdexcept>

#include "data/idx.hpp"
#include "linear_algebra/elements.hpp"

namespace tuner::objectives {
namespace {

constexpr const char* kImages = "-images-idx3-ubyte";
constexpr const char* kLabels = "-labels-idx1-ubyte";

// The plain file where there is one, else the compressed one; empty where there is neither.
std::string file_of(const std::string& folder, const std::string& name) {
  for (const char* suffix : {"", ".gz"}) {
    const auto path = std::filesystem::path(folder) / (name + suffix);
    if (std::error_code ignored; std::filesystem::exists(path, ignored)) return path.string();
  }
  return "";
}

std::string find_file(const std::string& folder, const std::string& name) {
  if (std::string path = file_of(folder, name); !path.empty()) return path;
  throw std::runtime_error(
      "neither " + name + " nor " + name + ".gz is in " + folder +
      ": install Debian's package dataset-fashion-mnist (apt-get install dataset-fashion-mnist), or name "
      "the folder that has the four IDX files with data_dir");
}

}  // namespace

LabelledImages::LabelledImages(const ImageSource& source) {
  load(source, "train", train_);
  load(source, "t10k", test_);
  split_up(source);
  if (source.standardize) standardize();
}

std::vector<std::string> LabelledImages::files_in(const std::string& folder) {
  std::vector<std::string> files;
  for (const std::string prefix : {"train", "t10k"})
    for (const char* kind : {kImages, kLabels})
      if (std::string path = file_of(folder, prefix + kind); !path.empty()) files.push_back(std::move(path));
  return files;
}

void LabelledImages::load(const ImageSource& source, const char* prefix, Part& part) {
  const std::string image_path = find_file(source.folder, std::string(prefix) + kImages);
  const std::string label_path = find_file(source.folder, std::string(prefix) + kLabels);
  IdxArray images = read_idx(image_path, 3), labels = read_idx(label_path, 1);
  if (images.shape[0] != labels.shape[0])
    throw std::runtime_error(image_path + " has " + std::to_string(images.shape[0]) + " images, but " + label_path +
                             " has " + std::to_string(labels.shape[0]) +
                             " labels: the two files do not belong together");
  if (images.bytes.empty()) throw std::runtime_error(image_path + " has no pixels");
  if (features_ == 0) {
    rows_ = images.shape[1];
    columns_ = images.shape[2];
    features_ = rows_ * columns_;
  } else if (images.shape[1] != rows_ || images.shape[2] != columns_) {
    throw std::runtime_error(image_path + " has images of " + std::to_string(images.shape[1]) + " x " +
                             std::to_string(images.shape[2]) + " pixels, but those of the training file have " +
                             std::to_string(rows_) + " x " + std::to_string(columns_));
  }
  classes_ = std::max(classes_, std::size_t{*std::max_element(labels.bytes.begin(), labels.bytes.end())} + 1);
  part.pixels = std::move(images.bytes);
  part.labels = std::move(labels.bytes);
}

void LabelledImages::split_up(const ImageSource& source) {
  const std::uint64_t all = train_.labels.size();
  if (source.valid_size >= all)
    throw std::runtime_error("valid_size is " + std::to_string(source.valid_size) + ", but " + source.folder + " has " +
                             std::to_string(all) + " training images: none would be left to train on");
  const std::uint64_t part = all - source.valid_size;
  const std::uint64_t used = source.train_limit == 0 ? part : std::min(part, source.train_limit);
  splits_[TUNER_SPLIT_TRAIN] = {train_.pixels.data(), train_.labels.data(), used};
  splits_[TUNER_SPLIT_VALID] = {train_.pixels.data() + part * features_, train_.labels.data() + part,
                                source.valid_size};
  splits_[TUNER_SPLIT_TEST] = {test_.pixels.data(), test_.labels.data(), test_.labels.size()};
}

// One mean and one deviation for all pixels, of the training split alone, so that nothing leaks from the others.
void LabelledImages::standardize() {
  const Split& train = splits_[TUNER_SPLIT_TRAIN];
  const std::uint64_t n = train.count * features_;
  std::uint64_t sum = 0, squares = 0;  // exact: 2^64 holds 2.8e14 squares of 255
  for (std::uint64_t i = 0; i < n; ++i) {
    const std::uint64_t value = train.pixels[i];
    sum += value;
    squares += value * value;
  }
  const double mean = static_cast<double>(sum) / static_cast<double>(n);
  const double variance = static_cast<double>(squares) / static_cast<double>(n) - mean * mean;
  if (!(variance > 0))
    throw std::runtime_error("pixels: standardized divides by the deviation, but all training pixels are equal");
  scale_ = 1 / std::sqrt(variance);
  shift_ = -mean * scale_;
}

template <class T>
void LabelledImages::gather_as(std::uint32_t split, std::span<const std::uint64_t> indices, T* pixels,
                               std::uint32_t* labels) const {
  const Split& from = splits_.at(split);
  const T scale = static_cast<T>(scale_), shift = static_cast<T>(shift_);
  for (const std::uint64_t index : indices)
    if (index >= from.count)
      throw std::out_of_range("sample " + std::to_string(index) + " of " + std::to_string(from.count));
  // Samples lie all over the memory: the next one is on its way while this one is converted.
  constexpr std::size_t kCacheLine = 64;
  for (std::size_t i = 0; i < indices.size(); ++i) {
    const std::uint8_t* const next = from.pixels + indices[std::min(i + 1, indices.size() - 1)] * features_;
    for (std::size_t byte = 0; byte < features_; byte += kCacheLine) __builtin_prefetch(next + byte);
    linear_algebra::values_of_bytes(from.pixels + indices[i] * features_, features_, scale, shift, pixels);
    pixels += features_;
    *labels++ = from.labels[indices[i]];
  }
}

template void LabelledImages::gather_as(std::uint32_t, std::span<const std::uint64_t>, float*, std::uint32_t*) const;
template void LabelledImages::gather_as(std::uint32_t, std::span<const std::uint64_t>, double*, std::uint32_t*) const;

}  // namespace tuner::objectives
