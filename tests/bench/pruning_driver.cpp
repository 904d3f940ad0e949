// Plays random searches with a pruner on recorded learning curves, for pruning_quality.py: the pruners as a study
// drives them, on one worker, without trainings and database. A trial that is continued pays for its further
// evaluations alone.
//
// pruning_driver CURVES none|PRUNER TRIALS FIRST_SEED SEEDS [OPTION=VALUE...]
//   CURVES: a line for each configuration, with the losses of its evaluations; fewer where it diverged, "nan" for none.
//   One line a study: the seed, and cost:regret wherever a completed trial is the best so far. The cost is in
//   evaluations; the regret is the last loss of that trial above the best last loss of all curves.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "tuner/search/plugin_pruner.hpp"
#include "tuner/search/searcher.hpp"

namespace {

using namespace tuner;

struct Curves {
  std::vector<std::vector<double>> losses;  // by configuration
  std::size_t length = 0;
  double best = std::numeric_limits<double>::infinity();
};

Curves read_curves(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(path.string() + " cannot be read");
  Curves curves;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.front() == '#') continue;
    std::istringstream words(line);
    std::vector<double> losses;
    for (std::string word; words >> word;) losses.push_back(std::stod(word));
    curves.length = std::max(curves.length, losses.size());
    curves.losses.push_back(std::move(losses));
  }
  for (const std::vector<double>& losses : curves.losses)
    if (losses.size() == curves.length && losses.back() < curves.best) curves.best = losses.back();
  return curves;
}

Value option_value(const std::string& text) {
  std::int64_t integer = 0;
  const char* const end = text.data() + text.size();
  if (std::from_chars(text.data(), end, integer).ptr == end) return integer;
  return text;
}

std::uint64_t number_in(const std::string& text) { return std::stoull(text); }

class Game {
 public:
  Game(const Curves& curves, std::uint64_t seed, const PluginPlan* pruner) : curves_(curves) {
    plan_.seed = seed;
    plan_.method = "random";
    Range range;
    range.min = 0;
    range.max = static_cast<double>(curves.losses.size()) - 1;
    range.integer = true;
    plan_.space.dimensions.push_back(
        {.name = "curve", .domain = range, .parent = {}, .branch = 0, .probabilities = {}});
    searcher_ = search::make_random(plan_);
    if (pruner == nullptr) return;
    plan_.pruner.emplace();
    plan_.pruner->plugin = *pruner;
    const search::EngineSetup setup{.lag = 1, .trials = -1, .budget = static_cast<std::int64_t>(curves.length)};
    pruner_ = std::make_unique<search::PluginPruner>(plan_, setup, search::make_prune_engine);
  }

  std::string play(std::uint64_t trials) {
    for (std::uint64_t next = 0;;) {
      if (pruner_ && pruner_->reviews())
        if (const auto reviewed = pruner_->review(next == trials)) {
          go_on(*reviewed);
          continue;
        }
      if (next == trials) return line_;
      begin(next++);
    }
  }

 private:
  struct Trial {
    Configuration configuration;
    std::size_t curve = 0, step = 0;
  };

  void begin(std::uint64_t number) {
    Trial& trial = trials_[number];
    trial.configuration = searcher_->propose(number);
    trial.curve = static_cast<std::size_t>(std::get<std::int64_t>(*trial.configuration[0]));
    train(number, trial, pruner_ ? pruner_->first_step() : kNever);
  }

  void go_on(const search::Reviewed& reviewed) {
    Trial& trial = trials_.at(reviewed.number);
    if (reviewed.decision.stops()) return end(reviewed.number, trial, Outcome::pruned);
    train(reviewed.number, trial, reviewed.decision.next);
  }

  void train(std::uint64_t number, Trial& trial, std::int64_t decide_at) {
    const std::vector<double>& losses = curves_.losses[trial.curve];
    while (trial.step < losses.size()) {
      ++trial.step;
      ++cost_;
      const double loss = losses[trial.step - 1];
      if (static_cast<std::int64_t>(trial.step) < decide_at || trial.step == curves_.length) continue;
      const search::Judged judged{.number = number,
                                  .step = static_cast<std::int64_t>(trial.step),
                                  .value = loss,
                                  .configuration = trial.configuration};
      pruner_->observe(judged);
      const Decision decision = pruner_->decide(judged);
      if (decision.stops()) return end(number, trial, Outcome::pruned);
      if (decision.what == Decision::What::pause) return end(number, trial, Outcome::paused);
      decide_at = decision.next;
    }
    end(number, trial, trial.step == curves_.length ? Outcome::completed : Outcome::diverged);
  }

  void end(std::uint64_t number, const Trial& trial, Outcome outcome) {
    const double loss = curves_.losses[trial.curve][std::max<std::size_t>(trial.step, 1) - 1];
    if (pruner_)
      pruner_->ended({.number = number,
                      .outcome = outcome,
                      .last_step = static_cast<std::int64_t>(trial.step),
                      .value = std::isfinite(loss) ? std::optional(loss) : std::nullopt,
                      .configuration = trial.configuration});
    if (outcome != Outcome::completed || !(loss < best_)) return;
    best_ = loss;
    line_ += fmt::format(" {}:{:.6g}", cost_, best_ - curves_.best);
  }

  const Curves& curves_;
  StudyPlan plan_;
  std::unique_ptr<search::Searcher> searcher_;
  std::unique_ptr<search::PluginPruner> pruner_;
  std::map<std::uint64_t, Trial> trials_;
  std::uint64_t cost_ = 0;
  double best_ = std::numeric_limits<double>::infinity();
  std::string line_;
};

void run(const std::vector<std::string>& words) {
  const Curves curves = read_curves(words[0]);
  Catalogue catalogue;
  PluginPlan pruner;
  if (words[1] != "none") {
    catalogue.add_file(fmt::format("{}/{}.so", TUNER_PLUGIN_DIR, words[1]));
    pruner.plugin = &catalogue.get(Kind::pruner, words[1]);
    pruner.label = words[1];
    for (std::size_t i = 5; i < words.size(); ++i) {
      const std::size_t equals = words[i].find('=');
      pruner.options[words[i].substr(0, equals)] = option_value(words[i].substr(equals + 1));
    }
  }
  const std::uint64_t first = number_in(words[3]), seeds = number_in(words[4]);
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    Game game(curves, seed, words[1] == "none" ? nullptr : &pruner);
    std::puts(fmt::format("{}{}", seed, game.play(number_in(words[2]))).c_str());
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() < 5) {
    std::fputs("usage: pruning_driver CURVES none|PRUNER TRIALS FIRST_SEED SEEDS [OPTION=VALUE...]\n", stderr);
    return 2;
  }
  try {
    run(words);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
  return 0;
}
