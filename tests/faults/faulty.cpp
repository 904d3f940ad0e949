// An optimizer that does one bad thing to the process it runs in, at a step of its choice; else gradient descent.
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <tuner/plugin.hpp>
#include <type_traits>
#include <vector>

namespace {

constexpr const char* kFaults[] = {"none",  "crash",  "abort", "exit",   "hang",
                                   "throw", "garble", "lie",   "memory", "killed"};

struct Faulty {
  static constexpr tuner::Info info{.id = "faulty",
                                    .name = "Faulty",
                                    .doc = "gradient descent that goes wrong where it is told to",
                                    .reference = "made for the tests of tuner"};
  enum { kLr, kFault, kAtStep, kOnce };
  enum { kNone, kCrash, kAbort, kExit, kHang, kThrow, kGarble, kLie, kMemory, kKilled };
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 1e-3, "step size").at_least(0), tuner::choice("fault", kFaults, "what goes wrong"),
      tuner::integer("at_step", 3, "the step where it happens").at_least(1),
      tuner::text("once", "", "a file: where it exists nothing goes wrong, else it is made first")};

  static void step(const tuner::Step& s) {
    const tuner::Options& o = s.options();
    if (s.number() == o.integer(kAtStep) && o.choice(kFault) != kNone && is_due(o)) go_wrong(o.choice(kFault));
    s.for_each_tensor([](const auto& t) {
      using T = std::remove_cvref_t<decltype(t.data()[0])>;
      const auto lr = static_cast<T>(t.options()[kLr]);
      t.update([=](T& x, T g) TUNER_INLINE { x -= lr * g; });
    });
  }

 private:
  static bool is_due(const tuner::Options& o) {
    const std::string_view file = o.text(kOnce);
    if (file.empty()) return true;
    const std::string name(file);
    if (::access(name.c_str(), F_OK) == 0) return false;
    if (std::FILE* made = std::fopen(name.c_str(), "w")) std::fclose(made);
    return true;
  }

  static void go_wrong(std::size_t fault) {
    std::printf("about to go wrong in way %zu\n", fault);
    std::fflush(stdout);
    switch (fault) {
      case kCrash:
        std::raise(SIGSEGV);
        break;
      case kAbort:
        std::abort();
      case kExit:
        std::_Exit(7);
      case kHang:
        for (;;) std::this_thread::sleep_for(std::chrono::seconds(1));
      case kThrow:
        throw std::runtime_error("thrown on purpose");
      case kGarble:  // every descriptor that might be the worker's connection
        for (int fd = 3; fd < 10; ++fd)
          if (::write(fd, "nonsense nonsense nonsense", 26) < 0) continue;
        break;
      case kLie: {  // a frame that is none: right magic, wrong sum
        const std::uint32_t frame[] = {0x31727574, 5, 4, 12345, 0};
        if (::write(3, frame, sizeof frame) < 0) return;
        break;
      }
      case kMemory: {
        std::vector<std::vector<char>> kept;
        for (;;) kept.emplace_back(std::size_t{16} << 20, 'x');
      }
      case kKilled:
        std::raise(SIGKILL);
        break;
      default:
        break;
    }
  }
};

}  // namespace

TUNER_LIBRARY("faulty", "1.0.0", "MIT", tuner::optimizer<Faulty>)
