#include "predictions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <numeric>
#include <system_error>

#include "tuner/catalogue.hpp"
#include "tuner/error.hpp"
#include "tuner/trial_run.hpp"

namespace tuner {

namespace {

// Magic, version, length of the text, and a text that ends the header at a multiple of 64 bytes.
std::string npy_header(std::uint64_t rows, std::uint64_t columns) {
  constexpr std::size_t kBegin = 10, kAlignment = 64;
  std::string text = fmt::format("{{'descr': '<f8', 'fortran_order': False, 'shape': ({}, {}), }}", rows, columns);
  text.append(kAlignment - 1 - (kBegin + text.size()) % kAlignment, ' ');
  text += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(text.size() & 0xff);
  header += static_cast<char>(text.size() >> 8);
  return header + text;
}

void write(const std::filesystem::path& folder, std::uint64_t trial, const Predicted& predicted) {
  std::filesystem::create_directories(folder);
  const std::filesystem::path file = folder / fmt::format("{}.npy", trial);
  const std::filesystem::path unfinished = file.string() + ".part";
  errno = 0;
  std::ofstream out(unfinished, std::ios::binary);
  const std::string header = npy_header(predicted.probabilities.size() / predicted.classes, predicted.classes);
  out.write(header.data(), static_cast<std::streamsize>(header.size()));
  out.write(reinterpret_cast<const char*>(predicted.probabilities.data()),
            static_cast<std::streamsize>(predicted.probabilities.size() * sizeof(double)));
  out.close();
  if (!out) throw std::system_error(errno != 0 ? errno : EIO, std::generic_category(), unfinished.string());
  std::filesystem::rename(unfinished, file);
}

}  // namespace

std::uint64_t classes_to_predict(Objective& objective, const PluginUse& use, tuner_error& error) {
  std::uint64_t classes = 0;
  const bool samples = objective.samples(TUNER_SPLIT_VALID) > 0;
  if (samples && objective.classes(&classes, &error) == TUNER_OK) return classes;
  throw Error(Message::config_impossible,
              fmt::format("objective '{}' predicts no classes: {}", use.plugin->id(),
                          samples ? error.text : "it has no validation samples"),
              "remove predictions, or take a classifier with a validation split");
}

Predicted predict_in_pieces(std::uint64_t n, std::uint64_t classes, std::uint64_t most,
                            const std::function<void(std::span<const std::uint64_t>, double*)>& piece) {
  Predicted predicted{.classes = classes, .probabilities = std::vector<double>(n * classes)};
  std::vector<std::uint64_t> indices(std::min(most, n));
  for (std::uint64_t begin = 0; begin < n; begin += most) {
    const auto count = static_cast<std::ptrdiff_t>(std::min(most, n - begin));
    std::iota(indices.begin(), indices.begin() + count, begin);
    piece(std::span(indices).first(static_cast<std::size_t>(count)), predicted.probabilities.data() + begin * classes);
  }
  return predicted;
}

void write_predictions(const std::filesystem::path& folder, std::uint64_t trial, const Predicted& predicted) {
  try {
    write(folder, trial, predicted);
  } catch (const std::system_error& error) {
    throw TrialEnded{Outcome::failed, fmt::format("the predictions cannot be written: {}", error.what()),
                     Failure::error};
  }
}

}  // namespace tuner
