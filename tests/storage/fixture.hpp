// A temporary folder per test, and records to put into a store.
#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tuner/library.hpp"
#include "tuner/storage/store.hpp"

namespace tuner::storage {

class StorageTest : public testing::Test {
 protected:
  StorageTest() {
    std::string name = (std::filesystem::temp_directory_path() / "tuner-storage-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    file_ = folder_ / "tuner.db";
  }
  ~StorageTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  std::filesystem::path folder_, file_;
};

inline StudyRecord make_study(std::string name = "demo", std::string plan = "{\n  \"seed\": 1\n}") {
  return {.name = std::move(name),
          .config_text = "seed: 1\n",
          .config_sha256 = sha256_of_text("seed: 1\n"),
          .plan = std::move(plan),
          .metric = "loss",
          .goal = Goal::minimize,
          .seed = 1,
          .tuner_version = "1.0.0"};
}

inline PluginRecord make_plugin(std::string id) {
  return {.kind = "optimizer",
          .id = std::move(id),
          .version = "1.0.0",
          .sha256 = "aaaa",
          .path = "/p/a.so",
          .abi_minor = 0,
          .build_flags = 0,
          .build = "GCC 12"};
}

// A small completed trial.
inline TrialRecord make_trial(std::uint64_t number, double value = 0.5) {
  TrialRecord trial;
  trial.id = only_replicate(number);
  trial.seed = 1;
  trial.started_at_ms = 1'700'000'000'000;
  trial.finished_at_ms = trial.started_at_ms + 1500;
  trial.parameters = {{"optimizer.lr", 0.001}, {"training.batch_size", std::int64_t{64}}};
  trial.result.value = value;
  trial.result.steps = 10;
  trial.result.evaluations = {.loss = 1, .gradient = 10, .hvp = 0};
  trial.result.wall_seconds = 1.5;
  trial.result.metrics = {{.step = 0, .name = "loss", .value = 2 * value},
                          {.step = 10, .name = "loss", .value = value}};
  return trial;
}

// The error that `act` throws.
inline Error error_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "no error";
  return Error(Message::storage_failed, "no error");
}

// Is `part` in the error's full text?
inline testing::AssertionResult says(const Error& error, std::string_view part) {
  if (std::string_view(error.what()).find(part) != std::string_view::npos) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "'" << part << "' is not in: " << error.what();
}

// All cells of a query.
inline Table table_of(const Store& store, std::string_view sql) {
  Table table;
  store.query(
      sql, [&](const std::vector<std::string>& columns) { table.columns = columns; },
      [&](const std::vector<Value>& cells) { table.rows.push_back(cells); });
  return table;
}

// Runs `act` in a child process. 0: it returned; 1: it threw, with the text on stderr.
inline pid_t spawn(const std::function<void()>& act) {
  const pid_t pid = fork();
  if (pid != 0) return pid;
  int status = 0;
  try {
    act();
  } catch (const std::exception& error) {
    fprintf(stderr, "child: %s\n", error.what());
    status = 1;
  }
  _exit(status);  // neither destructors nor the parent's exit handlers
}

// The exit code of a child, or -SIGNAL.
inline int wait_for(pid_t pid) {
  int status = 0;
  if (waitpid(pid, &status, 0) != pid) return 255;
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace tuner::storage
