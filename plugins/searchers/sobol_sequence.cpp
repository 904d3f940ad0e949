#include "sobol_sequence.hpp"

#include <bit>
#include <boost/random/detail/sobol_table.hpp>

namespace searchers {
namespace {

using Table = boost::random::detail::qrng_tables::sobol;

constexpr unsigned kDigits = SobolSequence::kDigits;

// m_j is a number of j + 1 digits; the first ones are given, the others follow from the primitive polynomial
// x^s + a_1 x^(s - 1) + ... + 1:  m_j = 2 a_1 m_(j-1) ^ 4 a_2 m_(j-2) ^ ... ^ 2^s m_(j-s) ^ m_(j-s).
void set_directions(std::size_t dimension, std::uint64_t* directions) {
  std::uint64_t m[kDigits];
  if (dimension == 0) {
    for (std::uint64_t& number : m) number = 1;
  } else {
    const unsigned polynomial = Table::polynomial(dimension - 1);
    const auto degree = static_cast<unsigned>(std::bit_width(polynomial)) - 1;
    for (unsigned j = 0; j < kDigits; ++j) {
      if (j < degree) {
        m[j] = Table::minit(dimension - 1, j);
        continue;
      }
      m[j] = m[j - degree];
      for (unsigned i = 1; i <= degree; ++i)
        if ((polynomial >> (degree - i) & 1) != 0) m[j] ^= m[j - i] << i;
    }
  }
  for (unsigned j = 0; j < kDigits; ++j) directions[j] = m[j] << (kDigits - 1 - j);
}

}  // namespace

SobolSequence::SobolSequence(std::size_t dimensions) : directions_(dimensions * kDigits), shifts_(dimensions, 0) {
  for (std::size_t d = 0; d < dimensions; ++d) set_directions(d, directions_.data() + d * kDigits);
}

SobolSequence::SobolSequence(std::size_t dimensions, const tuner_rng& stream) : SobolSequence(dimensions) {
  for (std::size_t d = 0; d < dimensions; ++d) scramble(d, stream);
}

void SobolSequence::scramble(std::size_t dimension, const tuner_rng& stream) {
  constexpr std::uint64_t kWords = 64;  // of the stream, for one dimension
  std::uint64_t rows[kDigits];          // row r: which digits count for digit r
  for (unsigned r = 0; r < kDigits; ++r) {
    const std::uint64_t word = tuner_rng_u64_at(&stream, dimension * kWords + r);
    const std::uint64_t diagonal = std::uint64_t{1} << (kDigits - 1 - r);
    const std::uint64_t before = (std::uint64_t{1} << kDigits) - 2 * diagonal;
    rows[r] = (word & before) | diagonal;
  }
  for (unsigned j = 0; j < kDigits; ++j) {
    std::uint64_t& direction = directions_[dimension * kDigits + j];
    std::uint64_t product = 0;
    for (unsigned r = 0; r < kDigits; ++r)
      product = product << 1 | static_cast<std::uint64_t>(std::popcount(rows[r] & direction) & 1);
    direction = product;
  }
  shifts_[dimension] = tuner_rng_u64_at(&stream, dimension * kWords + kDigits) >> (64 - kDigits);
}

double SobolSequence::at(std::uint64_t n, std::size_t dimension) const {
  const std::uint64_t* directions = directions_.data() + dimension * kDigits;
  std::uint64_t digits = shifts_[dimension];
  for (std::uint64_t gray = n ^ (n >> 1); gray != 0; gray &= gray - 1) digits ^= directions[std::countr_zero(gray)];
  return static_cast<double>(digits) * 0x1p-53;
}

}  // namespace searchers
