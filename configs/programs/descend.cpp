// Minimizes the Rosenbrock function: tries a step along each coordinate, and makes the step shorter where none helps.
#include <cstdio>
#include <cstdlib>
#include <cstring>

double rosenbrock(double x, double y) { return (1 - x) * (1 - x) + 100 * (y - x * x) * (y - x * x); }

int main(int argc, char** argv) {
  double step = 0.1, shrink = 0.9;
  int iterations = 1000;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--step") == 0) step = std::atof(argv[i + 1]);
    if (std::strcmp(argv[i], "--shrink") == 0) shrink = std::atof(argv[i + 1]);
    if (std::strcmp(argv[i], "--iterations") == 0) iterations = std::atoi(argv[i + 1]);
  }
  const char* descriptor = std::getenv("TUNER_METRICS_FD");
  std::FILE* metrics = descriptor != nullptr ? fdopen(std::atoi(descriptor), "w") : stdout;
  double place[2] = {-1.2, 1};
  double value = rosenbrock(place[0], place[1]);
  for (int i = 1; i <= iterations; ++i) {
    bool better = false;
    for (double& coordinate : place)
      for (int sign = -1; sign <= 1; sign += 2) {
        const double before = coordinate;
        coordinate += sign * step;
        const double now = rosenbrock(place[0], place[1]);
        if (now < value) {
          value = now;
          better = true;
        } else {
          coordinate = before;
        }
      }
    if (!better) step *= shrink;
    if (i % 500 == 0) std::fprintf(metrics, "{\"step\": %d, \"value\": %.17g}\n", i, value);
  }
  std::fclose(metrics);
  return 0;
}
