// search_time SEARCHER DIMENSIONS TRIALS [OPTION=VALUE...]: the processor time of a search through the ABI, and that of
// single proposals on the way. Real search parameters; the function is a sum of squares.
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>

#include "loaded_searcher.hpp"

namespace {

double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  const int dimensions = std::atoi(argv[2]);
  const int trials = std::atoi(argv[3]);
  search_tests::StudySetup setup{.trials = trials};
  for (int i = 4; i < argc; ++i) {
    const std::string option = argv[i];
    const std::size_t equals = option.find('=');
    setup.options[option.substr(0, equals)] = std::atof(option.c_str() + equals + 1);
  }
  search_tests::TestSpace space;
  for (int i = 0; i < dimensions; ++i) space.real("x", -5, 5);
  search_tests::LoadedSearcher searcher(argv[1], space, setup);
  double best = 1e300;
  double of_searcher = 0;
  for (int trial = 0; trial < trials; ++trial) {
    const double start = processor_seconds();
    const auto proposals = searcher.propose(static_cast<std::uint64_t>(trial));
    if (proposals.empty()) return 1;
    double value = 0;
    for (const double x : proposals[0].values) value += (x - 1) * (x - 1);
    best = std::min(best, value);
    searcher.observe({{proposals[0], value}});
    const double spent = processor_seconds() - start;
    of_searcher += spent;
    if ((trial + 1) % (trials < 10 ? 1 : trials / 10) == 0)
      std::printf("trial %d: %.2f ms, in all %.3f s, best %.6g\n", trial + 1, spent * 1e3, of_searcher, best);
  }
  return 0;
}
