// search_time SEARCHER DIMENSIONS TRIALS [lag=N] [OPTION=VALUE...]: the processor time of a search through the ABI, and
// by trial in each tenth of it. Real search parameters; the function is a sum of squares.
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
  std::size_t lag = 1;
  search_tests::StudySetup setup{.trials = trials};
  for (int i = 4; i < argc; ++i) {
    const std::string option = argv[i];
    const std::size_t equals = option.find('=');
    const double value = std::atof(option.c_str() + equals + 1);
    if (option.substr(0, equals) == "lag")
      lag = static_cast<std::size_t>(value);
    else
      setup.options[option.substr(0, equals)] = value;
  }
  search_tests::TestSpace space;
  for (int i = 0; i < dimensions; ++i) space.real("x", -5, 5);
  search_tests::LoadedSearcher searcher(argv[1], space, setup);
  double best = 1e300;
  double in_all = 0;
  double of_tenth = 0;
  const int tenth = std::max(1, trials / 10);
  std::vector<search_tests::Assignment> pending;
  for (int trial = 0; trial < trials; ++trial) {
    const double start = processor_seconds();
    const auto proposals = searcher.propose(static_cast<std::uint64_t>(trial), 1, pending);
    if (proposals.empty()) return 1;
    const auto value_of = [](const search_tests::Assignment& assignment) {
      double value = 0;
      for (const double x : assignment.values) value += (x - 1) * (x - 1);
      return value;
    };
    best = std::min(best, value_of(proposals[0]));
    pending.push_back(proposals[0]);
    if (pending.size() == lag) {
      searcher.observe({{pending[0], value_of(pending[0])}});
      pending.erase(pending.begin());
    }
    of_tenth += processor_seconds() - start;
    if ((trial + 1) % tenth != 0) continue;
    in_all += of_tenth;
    std::printf("trial %d: %.3f ms a trial, in all %.3f s, best %.6g\n", trial + 1, of_tenth * 1e3 / tenth, in_all,
                best);
    of_tenth = 0;
  }
  return 0;
}
