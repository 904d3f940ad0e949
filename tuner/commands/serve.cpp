// tuner serve: the page of studies, live.
#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <iostream>
#include <mutex>
#include <stop_token>
#include <thread>

#include "tuner/commands/options.hpp"
#include "tuner/commands/page_of_studies.hpp"
#include "tuner/error.hpp"
#include "tuner/report/page.hpp"
#include "tuner/serve/server.hpp"
#include "tuner/storage/store.hpp"
#include "tuner/text.hpp"

namespace tuner::commands {

namespace {

constexpr Page kPage{"tuner serve STUDY... [--db FILE] [options]",
                     "Shows studies in a browser as `tuner report` does, and follows them while they run. Prints the "
                     "address to open: it\n"
                     "has a token, without which nobody gets an answer. On this machine alone unless --address names "
                     "another address of\n"
                     "it. Reads only. Ctrl-C ends it.",
                     "  tuner serve quickstart\n"
                     "  tuner serve quickstart --port 8321"};

using Names = std::vector<std::string>;

void say(const std::exception& error) { std::cerr << "serve: " << printable(error.what()) << "\n"; }

std::shared_ptr<const serve::Content> content_of(const std::filesystem::path& executable, const std::string& database,
                                                 const Names& names) {
  const storage::Store store(database, storage::Access::read_only);
  storage::Damage damage;
  PageOfStudies page = page_of_studies(executable, store, names, database, damage);
  auto content = std::make_shared<serve::Content>();
  content->page = report::page_html(page.title, page.data, true);
  content->data = std::move(page.data);
  content->policy = report::page_policy(true);
  try {
    damage.raise(database);
  } catch (const Error& error) {
    say(error);  // the rest is shown
  }
  return content;
}

// Changes whenever a trial of the studies ends.
std::string state_of(const std::string& database, const Names& names) {
  const storage::Store store(database, storage::Access::read_only);
  std::string state;
  for (const std::string& name : names) {
    for (const auto& [outcome, trials] : store.outcomes(name))
      state += fmt::format("{} {},", to_string(outcome), trials);
    state += fmt::format("{};", store.lr_suggestions(name).size());
  }
  return state;
}

// Publishes another page whenever the studies have changed. What cannot be read is said once, and tried again.
class Watcher {
 public:
  Watcher(serve::Server& server, std::filesystem::path executable, std::string database, Names names)

      : server_(server), executable_(std::move(executable)), database_(std::move(database)), names_(std::move(names)) {
    look();
    thread_ = std::jthread([this](const std::stop_token& stop) { follow(stop); });
  }

 private:
  void look() {
    const std::string state = state_of(database_, names_);
    if (state == state_) return;
    server_.publish(content_of(executable_, database_, names_));
    state_ = state;
  }
  void follow(const std::stop_token& stop) {
    using Clock = std::chrono::steady_clock;
    std::mutex mutex;
    std::condition_variable_any condition;
    std::string said;
    Clock::duration pause = std::chrono::seconds(1);
    while (true) {
      std::unique_lock lock(mutex);
      condition.wait_for(lock, stop, pause, [&] { return stop.stop_requested(); });
      if (stop.stop_requested()) return;
      const auto begin = Clock::now();
      try {
        look();
        said.clear();
      } catch (const std::exception& error) {
        if (said != error.what()) say(error);
        said = error.what();
      }
      // At most a fifth of the time, so that the study keeps its processors.
      pause = std::max<Clock::duration>(std::chrono::seconds(1), 4 * (Clock::now() - begin));
    }
  }

  serve::Server& server_;
  const std::filesystem::path executable_;
  const std::string database_;
  const Names names_;
  std::string state_;
  std::jthread thread_;
};

}  // namespace

int serve(const Invocation& invocation) {
  po::options_description options("Options");
  options.add_options()("address", po::value<std::string>()->default_value("127.0.0.1")->value_name("IP"),
                        "where to listen; others see the studies on any but the default")(
      "port", po::value<std::uint16_t>()->default_value(0)->value_name("N"), "0: one that is free");
  add_database_option(options);
  const auto values = parse(invocation, options, {"STUDY..."}, kPage);
  if (!values) return 0;
  const Names names = required_list(*values, "STUDY...", kPage);
  const std::string file = database(*values);
  for (const std::string& name : names) static_cast<void>(storage::Store(file, storage::Access::read_only).study(name));
  serve::Server server(
      {.address = (*values)["address"].as<std::string>(), .port = (*values)["port"].as<std::uint16_t>()});
  const Watcher watcher(server, invocation.executable, file, names);
  std::cout << fmt::format("{}\nOpen it in a browser. Ctrl-C ends it.\n", server.url()) << std::flush;
  if (!server.is_loopback())
    std::cerr << "serve: whoever can read this network's traffic can read the token and the studies: nothing is "
                 "encrypted\n";
  server.run();
  return 0;
}

}  // namespace tuner::commands
