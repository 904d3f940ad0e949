// Eigenvalues, orthogonal factors and Cholesky factors of dense matrices, in double precision.
//
// One thread; the same bits on every machine, whatever its instruction set. All matrices have their rows one after
// another. Workspace of the size of the matrix is allocated (std::bad_alloc).
#pragma once

#include <cstddef>
#include <span>

namespace tuner::linear_algebra {

// Eigenvalues of a symmetric matrix, ascending, and as rows of `vectors` orthonormal eigenvectors in that order. Their
// signs are left open. a, n x n, is workspace afterwards.
// Returns false where a value is not finite, or where the eigenvalues took more than 30 iterations each in the mean.
// Cost: about 9 n^3 operations.
// Source: Householder reduction to a tridiagonal matrix: Golub, Van Loan 2013, section 8.3.1; implicit QL iterations
// with Wilkinson's shift: Dubrulle, Martin, Wilkinson 1968.
[[nodiscard]] bool symmetric_eigenvectors(std::size_t n, double* a, double* values, double* vectors);

// q = the orthogonal factor Q of m = Q R with a positive diagonal of R (0 counts as positive), m being n x n and given
// as its transpose, which is workspace afterwards. NaN and infinity spread to Q.
// Source: Householder's method by blocks: Golub, Van Loan 2013, section 5.2.3; Schreiber, Van Loan 1989.
void orthogonal_factor(std::size_t n, double* transposed_m, double* q);

// a = L L': L in place of the lower triangle of a, which alone is read; above it is workspace. Returns false where a
// pivot is not positive: a is not positive definite, and what is in it is workspace.
[[nodiscard]] bool cholesky(std::size_t n, double* a);
// x = a^-1 x, from the factor L.
void cholesky_solve(std::size_t n, const double* l, std::span<double> x);

}  // namespace tuner::linear_algebra
