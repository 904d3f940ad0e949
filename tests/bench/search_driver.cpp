// Plays studies in memory, for search_quality.py: the searchers as a study drives them, without workers and database.
//
// search_driver tables FOLDER METHOD LAG TRIALS FIRST_SEED SEEDS [OPTION=VALUE...]
//   One line a study, of every lookup table in the folder: its name, the seed, and the normalized regret after 25, 50,
//   100, ... trials. An observation is one random repeat of the table; the incumbent is the best observation so far,
//   and its score the mean of all its repeats: (f - f*) / (median - f*).
// search_driver FUNCTION DIMENSIONS METHOD LAG TRIALS FIRST_SEED SEEDS [OPTION=VALUE...]
//   One line a study: the function, the seed, and the least value after 1, 2, 3, ... trials wherever it fell, as
//   trial:value. Ranges are [-5, 5]; the minimum is 0 at (1, 1, ...).
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <memory>
#include <numbers>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tuner/abi.h"
#include "tuner/json.hpp"
#include "tuner/search/plugin_searcher.hpp"

namespace {

using namespace tuner;

struct Setup {
  std::string method;
  std::uint64_t lag = 1, trials = 1, first_seed = 1, seeds = 1;
  Settings options;
};

std::uint64_t number_in(const std::string& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) throw std::runtime_error(text + " is no number");
  return number;
}

Value option_value(const std::string& text) {
  if (text == "true" || text == "false") return text == "true";
  std::int64_t integer = 0;
  const char* const end = text.data() + text.size();
  if (std::from_chars(text.data(), end, integer).ptr == end) return integer;
  double real = 0;
  if (std::from_chars(text.data(), end, real).ptr == end) return real;
  return text;
}

Setup setup_of(const std::vector<std::string>& words) {
  Setup setup{.method = words[2],
              .lag = number_in(words[3]),
              .trials = number_in(words[4]),
              .first_seed = number_in(words[5]),
              .seeds = number_in(words[6]),
              .options = {}};
  for (std::size_t i = 7; i < words.size(); ++i) {
    const std::size_t equals = words[i].find('=');
    setup.options[words[i].substr(0, equals)] = option_value(words[i].substr(equals + 1));
  }
  return setup;
}

const Plugin& plugin(const std::string& id) {
  static auto* const kCatalogue = new Catalogue;  // plugins are never unloaded
  if (kCatalogue->find(Kind::searcher, id) == nullptr)
    kCatalogue->add_file(fmt::format("{}/{}.so", TUNER_PLUGIN_DIR, id));
  return kCatalogue->get(Kind::searcher, id);
}

// One study: `objective(configuration, trial)` is minimized; `ended` hears of every trial in their order.
void play(const Setup& setup, const Space& space, std::uint64_t seed,
          const std::function<double(const Configuration&, std::uint64_t)>& objective,
          const std::function<void(std::uint64_t, const Configuration&, double)>& ended) {
  StudyPlan plan;
  plan.seed = seed;
  plan.method = setup.method;
  plan.space = space;
  std::unique_ptr<search::Searcher> searcher;
  if (setup.method == "random") {
    searcher = search::make_random(plan);
  } else {
    plan.searcher = PluginPlan{
        .plugin = &plugin(setup.method), .label = setup.method, .options = setup.options, .groups = {}, .inner = {}};
    const search::EngineSetup engine{.lag = setup.lag, .trials = static_cast<std::int64_t>(setup.trials), .budget = 0};
    searcher = std::make_unique<search::PluginSearcher>(plan, engine, search::make_engine);
  }
  std::vector<search::PendingProposal> pending;
  std::vector<double> values;
  std::uint64_t observed = 0;
  for (std::uint64_t trial = 0; trial < setup.trials; ++trial) {
    const std::uint64_t needed = trial < setup.lag ? 0 : trial - setup.lag + 1;
    for (; observed < needed; ++observed) {
      search::Observation observation;
      observation.proposal = observed;
      observation.configuration = observed;
      observation.assignment = pending.front().configuration;
      observation.values = {values[observed]};
      observation.mean = values[observed];
      searcher->observe(observation);
      pending.erase(pending.begin());
    }
    pending.push_back({trial, searcher->propose(trial, pending)});
    const Configuration& configuration = pending.back().configuration;
    values.push_back(objective(configuration, trial));
    ended(trial, configuration, values.back());
  }
}

Range range_of(double min, double max, bool integer) {
  Range range;
  range.min = min;
  range.max = max;
  range.integer = integer;
  return range;
}

double number_of(const Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  return std::get<double>(value);
}

// ---- lookup tables

struct Table {
  std::string name;
  Space space;
  std::vector<std::size_t> sizes;  // values of each parameter
  std::size_t repeats = 1;
  double sign = 1;  // -1: the table is maximized
  std::vector<float> values;
  std::vector<double> means;  // by configuration
  double best = 0, median = 0;
};

Table read_table(const std::filesystem::path& description) {
  std::ifstream file(description);
  const Json json = Json::parse(std::string(std::istreambuf_iterator<char>(file), {}));
  Table table{.name = description.stem().string(), .space = {}, .sizes = {}, .values = {}, .means = {}};
  table.sign = json.at("direction").get<std::string>() == "maximize" ? -1 : 1;
  table.repeats = static_cast<std::size_t>(json.at("repeats").get<std::int64_t>());
  std::size_t configurations = 1;
  for (const auto& [name, values] : json.at("parameters").items()) {
    table.sizes.push_back(values.size());
    configurations *= values.size();
    Dimension dimension{.name = name, .domain = {}, .parent = {}, .branch = 0, .probabilities = {}};
    if (values[0].is_string()) {
      Values choices;
      for (const auto& value : values) choices.emplace_back(value.get<std::string>());
      dimension.domain = std::move(choices);
    } else {
      dimension.domain = range_of(0, static_cast<double>(values.size()) - 1, true);
    }
    table.space.dimensions.push_back(std::move(dimension));
  }
  table.values.resize(configurations * table.repeats);
  std::ifstream numbers(std::filesystem::path(description).replace_extension(".f32"), std::ios::binary);
  const auto bytes = static_cast<std::streamsize>(table.values.size() * sizeof(float));
  if (!numbers.read(reinterpret_cast<char*>(table.values.data()), bytes))
    throw std::runtime_error(table.name + ".f32 is too short");
  for (std::size_t i = 0; i < configurations; ++i) {
    double sum = 0;
    for (std::size_t r = 0; r < table.repeats; ++r) sum += table.sign * table.values[i * table.repeats + r];
    table.means.push_back(sum / static_cast<double>(table.repeats));
  }
  std::vector<double> sorted = table.means;
  std::ranges::sort(sorted);
  table.best = sorted.front();
  table.median = (sorted[(configurations - 1) / 2] + sorted[configurations / 2]) / 2;
  return table;
}

std::size_t row_of(const Table& table, const Configuration& configuration) {
  std::size_t row = 0;
  for (std::size_t i = 0; i < table.sizes.size(); ++i) {
    std::size_t index = 0;
    if (const auto* values = std::get_if<Values>(&table.space.dimensions[i].domain))
      index = static_cast<std::size_t>(std::ranges::find(*values, *configuration[i]) - values->begin());
    else
      index = static_cast<std::size_t>(number_of(*configuration[i]));
    row = row * table.sizes[i] + index;
  }
  return row;
}

void play_table(const Setup& setup, const Table& table, std::uint64_t seed) {
  tuner_rng repeats{};
  repeats.struct_size = sizeof repeats;
  repeats.purpose = TUNER_RNG_NOISE;
  repeats.seed = seed;
  double best = std::numeric_limits<double>::infinity();
  double regret = 0;
  std::string line = fmt::format("{} {}", table.name, seed);
  const auto objective = [&](const Configuration& configuration, std::uint64_t trial) {
    const double u = tuner_rng_uniform_at(&repeats, trial);
    const auto repeat = static_cast<std::size_t>(u * static_cast<double>(table.repeats));
    return table.sign * table.values[row_of(table, configuration) * table.repeats + repeat];
  };
  const auto ended = [&](std::uint64_t trial, const Configuration& configuration, double value) {
    if (value < best) {
      best = value;
      regret = (table.means[row_of(table, configuration)] - table.best) / (table.median - table.best);
    }
    const std::uint64_t count = trial + 1;
    if (count % 25 == 0 && (count / 25 & (count / 25 - 1)) == 0) line += fmt::format(" {:.6g}", regret);
  };
  play(setup, table.space, seed, objective, ended);
  std::puts(line.c_str());
}

// ---- functions

double weight(std::size_t i, std::size_t n) {
  return std::pow(1e6, static_cast<double>(i) / (static_cast<double>(n) - 1));
}

double ellipsoid(const std::vector<double>& y) {
  double sum = 0;
  for (std::size_t i = 0; i < y.size(); ++i) sum += weight(i, y.size()) * y[i] * y[i];
  return sum;
}

// Two reflections, at (1, 2, ..., n) and at (n, ..., 2, 1): a rotation that mixes all coordinates.
std::vector<double> rotated(std::vector<double> y) {
  const auto n = static_cast<double>(y.size());
  for (const bool up : {true, false}) {
    double product = 0;
    double square = 0;
    const auto v = [&](std::size_t i) { return up ? static_cast<double>(i) + 1 : n - static_cast<double>(i); };
    for (std::size_t i = 0; i < y.size(); ++i) {
      product += v(i) * y[i];
      square += v(i) * v(i);
    }
    for (std::size_t i = 0; i < y.size(); ++i) y[i] -= 2 * product / square * v(i);
  }
  return y;
}

double function_value(const std::string& name, const std::vector<double>& x) {
  std::vector<double> y = x;
  for (double& coordinate : y) coordinate -= 1;
  if (name == "ellipsoid") return ellipsoid(y);
  if (name == "rotated_ellipsoid") return ellipsoid(rotated(y));
  double sum = 0;
  if (name == "rosenbrock") {
    for (std::size_t i = 0; i + 1 < x.size(); ++i)
      sum += 100 * std::pow(x[i + 1] - x[i] * x[i], 2) + std::pow(1 - x[i], 2);
  } else if (name == "rastrigin") {
    for (const double z : y) sum += z * z + 10 - 10 * std::cos(2 * std::numbers::pi * z);
  } else if (name == "sphere") {
    for (const double z : y) sum += z * z;
  } else {
    throw std::runtime_error("there is no function " + name);
  }
  return sum;
}

void play_function(const Setup& setup, const std::string& name, std::uint64_t dimensions, std::uint64_t seed) {
  Space space;
  for (std::uint64_t i = 0; i < dimensions; ++i)
    space.dimensions.push_back({.name = fmt::format("x{:02}", i),
                                .domain = range_of(-5, 5, false),
                                .parent = {},
                                .branch = 0,
                                .probabilities = {}});
  double best = std::numeric_limits<double>::infinity();
  std::string line = fmt::format("{} {}", name, seed);
  const auto objective = [&](const Configuration& configuration, std::uint64_t) {
    std::vector<double> x;
    for (const auto& value : configuration) x.push_back(number_of(*value));
    return function_value(name, x);
  };
  const auto ended = [&](std::uint64_t trial, const Configuration&, double value) {
    if (value >= best) return;
    best = value;
    line += fmt::format(" {}:{:.6g}", trial + 1, value);
  };
  play(setup, space, seed, objective, ended);
  std::puts(line.c_str());
}

void run(const std::vector<std::string>& words) {
  const Setup setup = setup_of(words);
  const std::uint64_t end = setup.first_seed + setup.seeds;
  if (words[0] != "tables") {
    for (std::uint64_t seed = setup.first_seed; seed < end; ++seed)
      play_function(setup, words[0], number_in(words[1]), seed);
    return;
  }
  std::vector<std::filesystem::path> descriptions;
  for (const auto& entry : std::filesystem::directory_iterator(words[1]))
    if (entry.path().extension() == ".json") descriptions.push_back(entry.path());
  std::ranges::sort(descriptions);
  for (const auto& description : descriptions) {
    const Table table = read_table(description);
    for (std::uint64_t seed = setup.first_seed; seed < end; ++seed) play_table(setup, table, seed);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() < 7) {
    std::fputs("search_driver tables FOLDER|FUNCTION DIMENSIONS METHOD LAG TRIALS FIRST_SEED SEEDS [OPTION=VALUE...]\n",
               stderr);
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
