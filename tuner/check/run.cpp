#include "tuner/check/run.hpp"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <sstream>
#include <stdexcept>

#include "tuner/check/answers.hpp"
#include "tuner/check/child.hpp"
#include "tuner/check/children.hpp"
#include "tuner/error.hpp"

namespace tuner::check {

namespace {

// What every check of a plugin needs: without them its library cannot be loaded, or its tables not be read.
constexpr const char* kPluginNeeds = "load.opens abi.descriptor";

std::vector<std::string> words_of(const char* text) {
  std::vector<std::string> words;
  std::istringstream in(text ? text : "");
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

std::vector<std::string> needs_of(const Check& check) {
  auto needs = words_of(check.needs);
  if (check.kinds != 0)
    for (const auto& need : words_of(kPluginNeeds)) needs.push_back(need);
  return needs;
}

std::string group_of(const Check& check) { return std::string(check.id, std::strchr(check.id, '.')); }

bool is_for(const Check& check, const std::string& plugin) {
  if (check.kinds == 0 || plugin.empty()) return check.kinds == 0 && plugin.empty();
  const std::string kind = plugin.substr(0, plugin.find(':'));
  for (const Kind k : kKinds)
    if (to_string(k) == kind) return (check.kinds >> static_cast<std::uint32_t>(k) & 1u) != 0;
  return false;
}

// The last line of what a dying process said.
std::string last_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  const std::size_t newline = text.rfind('\n');
  return newline == std::string::npos ? text : text.substr(newline + 1);
}

std::string shell_quoted(const std::string& word) {
  return word.find_first_of(" '\"[]*$") == std::string::npos ? word : fmt::format("'{}'", word);
}

// One library's checks, with what is known of each.
class LibraryRun {
 public:
  LibraryRun(const RunSettings& settings, const std::filesystem::path& file) : settings_(settings), file_(file) {}

  void add(const std::string& plugin) {
    for (const Check* check : settings_.selected) {
      if (!is_for(*check, plugin)) continue;
      Result& result = items_.emplace_back().result;
      result.file = file_;
      result.plugin = plugin;
      result.check = check;
    }
  }
  void run();
  // Those of `only`, all where it is empty.
  [[nodiscard]] std::vector<std::string> plugins(const std::vector<std::string>& only) const;
  [[nodiscard]] bool passed(std::string_view id) const {
    return std::ranges::any_of(items_, [&](const Item& i) { return id == i.result.check->id && i.is_open_door(); });
  }
  [[nodiscard]] std::vector<Result> results() {
    std::vector<Result> results;
    for (Item& item : items_) results.push_back(std::move(item.result));
    return results;
  }

 private:
  struct Item {
    Result result;
    enum State { waiting, running, decided } state = waiting;
    // Checks that need this one may run.
    [[nodiscard]] bool is_open_door() const {
      return state == decided && result.verdict != Verdict::failed && result.verdict != Verdict::blocked;
    }
  };
  [[nodiscard]] std::vector<std::string> command(const std::string& plugin, const std::string& check) const;
  // Whether all that it needs is decided; blocks it where one of them is no open door.
  [[nodiscard]] bool ready(Item& item);
  void decide(Item& item, Ended ended) const;
  void add_death(Result& result, const Ended& ended, const std::vector<AnswerRecord>& answers) const;

  const RunSettings& settings_;
  std::filesystem::path file_;
  std::vector<Item> items_;
};

std::vector<std::string> LibraryRun::command(const std::string& plugin, const std::string& check) const {
  std::vector<std::string> words{
      settings_.self, kChildWord, file_, plugin.empty() ? kLibrary : plugin, check, std::to_string(settings_.seed)};
  for (const auto& setting : settings_.settings) words.push_back(setting);
  return words;
}

bool LibraryRun::ready(Item& item) {
  for (const std::string& need : needs_of(*item.result.check)) {
    for (const Item& other : items_) {
      if (need != other.result.check->id) continue;
      if (!other.result.plugin.empty() && other.result.plugin != item.result.plugin) continue;
      if (other.state != Item::decided) return false;
      if (other.is_open_door()) continue;
      item.state = Item::decided;
      item.result.verdict = Verdict::blocked;
      item.result.reason = fmt::format("needs {}, which {}", need,
                                       other.result.verdict == Verdict::failed ? "failed" : "is blocked itself");
      return false;
    }
  }
  return true;
}

void LibraryRun::run() {
  Children children(settings_.most_children, settings_.time_limit);
  const auto waiting = [&] { return std::ranges::count(items_, Item::waiting, &Item::state); };
  for (;;) {
    const auto before = waiting();
    for (std::size_t i = 0; i < items_.size() && children.has_room(); ++i) {
      Item& item = items_[i];
      if (item.state != Item::waiting || !ready(item)) continue;
      children.start(i, command(item.result.plugin, item.result.check->id));
      item.state = Item::running;
    }
    if (children.idle()) {
      if (before == 0) return;
      // One that was blocked may be what an earlier one waits for; without even that they wait for each other.
      if (waiting() == before) throw std::logic_error("checks need each other in a circle");
      continue;
    }
    Ended ended = children.wait();
    decide(items_[ended.tag], std::move(ended));
  }
}

void LibraryRun::add_death(Result& result, const Ended& ended, const std::vector<AnswerRecord>& answers) const {
  std::string when;
  bool done = false;
  for (const AnswerRecord& answer : answers) {
    if (answer.kind == Answer::doing) when = answer.text;
    done = done || answer.kind == Answer::done;
  }
  if (done && !ended.timed_out && WIFEXITED(ended.status)) return;
  if (done)
    when = ", at the end of the process";
  else if (!when.empty())
    when = ": " + when;
  const std::string words = last_line(ended.err.empty() ? ended.out : ended.err);
  const std::string said = words.empty() ? "" : fmt::format(" (its last words: {})", words);
  std::string again = "repeat it in a debugger: gdb --args";
  for (const std::string& word : command(result.plugin, result.check->id))
    again += fmt::format(" {}", shell_quoted(word));
  if (ended.timed_out) {
    result.findings.push_back({false,
                               fmt::format("it did not come back within {:g} s{}{}",
                                           std::chrono::duration<double>(settings_.time_limit).count(), when, said),
                               "look for an endless loop or a wait; --time-limit gives it more time; " + again});
  } else if (WIFSIGNALED(ended.status)) {
    const int signal = WTERMSIG(ended.status);
    result.findings.push_back(
        {false, fmt::format("it crashed the process with signal {} ({}){}{}", signal, strsignal(signal), when, said),
         signal == SIGABRT ? "abort(), a failed assert() or an exception that nobody catches: "
                             "return TUNER_ERROR with a message instead; " +
                                 again
                           : again});
  } else {
    result.findings.push_back({false,
                               fmt::format("it ended the process with exit code {} before the check was over{}{}",
                                           WEXITSTATUS(ended.status), when, said),
                               "a plugin never calls exit(): return TUNER_ERROR with a message; " + again});
  }
}

void LibraryRun::decide(Item& item, Ended ended) const {
  item.state = Item::decided;
  Result& result = item.result;
  const auto answers = read_answers(ended.answers);
  for (const AnswerRecord& answer : answers) {
    if (answer.kind == Answer::not_applicable) {
      result.verdict = Verdict::not_applicable;
      result.reason = answer.text;
    }
    if (answer.kind == Answer::not_run) {
      result.verdict = Verdict::not_run;
      result.reason = answer.text;
    }
    if (answer.kind == Answer::failure || answer.kind == Answer::warning)
      result.findings.push_back({answer.kind == Answer::warning, answer.text, answer.second});
  }
  add_death(result, ended, answers);
  if (!result.findings.empty())
    result.verdict = std::ranges::all_of(result.findings, &Finding::warning) ? Verdict::warned : Verdict::failed;
  result.out = std::move(ended.out);
  result.err = std::move(ended.err);
  result.elapsed_ms = ended.elapsed_ms;
}

std::vector<std::string> LibraryRun::plugins(const std::vector<std::string>& only) const {
  Children children(1, settings_.time_limit);
  children.start(0, command("", kListPlugins));
  std::vector<std::string> plugins;
  bool is_meant = true;  // what comes next is about the library, or a plugin of `only`
  for (const AnswerRecord& answer : read_answers(children.wait().answers)) {
    if (answer.kind == Answer::refused_option && is_meant)
      throw Error(Message::usage_bad_option, answer.text, answer.second).at(file_.string());
    if (answer.kind != Answer::plugin) continue;
    is_meant = only.empty() || std::ranges::find(only, answer.text) != only.end();
    if (is_meant) plugins.push_back(answer.text);
  }
  return plugins;
}

}  // namespace

const char* to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::passed:
      return "passed";
    case Verdict::warned:
      return "warned";
    case Verdict::failed:
      return "failed";
    case Verdict::not_applicable:
      return "not applicable";
    case Verdict::not_run:
      return "not run";
    case Verdict::blocked:
      return "blocked";
  }
  return "unknown";
}

std::string what_is_missing(const Subject& subject) {
  if (subject.plugin == nullptr) return "";
  if (subject.plugin->kind() == Kind::scheduler) return lacks_options(subject);
  return subject.plugin->kind() == Kind::objective ? lacks_data(subject) : "";
}

const std::vector<Check>& all_checks() {
  static const std::vector<Check> checks = [] {
    std::vector<Check> all;
    for (const auto group :
         {load_checks(), abi_checks(), metadata_checks(), example_checks(), arithmetic_checks(), progress_checks(),
          determinism_checks(), option_checks(), state_checks(), closure_checks(), thread_checks(), objective_checks(),
          scheduler_checks(), searcher_checks(), pruner_checks()})
      all.insert(all.end(), group.begin(), group.end());
    return all;
  }();
  return checks;
}

std::vector<const Check*> select(const std::string& only) {
  std::set<std::string> wanted;
  std::istringstream list(only);
  for (std::string name; std::getline(list, name, ',');) {
    std::vector<std::string> names;
    bool found = false;
    for (const Check& check : all_checks()) {
      names.push_back(check.id);
      if (names.end() == std::ranges::find(names, group_of(check))) names.push_back(group_of(check));
      if (name != check.id && name != group_of(check)) continue;
      wanted.insert(check.id);
      found = true;
    }
    if (!found)
      throw Error(Message::usage_bad_option, fmt::format("there is no check and no group of checks '{}'", name),
                  nearest(name, {names.begin(), names.end()}).empty() ? "`tuner plugins check --list` names them"
                                                                      : did_you_mean(name, names));
  }
  // What they need, and what that needs.
  for (std::size_t before = 0; before != wanted.size();) {
    before = wanted.size();
    for (const Check& check : all_checks())
      if (wanted.contains(check.id))
        for (const std::string& need : needs_of(check)) wanted.insert(need);
  }
  std::vector<const Check*> selected;
  for (const Check& check : all_checks())
    if (only.empty() || wanted.contains(check.id)) selected.push_back(&check);
  return selected;
}

std::vector<Result> check_library(const RunSettings& settings, const std::filesystem::path& file,
                                  const std::vector<std::string>& only) {
  if (::access(file.c_str(), R_OK) != 0)
    throw Error(Message::plugin_unreadable,
                fmt::format("cannot read the plugin '{}': {}", file.string(), std::strerror(errno)),
                "name the .so file, or the id of a plugin that `tuner plugins` lists");
  LibraryRun run(settings, std::filesystem::canonical(file));
  run.add("");
  run.run();
  // Where the library cannot be loaded there is nobody to ask for its plugins.
  if (!run.passed("load.opens") || !run.passed("abi.descriptor")) return run.results();
  for (const std::string& plugin : run.plugins(only)) run.add(plugin);
  run.run();
  return run.results();
}

}  // namespace tuner::check
