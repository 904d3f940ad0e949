#include "tuner/executor/inspector.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <utility>

#include "tuner/executor/connection.hpp"
#include "tuner/executor/worker_process.hpp"

namespace tuner::executor {

Inspector::Inspector(std::filesystem::path executable, WorkerSetup setup, Asked asked)
    : executable_(std::move(executable)), setup_(std::move(setup)), asked_(std::move(asked)) {}

Inspector::~Inspector() = default;

std::string Inspector::ask(std::string_view question) {
  if (!worker_) {
    worker_ = std::make_unique<WorkerProcess>(executable_);
    worker_->send(FrameType::greeting, to_bytes(local_greeting(executable_)));
    worker_->send(FrameType::setup, to_bytes(setup_));
    subjects_.clear();
  }
  worker_->send(FrameType::question, question);
  const auto begun = std::chrono::steady_clock::now();
  for (;;) {
    int wait = -1;
    if (asked_.time_limit) {
      const auto spent = std::chrono::steady_clock::now() - begun;
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(*asked_.time_limit - spent);
      if (left.count() <= 0) ended(true);
      wait = static_cast<int>(std::min<std::int64_t>(left.count(), 60'000));
    }
    const short wanted = static_cast<short>(worker_->has_unsent() ? POLLIN | POLLOUT : POLLIN);
    pollfd files[] = {{.fd = worker_->socket(), .events = wanted, .revents = 0},
                      {.fd = worker_->output(), .events = POLLIN, .revents = 0}};
    ::poll(files, std::size(files), wait);
    worker_->flush();
    const bool alive = worker_->receive();
    while (auto frame = worker_->next_frame()) {
      if (frame->type == FrameType::answer) return std::move(frame->bytes);
      if (frame->type == FrameType::subject) subjects_ = from_bytes<Subjects>(frame->bytes);
      if (frame->type != FrameType::refused) continue;
      Reader in(frame->bytes);
      in.get<std::uint64_t>();
      throw read_error(in);
    }
    if (!alive || !worker_->protocol_error().empty()) ended(false);
  }
}

void Inspector::ended(bool too_late) {
  const bool out_of_memory = worker_->board().out_of_memory != 0;
  const std::uint32_t kind = worker_->board().trace.kind;
  const std::string protocol_error = worker_->protocol_error();
  const int status = worker_->end();
  const std::string output = worker_->last_output();
  worker_.reset();
  // Where it is not known which one was called, all that may have been.
  std::string who;
  for (const auto& [of, id] : subjects_)
    if (of == kind || !subjects_.contains(kind))
      who += fmt::format("{}{} '{}'", who.empty() ? "" : " or ", to_string(static_cast<Kind>(of)), id);
  if (who.empty()) who = "a plugin";
  std::string how;
  if (too_late)
    how = fmt::format("gave no answer in {:g} s", std::chrono::duration<double>(*asked_.time_limit).count());
  else if (out_of_memory)
    how = "ran out of memory";
  else if (!protocol_error.empty())
    how = "wrote into the connection of its process";
  else if (WIFSIGNALED(status))
    how = fmt::format("crashed with signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
  else
    how = fmt::format("ended its process with exit code {}", WEXITSTATUS(status));
  throw Error(
      Message::plugin_crashes,
      fmt::format("{} {} {}{}", who, how, asked_.when, output.empty() ? "" : "; it printed: " + excerpt(output)),
      asked_.remedy);
}

}  // namespace tuner::executor
