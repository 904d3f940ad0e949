// A built searcher, loaded as a shared library and driven through the tables of the ABI.
#pragma once

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "search_space.hpp"

namespace search_tests {

// Loaded once, from the searchers' folder.
inline const tuner_library& library_of(const std::string& name) {
  static std::map<std::string, const tuner_library*> loaded;
  const tuner_library*& library = loaded[name];
  if (library != nullptr) return *library;
  void* handle = dlopen((SEARCHER_DIR "/" + name + ".so").c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) handle = dlopen((TEST_SEARCHER_DIR "/" + name + ".so").c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) throw std::runtime_error(dlerror());
  library = reinterpret_cast<tuner_entry>(dlsym(handle, TUNER_ENTRY_SYMBOL))(TUNER_ABI_MINOR);
  return *library;
}
inline const tuner_plugin& plugin_of(const std::string& id) { return *library_of(id).plugins[0]; }

struct StudySetup {
  std::map<std::string, double> options = {};  // the others have their defaults
  std::uint32_t direction = TUNER_MINIMIZE;
  std::int64_t trials = 100;
  std::uint64_t seed = 1;
  std::uint32_t goals = 1;
};

class LoadedSearcher {
 public:
  LoadedSearcher(const std::string& id, TestSpace& space, StudySetup setup = {})
      : plugin_(plugin_of(id)),
        table_(*static_cast<const tuner_searcher*>(plugin_.vtable)),
        space_(space),
        setup_(std::move(setup)) {
    set_options();
    const std::vector<std::uint32_t> directions(setup_.goals, setup_.direction);
    directions_ = directions;
    tuner_search_create_args args{};
    args.struct_size = sizeof args;
    args.n_goals = setup_.goals;
    args.host = no_host();
    args.options = &options_;
    args.space = space.raw();
    args.directions = directions_.data();
    args.trials = setup_.trials;
    args.lag = 1;
    args.least_budget = 1;
    args.most_budget = 100;
    args.error = &error_;
    status_ = table_.create(&args, &state_);
  }
  ~LoadedSearcher() {
    if (state_ != nullptr) table_.destroy(state_);
  }
  LoadedSearcher(const LoadedSearcher&) = delete;
  LoadedSearcher& operator=(const LoadedSearcher&) = delete;

  [[nodiscard]] std::int32_t status() const { return status_; }
  [[nodiscard]] std::string error() const { return error_.text; }

  void observe(const std::vector<Result>& results) {
    std::vector<std::unique_ptr<ObservationOf>> owned;
    std::vector<tuner_observation> raw;
    for (const Result& result : results) {
      owned.push_back(std::make_unique<ObservationOf>(result));
      raw.push_back(owned.back()->raw);
    }
    tuner_observe_args args{};
    args.struct_size = sizeof args;
    args.n_observations = static_cast<std::uint32_t>(raw.size());
    args.observation_stride = sizeof(tuner_observation);
    args.host = no_host();
    args.observations = raw.data();
    args.error = &error_;
    ASSERT_EQ(table_.observe(state_, &args), TUNER_OK) << error_.text;
  }

  // `count` proposals from `first` on. fixed: values that are given, by dimension.
  std::vector<Assignment> propose(std::uint64_t first, std::size_t count = 1,
                                  const std::vector<Assignment>& pending = {},
                                  const std::map<std::size_t, double>& fixed = {}) {
    const std::size_t n = space_.size();
    std::vector<double> values(count * n, std::numeric_limits<double>::quiet_NaN());
    std::vector<std::uint8_t> states(count * n, TUNER_VALUE_INACTIVE);
    std::vector<std::int64_t> budgets(count, 100);
    std::vector<tuner_rng> streams(count);
    std::vector<tuner_rng*> rng;
    std::vector<tuner_configuration> waiting;
    for (const Assignment& assignment : pending) waiting.push_back(assignment.raw());
    for (std::size_t i = 0; i < count; ++i) {
      for (const auto& [dimension, value] : fixed) {
        values[i * n + dimension] = value;
        states[i * n + dimension] = TUNER_VALUE_FIXED;
      }
      streams[i].struct_size = sizeof(tuner_rng);
      streams[i].purpose = TUNER_RNG_SEARCHER;
      streams[i].seed = setup_.seed;
      streams[i].trial = static_cast<std::uint32_t>(first + i);
      rng.push_back(&streams[i]);
    }
    std::uint32_t made = 0;
    tuner_propose_args args{};
    args.struct_size = sizeof args;
    args.count = static_cast<std::uint32_t>(count);
    args.host = no_host();
    args.proposal = first;
    args.pending = waiting.data();
    args.n_pending = static_cast<std::uint32_t>(waiting.size());
    args.pending_stride = sizeof(tuner_configuration);
    args.rng = rng.data();
    args.values = values.data();
    args.states = states.data();
    args.budgets = budgets.data();
    args.made = &made;
    args.error = &error_;
    status_ = table_.propose(state_, &args);
    std::vector<Assignment> result;
    for (std::size_t i = 0; i < made; ++i) {
      const auto at = static_cast<std::ptrdiff_t>(i * n);
      const auto end = at + static_cast<std::ptrdiff_t>(n);
      result.push_back(
          {first + i, {values.begin() + at, values.begin() + end}, {states.begin() + at, states.begin() + end}});
    }
    return result;
  }

 private:
  void set_options() {
    for (std::uint32_t i = 0; i < plugin_.n_params; ++i) {
      const auto& param = *reinterpret_cast<const tuner_param*>(reinterpret_cast<const char*>(plugin_.params) +
                                                                std::size_t{i} * plugin_.param_stride);
      const auto given = setup_.options.find(param.id);
      values_.push_back(given != setup_.options.end() ? given->second : param.default_value);
    }
    options_.struct_size = sizeof options_;
    options_.n_groups = 1;
    options_.n_params = plugin_.n_params;
    options_.values = values_.data();
    options_.base = values_.data();
  }

  const tuner_plugin& plugin_;
  const tuner_searcher& table_;
  TestSpace& space_;
  StudySetup setup_;
  std::vector<double> values_;
  std::vector<std::uint32_t> directions_;
  tuner_options options_{};
  tuner_error error_{.struct_size = sizeof(tuner_error), .reserved = 0, .text = {}};
  void* state_ = nullptr;
  std::int32_t status_ = TUNER_OK;
};

}  // namespace search_tests
