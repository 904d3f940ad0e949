// tuner plugins check: what a library does, against what a plugin must do.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iostream>
#include <sstream>
#include <thread>
#include <utility>

#include "tuner/check/run.hpp"
#include "tuner/commands/installation.hpp"
#include "tuner/commands/options.hpp"
#include "tuner/commands/plugins.hpp"
#include "tuner/error.hpp"
#include "tuner/json.hpp"
#include "tuner/text.hpp"

namespace tuner::commands {

namespace {

using check::Check;
using check::Result;
using check::Verdict;

constexpr Page kPage{
    "tuner plugins check FILE... [--only GROUP|CHECK,...] [options]",
    "Checks plugin libraries, or plugins by their id: loading, tables, metadata, arithmetic, determinism, state. Each\n"
    "check runs in a process of its own, so a plugin may crash or hang. A finding has a line of cause and a line of\n"
    "remedy. Exit code 4 where a check failed, or was not run since it needs an option; warnings do not fail.",
    "  tuner plugins check ./my_optimizer.so\n  tuner plugins check adam --only arithmetic,state.resume\n"
    "  tuner plugins check mlp --set data=/data/mnist\n  tuner plugins check --list"};

constexpr std::array kVerdicts{Verdict::passed,         Verdict::warned,  Verdict::failed,
                               Verdict::not_applicable, Verdict::not_run, Verdict::blocked};

// A file, and the plugins in it that are meant; none: all.
struct Target {
  std::filesystem::path file;
  std::vector<std::string> plugins;
};

// A word with a slash or the ending of a library is a file, any other the id of a plugin that is installed.
std::vector<Target> targets_of(const std::vector<std::string>& words, const std::filesystem::path& executable) {
  std::vector<Target> targets;
  std::optional<Catalogue> installed;
  for (const std::string& word : words) {
    if (word.find('/') != std::string::npos || word.ends_with(".so")) {
      targets.push_back({word, {}});
      continue;
    }
    if (!installed) installed.emplace(load_plugins(executable, {}));
    const std::size_t before = targets.size();
    std::vector<std::string_view> ids;
    for (const auto& plugin : installed->plugins()) {
      ids.push_back(plugin->id());
      if (plugin->id() == word)
        targets.push_back({plugin->library().path, {fmt::format("{}:{}", to_string(plugin->kind()), word)}});
    }
    if (targets.size() == before)
      throw Error(
          Message::plugin_unknown, fmt::format("there is no plugin '{}'", shown(word)),
          std::filesystem::exists(word) ? fmt::format("for the file write './{}'", word) : did_you_mean(word, ids));
  }
  return targets;
}

// A file that is not of a tuner's own folder must not have the id of a plugin that is: no tuner would load it.
void require_other_ids(const std::vector<Result>& results, const std::filesystem::path& executable) {
  const std::filesystem::path own("lib/tuner/plugins");
  std::optional<Catalogue> built_in;
  for (const Result& result : results) {
    const std::filesystem::path folder = result.file.parent_path();
    const bool is_own = folder.string().ends_with("/" + own.string());
    if (result.plugin.empty() || is_own) continue;
    if (!built_in) built_in.emplace().add_folder(executable.parent_path().parent_path() / own);
    for (const auto& plugin : built_in->plugins())
      if (fmt::format("{}:{}", to_string(plugin->kind()), plugin->id()) == result.plugin)
        throw Error(Message::plugin_duplicate_id,
                    fmt::format("{} '{}' is in two libraries: '{}' and '{}'", to_string(plugin->kind()), plugin->id(),
                                result.file.string(), plugin->library().path.string()),
                    "rename yours: the other one is built in, and tuner loads no second plugin of its id");
  }
}

std::string upper(std::string text) {
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

// "12 passed, 1 failed": only what there is.
std::string totals(const std::vector<Result>& results) {
  std::string text;
  for (const Verdict verdict : kVerdicts) {
    const auto n = std::ranges::count(results, verdict, &Result::verdict);
    if (n > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", n, to_string(verdict));
  }
  return text;
}

// What the library printed stands under what failed: it is often the answer. The last lines of it.
void print_output(const char* name, const std::string& text) {
  constexpr std::size_t kMostLines = 10;
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  if (lines.empty()) return;
  std::cout << fmt::format("      printed on {}:\n", name);
  const std::size_t first = lines.size() - std::min(lines.size(), kMostLines);
  for (std::size_t i = first; i < lines.size(); ++i) std::cout << "      | " << lines[i] << "\n";
}

void print(const std::vector<Result>& results) {
  const Result* before = nullptr;
  for (const Result& result : results) {
    if (before == nullptr || before->file != result.file || before->plugin != result.plugin) {
      if (before != nullptr) std::cout << "\n";
      const std::size_t colon = result.plugin.find(':');
      std::cout << (result.plugin.empty()
                        ? result.file.string()
                        : fmt::format("{} '{}'", result.plugin.substr(0, colon), result.plugin.substr(colon + 1)))
                << "\n";
    }
    before = &result;
    const bool bad = result.verdict == Verdict::failed || result.verdict == Verdict::warned;
    const std::string verdict = to_string(result.verdict);
    std::cout << fmt::format("  {:<26} {}{}\n", result.check->id, bad ? upper(verdict) : verdict,
                             result.reason.empty() ? "" : ": " + result.reason);
    for (const auto& finding : result.findings)
      std::cout << fmt::format("      {}\n      -> {}\n", finding.cause, finding.remedy);
    if (result.verdict == Verdict::failed) {
      print_output("standard output", result.out);
      print_output("standard error", result.err);
    }
  }
}

void print_json(const std::vector<Result>& results, std::uint64_t seed) {
  Json checks = Json::array();
  Json counts;
  for (const Verdict verdict : kVerdicts)
    counts[to_string(verdict)] = std::ranges::count(results, verdict, &Result::verdict);
  for (const Result& result : results) {
    Json findings = Json::array();
    for (const auto& finding : result.findings)
      findings.push_back(
          {{"severity", finding.warning ? "warning" : "error"}, {"cause", finding.cause}, {"remedy", finding.remedy}});
    checks.push_back({{"file", result.file.string()},
                      {"plugin", result.plugin},
                      {"check", result.check->id},
                      {"verdict", to_string(result.verdict)},
                      {"reason", result.reason},
                      {"findings", findings},
                      {"stdout", result.out},
                      {"stderr", result.err},
                      {"elapsed_ms", result.elapsed_ms}});
  }
  const Json all{{"seed", seed}, {"counts", counts}, {"checks", checks}};
  std::cout << all.dump(2) << "\n";
}

std::string kinds_text(std::uint32_t kinds) {
  if (kinds == 0) return "the library";
  std::string text;
  for (const Kind kind : kKinds)
    if (kinds >> static_cast<std::uint32_t>(kind) & 1u)
      text += fmt::format("{}{}s", text.empty() ? "" : ", ", to_string(kind));
  return text;
}

// The text in lines of at most 100 characters, each indented by four.
std::string wrapped(const std::string& text) {
  constexpr std::size_t kWidth = 100;
  std::string all, line;
  std::istringstream in(text);
  for (std::string word; in >> word;) {
    if (!line.empty() && 5 + line.size() + word.size() > kWidth)
      all += fmt::format("    {}\n", std::exchange(line, ""));
    line += (line.empty() ? "" : " ") + word;
  }
  return all + fmt::format("    {}\n", line);
}

void list(const std::vector<const Check*>& checks, bool json) {
  Json array = Json::array();
  for (const Check* c : checks) {
    if (json)
      array.push_back({{"check", c->id},
                       {"of", kinds_text(c->kinds)},
                       {"needs", c->needs ? c->needs : ""},
                       {"explanation", c->explanation}});
    else
      std::cout << fmt::format("{} (of {})\n{}", c->id, kinds_text(c->kinds), wrapped(c->explanation));
  }
  if (json) std::cout << array.dump(2) << "\n";
}

check::RunSettings settings_of(const po::variables_map& values, const std::filesystem::path& executable) {
  check::RunSettings settings;
  settings.self = executable;
  settings.selected = check::select(values.count("only") ? values["only"].as<std::string>() : "");
  settings.seed = values["seed"].as<std::uint64_t>();
  const auto limit = values["time-limit"].as<double>();
  if (!(limit > 0 && limit <= 86400))
    throw Error(Message::usage_bad_option, fmt::format("'--time-limit {}' is no number of seconds", limit),
                "give more than 0 and at most 86400");
  settings.time_limit = std::chrono::milliseconds(std::max<std::int64_t>(1, static_cast<std::int64_t>(limit * 1000)));
  settings.most_children = std::max(1u, std::thread::hardware_concurrency());
  if (values.count("set")) settings.settings = values["set"].as<std::vector<std::string>>();
  return settings;
}

}  // namespace

int check_plugins(const Invocation& invocation) {
  po::options_description options("Options");
  options.add_options()("only", po::value<std::string>()->value_name("GROUP|CHECK,..."),
                        "these groups or checks, and what they need")("list", "say what there is to check")(
      "seed", po::value<std::uint64_t>()->default_value(1)->value_name("N"), "of every random choice")(
      "time-limit", po::value<double>()->default_value(20, "20")->value_name("SECONDS"), "of one check")(
      "set", po::value<std::vector<std::string>>()->composing()->value_name("OPTION=VALUE"),
      "an option of the plugin, where it has no default or wants data")(
      "allow-not-run", "a check that needs an option and was not run is no failure")(
      "json", "one JSON object instead of a table");
  const auto values = parse(invocation, options, {"FILE..."}, kPage);
  if (!values) return 0;
  const bool json = values->count("json") > 0;
  const auto settings = settings_of(*values, invocation.executable);
  if (values->count("list")) {
    list(settings.selected, json);
    return 0;
  }
  const auto words = required_list(*values, "FILE...", kPage);
  std::vector<Result> results;
  for (const Target& target : targets_of(words, invocation.executable)) {
    auto more = check::check_library(settings, target.file, target.plugins);
    require_other_ids(more, invocation.executable);
    std::ranges::move(more, std::back_inserter(results));
  }
  const bool not_run =
      values->count("allow-not-run") == 0 && std::ranges::count(results, Verdict::not_run, &Result::verdict) > 0;
  if (json) {
    print_json(results, settings.seed);
  } else {
    print(results);
    std::cout << fmt::format("\n{} (seed {})\n", totals(results), settings.seed);
    if (not_run)
      std::cout << "what was not run is not known: give the options that are named above (--set OPTION=VALUE), or pass "
                   "over it with --allow-not-run\n";
  }
  return not_run || std::ranges::count(results, Verdict::failed, &Result::verdict) > 0 ? 4 : 0;
}

}  // namespace tuner::commands
