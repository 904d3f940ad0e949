// pruner_time PRUNER TRIALS STEPS [OPTION=VALUE...]: the processor time of a decision through the ABI, on the way to so
// many trials of so many reports each.
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <random>

#include "loaded_pruner.hpp"

namespace {

double processor_us() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto us = [](const timeval& t) { return 1e6 * static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec); };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  const auto trials = static_cast<std::uint64_t>(std::atoll(argv[2]));
  const auto steps = static_cast<std::size_t>(std::atoll(argv[3]));
  search_tests::PrunerSetup setup{.budget = static_cast<std::int64_t>(steps)};
  for (int i = 4; i < argc; ++i) {
    const std::string option = argv[i];
    const std::size_t equals = option.find('=');
    setup.options[option.substr(0, equals)] = std::atof(option.c_str() + equals + 1);
  }
  search_tests::LoadedPruner pruner(argv[1], setup);
  if (pruner.status() != TUNER_OK) {
    std::fprintf(stderr, "%s\n", pruner.error().c_str());
    return 1;
  }
  std::mt19937_64 random(1);
  std::vector<double> curve(steps);
  std::uint64_t completed = 0;
  double spent = 0;
  std::uint64_t decisions = 0;
  for (std::uint64_t trial = 0; trial < trials; ++trial) {
    const double end = std::uniform_real_distribution<>()(random);
    for (double& value : curve) value = end + std::uniform_real_distribution<>(-0.1, 0.1)(random);
    const std::uint64_t before = pruner.decisions();
    const double start = processor_us();
    completed += pruner.run(trial, curve) ? 1 : 0;
    spent += processor_us() - start;
    decisions += pruner.decisions() - before;
    if ((trial + 1) % (trials < 10 ? 1 : trials / 10) != 0) continue;
    std::printf("%llu trials, %llu to their end: %.2f us a decision\n", static_cast<unsigned long long>(trial + 1),
                static_cast<unsigned long long>(completed), spent / static_cast<double>(decisions));
    spent = 0;
    decisions = 0;
  }
  return 0;
}
