// Times of the dense kernels: one line for each product, NAME ROWS COLUMNS DEPTH LAYOUT MICROSECONDS, the least
// processor time of a call in the given seconds for each. f32, products rounded once. usage: bench_products SECONDS
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

#include "linear_algebra/products.hpp"

namespace {

using namespace tuner::linear_algebra;

// a is rows x depth, or lies by columns; b likewise: what a network's layers ask for.
struct Product {
  const char* name;
  std::size_t rows, columns, depth;
  bool a_turned, b_turned;
};
constexpr Product kProducts[] = {
    {"mlp_forward", 128, 100, 784, false, true},    {"mlp_gradient", 100, 784, 128, true, false},
    {"conv_forward", 196, 64, 800, false, true},    {"conv_gradient", 64, 800, 196, true, false},
    {"dense_forward", 64, 1024, 3136, false, true}, {"dense_gradient", 1024, 3136, 64, true, false},
    {"square", 512, 512, 512, false, false}};

double processor_seconds() {
  std::timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double least_time(const Product& p, double seconds) {
  std::vector<float> a(p.rows * p.depth, 0.5f), b(p.depth * p.columns, 0.25f), out(p.rows * p.columns);
  const auto left = p.a_turned ? by_columns(a.data(), p.rows, p.depth) : by_rows(a.data(), p.rows, p.depth);
  const auto right = p.b_turned ? by_columns(b.data(), p.depth, p.columns) : by_rows(b.data(), p.depth, p.columns);
  double least = 1e9;
  for (double begin = processor_seconds(), before = begin; before - begin < seconds;) {
    multiply(Rounding::fused, left, right, into(out.data(), p.columns));
    const double now = processor_seconds();
    least = std::min(least, now - before);
    before = now;
  }
  return least;
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 0.2;
  for (const Product& p : kProducts)
    std::printf("%s %zu %zu %zu %d%d %.2f\n", p.name, p.rows, p.columns, p.depth, p.a_turned ? 1 : 0,
                p.b_turned ? 1 : 0, 1e6 * least_time(p, seconds));
}
