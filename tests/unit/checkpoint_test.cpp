// Checkpoints: a trial that is stopped anywhere continues with the same bits; a file that is not whole is found out.
#include "tuner/checkpoint.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <stop_token>
#include <thread>

#include "temporary_folder.hpp"
#include "trial_fixture.hpp"
#include "tuner/bytes.hpp"
#include "tuner/library.hpp"

namespace tuner {
namespace {

using test::epochs;
using test::objective;
using test::optimizer;
using test::says;
using test::TemporaryFolder;

std::string contents(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}
void overwrite(const std::filesystem::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
}

std::string fingerprint(const TrialResult& r) {
  std::string text = std::string(to_string(r.outcome)) + " " + std::to_string(r.steps) + " " +
                     to_json(r.value.value_or(-1)) + " " + to_json(r.best_value.value_or(-1)) + " " +
                     to_json(r.epochs) + " " + std::to_string(r.evaluations.loss) + " " +
                     std::to_string(r.evaluations.gradient) + "\n";
  for (const MetricPoint& p : r.metrics) text += std::to_string(p.step) + " " + p.name + " " + to_json(p.value) + "\n";
  return text;
}

// Minibatches out of step with the epochs, gradient noise, early stopping, an objective that reports.
TrialSpec long_trial() {
  TrialSpec spec = epochs(objective("rows", {{"valid", 4}, {"report", true}}), optimizer("adam", {{"lr", 0.05}}), 6, 3);
  spec.training.noise_eta = 0.1;
  spec.training.log_every = 1;
  spec.training.eval_every = 5;
  spec.training.early_stopping = EarlyStopping{50, 0};
  return spec;
}

// Runs until the end or until step `stop_at` is done.
TrialResult run_until(TrialSpec spec, const Checkpoints& checkpoints, std::int64_t stop_at) {
  std::stop_source stop;
  SharedObjectives shared;
  test::Listener look([&](std::int64_t step, double) {
    if (step + 1 == stop_at) stop.request_stop();
  });
  return run_trial(std::move(spec), shared, stop.get_token(), &look, nullptr, &checkpoints);
}

TEST(Checkpoint, ATrialThatIsStoppedAfterEveryStepEndsWithTheSameBits) {
  const TrialResult straight = test::completed(long_trial());
  const TemporaryFolder folder;
  const CheckpointRules rules{.every_seconds = 1000, .keep_all = false, .folder = folder.path()};
  const Checkpoints checkpoints(rules, only_replicate(7), {}, "plan");
  ASSERT_EQ(straight.steps, 24);
  for (std::int64_t step = 1; step < straight.steps; ++step) {
    const TrialResult part = run_until(long_trial(), checkpoints, step);
    ASSERT_EQ(part.outcome, Outcome::cancelled) << step;
    EXPECT_EQ(part.steps, step);
    EXPECT_TRUE(std::filesystem::exists(folder.path() / "7" / std::to_string(step))) << "its own, whatever its number";
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "7" / std::to_string(step - 1))) << "the last one is kept";
  }
  EXPECT_EQ(fingerprint(run_until(long_trial(), checkpoints, -1)), fingerprint(straight));
  remove_checkpoints(rules, 7);
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "7"));
}

// Steps of some hundred nanoseconds: a stop may come at any place between two of them, and within one.
TEST(Checkpoint, IsThereWhenAStopComesAtAnyMoment) {
  const TemporaryFolder folder;
  const CheckpointRules rules{.every_seconds = 1000, .keep_all = false, .folder = folder.path()};
  int cancelled = 0;
  for (std::uint64_t number = 0; number < 400; ++number) {
    std::stop_source stop;
    SharedObjectives shared;
    std::jthread stopper;
    test::Listener look([&](std::int64_t step, double) {
      if (step == 0) stopper = std::jthread([&] { stop.request_stop(); });
    });
    TrialSpec spec = test::trial(objective("slope"), optimizer("sgd"), 1'000'000'000);
    spec.training.log_every = 1'000'000'000;
    const Checkpoints checkpoints(rules, only_replicate(number), {}, "plan");
    const TrialResult part = run_trial(std::move(spec), shared, stop.get_token(), &look, nullptr, &checkpoints);
    ASSERT_EQ(part.outcome, Outcome::cancelled);
    if (part.steps == 0) continue;
    ++cancelled;
    ASSERT_TRUE(std::filesystem::exists(folder.path() / std::to_string(number) / std::to_string(part.steps))) << number;
  }
  EXPECT_GT(cancelled, 100);
}

// The step that was going on ends, though its optimizer asks for evaluations after the stop.
TEST(Checkpoint, IsThereWhenAStopComesBeforeFurtherEvaluations) {
  const TemporaryFolder folder;
  const CheckpointRules rules{.every_seconds = 1000, .keep_all = false, .folder = folder.path()};
  TrialSpec spec =
      test::trial(objective("slope"), test::wrapped(optimizer("sam"), optimizer("sgd", {{"lr", 0.1}})), 10);
  spec.training.log_every = 1;
  const TrialResult part = run_until(std::move(spec), Checkpoints(rules, only_replicate(0), {}, "plan"), 4);
  EXPECT_EQ(part.outcome, Outcome::cancelled);
  EXPECT_EQ(part.steps, 4);
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "0" / "4"));
}

TEST(Checkpoint, AreWrittenAsTimeGoesBy) {
  const TemporaryFolder folder;
  const CheckpointRules rules{.every_seconds = 0.01, .keep_all = true, .folder = folder.path()};
  TrialSpec spec = test::trial(objective("slope", {{"sleep_ms", 1}}), optimizer("sgd"), 60);
  EXPECT_EQ(run_until(std::move(spec), Checkpoints(rules, only_replicate(0), {}, "plan"), -1).outcome,
            Outcome::completed);
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path() / "0")) files += entry.is_regular_file();
  EXPECT_GE(files, 2u) << "60 ms and more, one every 10 ms, looked for at least every 20 ms or so";
  EXPECT_LE(files, 30u);
}

TEST(Checkpoint, OfNoneIsNeitherWrittenNorRead) {
  const TemporaryFolder folder;
  const CheckpointRules rules{.every_seconds = 0, .keep_all = false, .folder = folder.path()};
  const Checkpoints checkpoints(rules, only_replicate(0), {}, "plan");
  EXPECT_EQ(run_until(long_trial(), checkpoints, 3).outcome, Outcome::cancelled);
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "0"));
}

TEST(Checkpoint, ThatIsNoStateOfItsTrialIsSetAsideAndTheTrialEndsWithTheSameBits) {
  const TrialResult straight = test::completed(long_trial());
  const TemporaryFolder folder;
  const CheckpointRules rules{.every_seconds = 1000, .keep_all = true, .folder = folder.path()};
  const Checkpoints checkpoints(rules, only_replicate(7), {}, "plan");
  run_until(long_trial(), checkpoints, 5);
  std::vector<std::string> log;
  const auto five = checkpoints.newest(log);
  ASSERT_TRUE(five && five->step == 5);
  // Under a right checksum: cut off within the slots and within the result, with more behind it, of another step.
  std::vector<std::pair<std::int64_t, std::string>> wrong{{10, five->state.substr(0, 40)},
                                                          {11, five->state.substr(0, five->state.size() - 3)},
                                                          {12, five->state + "x"},
                                                          {13, five->state},
                                                          {14, ""}};
  for (const auto& [step, state] : wrong) checkpoints.write(step, state, log);
  ASSERT_TRUE(log.empty());
  const TrialResult result = run_until(long_trial(), checkpoints, -1);
  EXPECT_EQ(fingerprint(result), fingerprint(straight));
  ASSERT_EQ(result.log.size(), wrong.size());
  EXPECT_TRUE(says(result.log[0], "7/14' is not used: ")) << result.log[0];
  EXPECT_TRUE(says(result.log[1], "7/13' is not used: it is the state after step 5")) << result.log[1];
  EXPECT_TRUE(says(result.log[4], "7/10' is not used: ")) << result.log[4];
  for (const auto& [step, state] : wrong)
    EXPECT_TRUE(std::filesystem::exists(folder.path() / "7" / (std::to_string(step) + ".damaged"))) << step;
}

class CheckpointFile : public testing::Test {
 protected:
  std::vector<std::string> log_;
  TemporaryFolder folder_;
  CheckpointRules rules_{.every_seconds = 1, .keep_all = true, .folder = folder_.path()};
  Parameters parameters_{{"optimizer.lr", Value(0.1)}};
  Checkpoints checkpoints_{rules_, only_replicate(3), parameters_, "this plan"};
  [[nodiscard]] std::string newest() {
    const auto found = checkpoints_.newest(log_);
    return found ? found->state : "none";
  }
  std::filesystem::path file(int step) const { return folder_.path() / "3" / std::to_string(step); }
};

TEST_F(CheckpointFile, TheNewestWholeOneIsTaken) {
  checkpoints_.write(9, "nine", log_);
  checkpoints_.write(10, "ten", log_);
  EXPECT_EQ(newest(), "ten");
  EXPECT_TRUE(log_.empty());
  overwrite(file(10), contents(file(10)) + "x");
  EXPECT_EQ(newest(), "nine");
  ASSERT_EQ(log_.size(), 1u);
  EXPECT_TRUE(says(log_[0], "3/10' is not used: its sha256 is wrong"));
  EXPECT_TRUE(std::filesystem::exists(file(10).string() + ".damaged")) << "kept, under another name";
}

TEST_F(CheckpointFile, OfAnotherTrialOrPlanIsNotTaken) {
  const Parameters other{{"optimizer.lr", Value(0.2)}};
  for (const auto& owner : {Checkpoints(rules_, only_replicate(3), parameters_, "another plan"),
                            Checkpoints(rules_, only_replicate(3), other, "this plan"),
                            Checkpoints(rules_, only_replicate(3), {}, "this plan")}) {
    log_.clear();
    owner.write(4, "four", log_);
    EXPECT_EQ(newest(), "none");
    ASSERT_EQ(log_.size(), 1u);
    EXPECT_TRUE(says(log_[0], "3/4' is not used: it belongs to another trial or plan, or to other plugins"));
  }
  // A copy of the folder of another number.
  log_.clear();
  Checkpoints(rules_, only_replicate(0), parameters_, "this plan").write(4, "four", log_);
  std::filesystem::copy(folder_.path() / "0", folder_.path() / "3");
  EXPECT_EQ(newest(), "none");
  ASSERT_EQ(log_.size(), 1u);
  EXPECT_TRUE(says(log_[0], "3/4' is not used: it belongs to another trial"));
}

// A trial of replicate 0 is named as before there were replicates, so that earlier files are still taken.
TEST_F(CheckpointFile, OfAnotherReplicateIsNotTaken) {
  checkpoints_.write(4, "four", log_);
  EXPECT_EQ(read_checkpoint(file(4), "this plan\ntrial 3\noptimizer.lr: 0.1\n"), "four");
  const TrialId second{.number = 3, .configuration = 1, .replicate = 1};
  const Checkpoints replicate(rules_, second, parameters_, "this plan");
  replicate.write(5, "five", log_);
  EXPECT_EQ(read_checkpoint(file(5), "this plan\ntrial 3\nreplicate 1\noptimizer.lr: 0.1\n"), "five");
  EXPECT_TRUE(log_.empty());
  EXPECT_EQ(newest(), "four");
  ASSERT_EQ(log_.size(), 1u);
  EXPECT_TRUE(says(log_[0], "3/5' is not used: it belongs to another trial"));
}

TEST_F(CheckpointFile, WhatElseLiesInItsFolderIsNamedAndLeftAlone) {
  checkpoints_.write(4, "four", log_);
  std::filesystem::create_directories(file(5));
  ASSERT_EQ(::mkfifo(file(6).c_str(), 0600), 0);  // opening it would wait for ever
  overwrite(folder_.path() / "3" / "007", "x");
  overwrite(folder_.path() / "3" / "notes.txt", "x");
  EXPECT_EQ(newest(), "four");
  std::string all;
  for (const std::string& line : log_) all += line + "\n";
  const std::string place = "among the checkpoints, ignored: '" + (folder_.path() / "3").string();
  EXPECT_EQ(all, place + "/007': its name is no step\n" + place + "/5': it is no regular file\n" + place +
                     "/6': it is no regular file\n" + place + "/notes.txt': its name is no step\n");
  for (const char* name : {"5", "6", "007", "notes.txt"})
    EXPECT_TRUE(std::filesystem::exists(folder_.path() / "3" / name)) << name;
}

TEST_F(CheckpointFile, IsWrittenWhereAFifoIsInItsWay) {
  std::filesystem::create_directories(folder_.path() / "3");
  ASSERT_EQ(::mkfifo((folder_.path() / "3" / "unfinished").c_str(), 0600), 0);
  ASSERT_EQ(::mkfifo(file(5).c_str(), 0600), 0);
  EXPECT_EQ(checkpoints_.write(5, "five", log_), 0);
  EXPECT_EQ(newest(), "five");
  EXPECT_TRUE(log_.empty());
}

// Version 1 had no count of the optimizer's own steps: after a skipped step it would go on with other bits.
TEST_F(CheckpointFile, OfAnEarlierVersionIsNotTaken) {
  checkpoints_.write(4, "four", log_);
  std::string bytes = contents(file(4));
  ASSERT_TRUE(bytes.starts_with("tuner checkpoint 2\n"));
  bytes.resize(bytes.size() - 64);
  bytes[17] = '1';
  overwrite(file(4), bytes + sha256_of_text(bytes));
  EXPECT_EQ(newest(), "none");
  ASSERT_EQ(log_.size(), 1u);
  EXPECT_TRUE(says(log_[0], "3/4' is not used: it is no checkpoint of this version"));
}

TEST_F(CheckpointFile, IsNotTakenWhereAnyByteIsLostOrChanged) {
  checkpoints_.write(1, "state", log_);
  const std::string whole = contents(file(1)), identity = "this plan\ntrial 3\noptimizer.lr: 0.1\n";
  EXPECT_EQ(read_checkpoint(file(1), identity), "state");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    overwrite(file(1), whole.substr(0, size));
    EXPECT_THROW(static_cast<void>(read_checkpoint(file(1), identity)), DecodeError) << size;
  }
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string flipped = whole;
    flipped[i] = static_cast<char>(flipped[i] ^ (1 << (i % 8)));
    overwrite(file(1), flipped);
    EXPECT_THROW(static_cast<void>(read_checkpoint(file(1), identity)), DecodeError) << i;
  }
}

TEST_F(CheckpointFile, ThatCannotBeWrittenIsSaidAndNothingIsLeft) {
  std::filesystem::create_directories(file(5));  // a folder where the file should go
  overwrite(file(5) / "inside", "x");
  EXPECT_EQ(checkpoints_.write(5, "five", log_), EISDIR);
  ASSERT_EQ(log_.size(), 1u);
  EXPECT_TRUE(says(log_[0], "step 5: the checkpoint '"));
  EXPECT_TRUE(says(log_[0], "cannot be written"));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "3" / "unfinished"));
}

}  // namespace
}  // namespace tuner
