// The shortest vector of the convex hull of some vectors, for descent on several losses at once.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace tuner::objectives {

// gram is n x n, row-major: gram[i n + j] = g_i . g_j of vectors g_1 to g_n. Returns a >= 0, sum of a = 1, for which
// |a_1 g_1 + ... + a_n g_n| is least. Minus that vector descends on every loss of which g_i are the gradients, unless
// it is 0, where no direction does.
//
// n = 2: a_1 = (g_2 - g_1) . g_2 / |g_1 - g_2|^2, brought into [0, 1]; equal vectors share 1/2 each.
// n > 2: Frank-Wolfe with exact line search in its pairwise form: weight moves from the vector with the largest
// g_i . v (among those that have weight) to that with the smallest, v = sum a_i g_i, by the amount that makes |v|
// least. It ends where the two differ by less than 1e-12 of the longest |g_i|^2, which bounds how far |v|^2 is from the
// least; or after 10000 moves, which four vectors have not been seen to need. n = 0 gives nothing, n = 1 gives 1.
// Numbers that are not finite give equal weights, so that the sum shows them.
//
// Source: Desideri 2012 (MGDA); Sener, Koltun 2018, algorithm 2 and eq. 3; Lacoste-Julien, Jaggi 2015 (pairwise steps).
[[nodiscard]] std::vector<double> min_norm_weights(std::span<const double> gram, std::size_t n);

}  // namespace tuner::objectives
