// The distributions of a range that a random search does not draw evenly. The library that computes their quantiles is
// known to distribution.cpp alone.
#pragma once

#include "tuner/space.hpp"

namespace tuner {

// The value of such a range for u in [0, 1), of which a random stream gives the multiples of 2^-53: the quantile of
// u + 2^-54, so that neither end of an unbounded distribution is drawn. The distribution is cut at min and max: what
// lies outside is never drawn, and all else in proportion. With a step the nearest step is taken, of an integer range
// the nearest integer, so that a value has the probability of the interval that ends halfway to its neighbors, also at
// min and max.
// Requires: range.distribution is not uniform, sigma, alpha and beta are above 0, share_within(range) is above 0.
// Source: inverse transform sampling, L. Devroye, Non-Uniform Random Variate Generation, 1986, II.2.
[[nodiscard]] Value random_quantile(const Range& range, double u);

// The u for which random_quantile() gives x, of a real range without a step; otherwise one that gives x, where it is a
// value of the range.
[[nodiscard]] double share_below(const Range& range, double x);

// What min and max leave of the distribution: above 0 to 1, or 0 where they leave nothing that a double can tell.
[[nodiscard]] double share_within(const Range& range);

}  // namespace tuner
