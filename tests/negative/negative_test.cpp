// The checker against plugins that are wrong in one way each: it names the mistake, and nothing else; the repaired
// twin passes; and the checker itself survives them all.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "fixtures.hpp"
#include "tuner/json.hpp"

namespace {

namespace fs = std::filesystem;
using tuner::Json;

using negative::Fixture;
using negative::kFixtures;
using negative::kRefused;

struct Answer {
  int exit_code = -1;
  std::string text;
};

Answer run_tuner(const std::string& arguments) {
  const std::string command = "exec '" TUNER_BUILD_DIR "/bin/tuner' " + arguments + " 2>&1 </dev/null";
  FILE* const pipe = ::popen(command.c_str(), "re");
  if (pipe == nullptr) throw std::runtime_error("cannot start tuner");
  Answer answer;
  char buffer[4096];
  for (std::size_t n; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) answer.text.append(buffer, n);
  const int status = ::pclose(pipe);
  answer.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return answer;
}

Answer check(const fs::path& file, double time_limit_s = 0) {
  const std::string limit = time_limit_s > 0 ? " --time-limit " + std::to_string(time_limit_s) : "";
  return run_tuner("plugins check '" + file.string() + "' --json" + limit);
}

fs::path faulty(const std::string& name) { return fs::path(FIXTURES_FOLDER) / "faulty" / (name + ".so"); }
fs::path repaired(const std::string& name) { return fs::path(FIXTURES_FOLDER) / "repaired" / (name + ".so"); }
fs::path refused(const std::string& name) { return fs::path(BAD_LIBRARIES) / (name + ".so"); }

struct Job {
  fs::path file;
  double time_limit_s = 0;
  Answer answer;
};

// The checker starts as many children as there are cores; another one in parallel fills the gaps between them.
void run(std::vector<Job>& jobs) {
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i; (i = next++) < jobs.size();) jobs[i].answer = check(jobs[i].file, jobs[i].time_limit_s);
  };
  const std::size_t n = std::max(2u, std::thread::hardware_concurrency());
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < n; ++i) threads.emplace_back(work);
}

// Without a check where the answer is no JSON.
Json checks_of(const Answer& answer) {
  try {
    return Json::parse(answer.text);
  } catch (const std::invalid_argument&) {
    ADD_FAILURE() << answer.text;
    return {{"checks", Json::array()}};
  }
}

// "arithmetic.step failed: cause", one line for every check that did not pass.
std::string trouble(const Json& answer) {
  std::string text;
  for (const Json& c : answer["checks"]) {
    if (c["verdict"] == "passed" || c["verdict"] == "not applicable") continue;
    text += "  " + c["check"].get<std::string>() + " " + c["verdict"].get<std::string>() + "\n";
    for (const Json& f : c["findings"]) text += "    " + f["cause"].get<std::string>() + "\n";
  }
  return text;
}

bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

// The causes that were found, each on a line; empty where the answer is none.
std::string expect_finding(const Fixture& fixture, const Answer& answer) {
  SCOPED_TRACE(fixture.name);
  EXPECT_EQ(answer.exit_code, 4);
  const Json found = checks_of(answer);
  std::string causes;
  bool failed = false;
  for (const Json& c : found["checks"]) {
    const auto id = c["check"].get<std::string>();
    const auto verdict = c["verdict"].get<std::string>();
    if (id != fixture.check) {
      EXPECT_TRUE(verdict == "passed" || verdict == "not applicable" || verdict == "blocked") << trouble(found);
      continue;
    }
    failed = verdict == "failed";
    for (const Json& f : c["findings"]) {
      causes += f["cause"].get<std::string>() + "\n";
      EXPECT_FALSE(f["remedy"].get<std::string>().empty()) << f["cause"].dump();
    }
  }
  EXPECT_TRUE(failed) << fixture.check << " did not fail\n" << trouble(found);
  EXPECT_TRUE(contains(causes, fixture.cause)) << fixture.cause << "\nin:\n" << causes;
  return causes;
}

void expect_sound(const std::string& name, const Answer& answer) {
  SCOPED_TRACE("repaired " + name);
  const Json found = checks_of(answer);
  EXPECT_EQ(answer.exit_code, 0) << trouble(found);
  for (const Json& c : found["checks"])
    EXPECT_TRUE(c["verdict"] == "passed" || c["verdict"] == "not applicable") << trouble(found);
}

TEST(Negative, EveryMistakeIsFoundAndNothingElse) {
  std::vector<Fixture> fixtures;
  std::vector<Job> jobs;
  for (const Fixture& fixture : kFixtures) {
    fixtures.push_back(fixture);
    jobs.push_back({faulty(fixture.name), fixture.time_limit_s, {}});
  }
  for (const Fixture& fixture : kRefused) {
    fixtures.push_back(fixture);
    jobs.push_back({refused(fixture.name), fixture.time_limit_s, {}});
  }
  run(jobs);
  std::vector<std::string> causes;
  for (std::size_t i = 0; i < fixtures.size(); ++i) causes.push_back(expect_finding(fixtures[i], jobs[i].answer));
  // What fails the same check is told apart by the message.
  for (std::size_t i = 0; i < fixtures.size(); ++i)
    for (std::size_t other = 0; other < fixtures.size(); ++other) {
      const bool rivals = i != other && std::string_view(fixtures[i].check) == fixtures[other].check;
      EXPECT_FALSE(rivals && contains(causes[other], fixtures[i].cause))
          << fixtures[i].name << " and " << fixtures[other].name << ": " << fixtures[i].cause;
    }
}

TEST(Negative, EveryRepairedTwinPasses) {
  std::vector<Job> jobs;
  for (const Fixture& fixture : kFixtures) jobs.push_back({repaired(fixture.name), 0, {}});
  jobs.push_back({refused("sound"), 0, {}});
  run(jobs);
  auto job = jobs.begin();
  for (const Fixture& fixture : kFixtures) expect_sound(fixture.name, (job++)->answer);
  expect_sound("tests/abi/bad/sound", job->answer);
}

TEST(Negative, HasEverySourceAndAFixtureForEveryCheck) {
  std::set<std::string> sources, rows, caught, checks;
  for (const auto& entry : fs::directory_iterator(TUNER_SOURCE_DIR "/tests/negative/plugins"))
    sources.insert(entry.path().stem());
  for (const Fixture& fixture : kFixtures) {
    rows.insert(fixture.name);
    caught.insert(fixture.check);
  }
  for (const Fixture& fixture : kRefused) caught.insert(fixture.check);
  EXPECT_EQ(sources, rows);
  EXPECT_EQ(rows.size(), std::size(kFixtures)) << "a name twice";
  const Answer answer = run_tuner("plugins check --list --json");
  ASSERT_EQ(answer.exit_code, 0) << answer.text;
  for (const Json& c : Json::parse(answer.text)) checks.insert(c["check"].get<std::string>());
  EXPECT_EQ(checks, caught);
}

}  // namespace
