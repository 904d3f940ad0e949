#include "tuner/check/fault.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <new>
#include <vector>

namespace tuner::check {

namespace {

constexpr std::size_t kFence = std::size_t{64} << 10;  // bytes on each side
constexpr std::size_t kMostAreas = 1 << 16;
constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};

// One mapping: [fence][data pages, the memory at one of their ends][fence].
struct Area {
  const char* data_pages;
  std::size_t page_bytes;  // of the data pages
  const char* begin;       // of the memory itself
  std::size_t bytes;
  std::string name;
  const char* remedy;
  bool closed = false;
};

// Read by the signal handler, hence of the process; the vector has room from the start and never moves.
struct Reporter {
  Report* report;
  std::vector<Area> areas;
  char call[256] = "";
  char null_arguments[512] = "";
};
Reporter* reporter = nullptr;

std::size_t page_size() { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }

void copy_text(char* to, std::size_t size, const std::string& text) {
  const std::size_t n = std::min(text.size(), size - 1);
  std::memcpy(to, text.data(), n);
  to[n] = 0;
}

// "reads", "writes" or, where the processor does not say, "accesses".
const char* verb_of(const void* context) {
#if defined(__x86_64__)
  constexpr greg_t kWrite = 2;  // of the error code of a page fault
  return static_cast<const ucontext_t*>(context)->uc_mcontext.gregs[REG_ERR] & kWrite ? "writes" : "reads";
#else
  (void)context;
  return "accesses";
#endif
}

std::string who() { return reporter->call[0] == 0 ? "it" : reporter->call; }

void report_area(const Area& area, const char* at, const char* verb) {
  if (area.closed && at >= area.data_pages && at < area.data_pages + area.page_bytes) {
    reporter->report->fail(fmt::format("it uses {} after the call that passed it has returned", area.name),
                           "keep no pointer to arguments: copy what is needed (data and grad of an objective's tensors "
                           "stay valid)");
  } else if (at >= area.begin + area.bytes) {
    reporter->report->fail(
        fmt::format("{} {} byte {} of {}, of which there are {}", who(), verb, at - area.begin, area.name, area.bytes),
        area.remedy);
  } else {
    reporter->report->fail(
        fmt::format("{} {} {} bytes before the beginning of {}", who(), verb, area.begin - at, area.name), area.remedy);
  }
  reporter->report->end_process();
}

// No memory that is known: what there is to say of it goes to the runner, which adds it to the signal.
void describe_fault(int signal, const siginfo_t& info, const char* verb) {
  std::string text = reporter->call[0] != 0 ? reporter->call : reporter->report->last_doing();
  if (signal == SIGSEGV || signal == SIGBUS) {
    const auto address = reinterpret_cast<std::uintptr_t>(info.si_addr);
    constexpr std::uintptr_t kNearNull = 1 << 16;
    text += fmt::format(", which {} at address {:#x}: {}", verb, address,
                        address < kNearNull ? "a null pointer" : "no memory of an argument is there");
    if (address < kNearNull && reporter->null_arguments[0] != 0)
      text += fmt::format(" (null in this call: {})", reporter->null_arguments);
  }
  reporter->report->doing(text);
}

volatile sig_atomic_t interrupted_by = 0;

void give_up(int) {
  const int signal = interrupted_by;
  ::signal(signal, SIG_DFL);
  sigset_t blocked;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, signal);
  ::sigprocmask(SIG_UNBLOCK, &blocked, nullptr);
  ::raise(signal);
}

void on_fault(int signal, siginfo_t* info, void* context) {
  // What is said needs memory, of which a plugin may have destroyed the lists: after a second the signal has its way.
  interrupted_by = signal;
  ::signal(SIGALRM, &give_up);
  ::alarm(1);
  const char* at = static_cast<const char*>(info->si_addr);
  const char* const verb = verb_of(context);
  if (signal == SIGSEGV || signal == SIGBUS)
    for (const Area& area : reporter->areas)
      if (at >= area.data_pages - kFence && at < area.data_pages + area.page_bytes + kFence)
        report_area(area, at, verb);
  describe_fault(signal, *info, verb);
  ::alarm(0);
  ::signal(signal, SIG_DFL);
}

Area* area_of(const void* data) {
  if (reporter == nullptr) return nullptr;
  for (auto area = reporter->areas.rbegin(); area != reporter->areas.rend(); ++area)
    if (area->begin == data) return &*area;
  return nullptr;
}

}  // namespace

FaultReporter::FaultReporter(Report& report) {
  reporter = new Reporter{.report = &report, .areas = {}};
  reporter->areas.reserve(kMostAreas);
  struct sigaction action {};
  action.sa_sigaction = &on_fault;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  for (const int signal : kSignals) ::sigaction(signal, &action, nullptr);
}

FaultReporter::~FaultReporter() {
  for (const int signal : kSignals) ::signal(signal, SIG_DFL);
  delete reporter;
  reporter = nullptr;
}

bool reports_faults() { return reporter != nullptr; }

void* fenced_memory(std::size_t bytes, std::string name, Fence fence, const char* remedy, bool exact) {
  const std::size_t page = page_size(), padded = exact ? bytes : (bytes + 63) / 64 * 64;
  const std::size_t data = std::max(page, (padded + page - 1) / page * page);
  if (reporter->areas.size() == kMostAreas) throw std::bad_alloc();
  void* mapping = ::mmap(nullptr, data + 2 * kFence, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) throw std::bad_alloc();
  char* const pages = static_cast<char*>(mapping) + kFence;
  ::mprotect(pages, data, PROT_READ | PROT_WRITE);
  char* const begin = fence == Fence::end ? pages + data - padded : pages;
  reporter->areas.push_back({.data_pages = pages,
                             .page_bytes = data,
                             .begin = begin,
                             .bytes = bytes,
                             .name = std::move(name),
                             .remedy = remedy});
  return begin;
}

void rename_fenced(const void* data, std::string name) {
  if (Area* area = area_of(data)) area->name = std::move(name);
}

std::string fenced_damage() {
  for (const Area& area : reporter->areas) {
    if (area.closed) continue;
    const char* const end = area.data_pages + area.page_bytes;
    for (const char* at = area.begin + area.bytes; at < end; ++at)
      if (*at != 0)
        return fmt::format("behind the end of {} ({} bytes; byte {} is changed)", area.name, area.bytes,
                           at - area.begin);
    for (const char* at = area.data_pages; at < area.begin; ++at)
      if (*at != 0) return fmt::format("{} bytes before the beginning of {}", area.begin - at, area.name);
  }
  return {};
}

void close_fenced(const void* data) {
  Area* area = area_of(data);
  if (area == nullptr) return;
  area->closed = true;
  ::mprotect(const_cast<char*>(area->data_pages), area->page_bytes, PROT_NONE);
}

void enter_call(const std::string& call, const std::string& null_arguments) {
  if (reporter == nullptr) return;
  copy_text(reporter->call, sizeof reporter->call, call);
  copy_text(reporter->null_arguments, sizeof reporter->null_arguments, null_arguments);
}

}  // namespace tuner::check
