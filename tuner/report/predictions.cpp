#include "tuner/report/predictions.hpp"

#include <fmt/format.h>

#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <numeric>
#include <regex>
#include <string>

#include "tuner/error.hpp"

namespace tuner::report {

namespace {

constexpr double kTail = 0.025;
// Of a row's sum from 1: probabilities may have been rounded to float32.
constexpr double kTolerance = 1e-3;

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& what) {
  throw Error(Message::config_unreadable, fmt::format("{}: {}", file.string(), what),
              "it is to hold a row of class probabilities for each sample, as numpy.save() writes a float32 or float64 "
              "array of two dimensions");
}

struct Shape {
  std::size_t rows = 0, columns = 0, width = 0, begin = 0;  // width: bytes of a number; begin: of the numbers
};

Shape shape_of(const std::filesystem::path& file, const std::string& bytes) {
  constexpr std::string_view kMagic{"\x93NUMPY", 6};
  constexpr std::size_t kBegin = 10;
  if (bytes.size() < kBegin || !bytes.starts_with(kMagic)) refuse(file, "this is no array of numpy");
  if (bytes[6] != 1) refuse(file, fmt::format("the format has version {}, not 1", int{bytes[6]}));
  const std::size_t length = static_cast<unsigned char>(bytes[8]) + 256u * static_cast<unsigned char>(bytes[9]);
  const std::string header = bytes.substr(kBegin, length);
  static const std::regex kHeader(
      R"re(\{'descr': '<f([48])', 'fortran_order': False, 'shape': \(([0-9]{1,9}), ([0-9]{1,9})\), \}\s*)re");
  std::smatch match;
  if (header.size() < length || !std::regex_match(header, match, kHeader))
    refuse(file, "this is no array of float32 or float64 numbers with two dimensions, row by row");
  const Shape shape{.rows = std::stoull(match[2]),
                    .columns = std::stoull(match[3]),
                    .width = std::stoull(match[1]),
                    .begin = kBegin + length};
  if (shape.rows == 0 || shape.columns == 0) refuse(file, "the array is empty");
  if (bytes.size() != shape.begin + shape.rows * shape.columns * shape.width)
    refuse(file,
           fmt::format("{} rows and {} columns do not fit its {} bytes", shape.rows, shape.columns, bytes.size()));
  return shape;
}

void check_rows(const std::filesystem::path& file, const Predictions& predictions) {
  for (std::size_t row = 0; row < predictions.rows; ++row) {
    const std::span<const double> p(predictions.values.data() + row * predictions.classes, predictions.classes);
    double sum = 0;
    for (const double value : p) sum += value >= 0 ? value : std::nan("");
    if (!(std::abs(sum - 1) <= kTolerance))
      refuse(file,
             fmt::format("row {} is no distribution: its sum is {}", row, std::accumulate(p.begin(), p.end(), 0.0)));
  }
}

}  // namespace

Predictions read_predictions(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) refuse(file, "the file is not there, or cannot be read");
  const std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  const Shape shape = shape_of(file, bytes);
  Predictions predictions{.rows = shape.rows, .classes = shape.columns, .values = {}};
  predictions.values.resize(shape.rows * shape.columns);
  const char* from = bytes.data() + shape.begin;
  for (double& value : predictions.values) {
    if (shape.width == sizeof(double)) {
      std::memcpy(&value, from, sizeof value);
    } else {
      float narrow = 0;
      std::memcpy(&narrow, from, sizeof narrow);
      value = narrow;
    }
    from += shape.width;
  }
  check_rows(file, predictions);
  return predictions;
}

Predictions mean_of(std::span<const Predictions> all) {
  Predictions mean = all.front();
  for (const Predictions& other : all.subspan(1))
    for (std::size_t i = 0; i < mean.values.size(); ++i) mean.values[i] += other.values[i];
  for (double& value : mean.values) value /= static_cast<double>(all.size());
  return mean;
}

double divergence(const Predictions& a, const Predictions& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.values.size(); ++i)
    if (a.values[i] > 0) sum += a.values[i] * (std::log(a.values[i]) - std::log(b.values[i]));
  return sum / static_cast<double>(a.rows);
}

std::optional<Spread> mean_divergence(std::span<const Predictions> all) {
  const std::size_t n = all.size();
  if (n < 2) return std::nullopt;
  const auto count = static_cast<double>(n);
  std::vector<double> with(n, 0.0);  // the sum over the pairs that a member belongs to
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) {
      if (i == j) continue;
      const double distance = divergence(all[i], all[j]);
      sum += distance;
      with[i] += distance;
      with[j] += distance;
    }
  Spread result{.value = sum / (count * (count - 1)), .low = {}, .high = {}};
  if (n < 3 || !std::isfinite(result.value)) return result;
  double squares = 0;
  // The mean of the means without one member is the mean over all.
  for (const double own : with) {
    const double without = (sum - own) / ((count - 1) * (count - 2));
    squares += (without - result.value) * (without - result.value);
  }
  const boost::math::students_t student(count - 1);
  const double reach = boost::math::quantile(student, 1 - kTail) * std::sqrt((count - 1) / count * squares);
  result.low = result.value - reach;
  result.high = result.value + reach;
  return result;
}

}  // namespace tuner::report
