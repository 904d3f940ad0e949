// What a plugin says about itself: the interface, the checks of a sweep file and the documentation are made of it.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstring>
#include <set>

#include "tuner/check/check.hpp"
#include "tuner/options.hpp"
#include "tuner/sdk/metadata.hpp"

namespace tuner::check {

namespace {

constexpr std::uint32_t kAllKinds = 1u << TUNER_KIND_OPTIMIZER | 1u << TUNER_KIND_SCHEDULER |
                                    1u << TUNER_KIND_OBJECTIVE | 1u << TUNER_KIND_SEARCHER | 1u << TUNER_KIND_PRUNER;

bool is_empty(const char* text) { return text == nullptr || *text == 0; }

// "1", "0" or digits without a zero in front.
bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; }) &&
         (text == "0" || text[0] != '0');
}

// MAJOR.MINOR.PATCH, then perhaps -PRERELEASE and +BUILD of letters, digits, dots and hyphens.
bool is_semantic_version(std::string_view text) {
  const std::size_t core = text.find_first_of("-+");
  const std::string_view rest = core == std::string_view::npos ? "" : text.substr(core);
  std::string_view numbers = text.substr(0, core);
  for (int part = 0; part < 3; ++part) {
    const std::size_t dot = numbers.find('.');
    if ((dot == std::string_view::npos) != (part == 2) || !is_number(numbers.substr(0, dot))) return false;
    if (part < 2) numbers.remove_prefix(dot + 1);
  }
  const bool plain = std::ranges::all_of(
      rest, [](unsigned char c) { return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '+'; });
  return plain && rest.size() != 1;
}

bool is_word(const char* text) {
  if (is_empty(text) || !(text[0] >= 'a' && text[0] <= 'z')) return false;
  return std::ranges::all_of(std::string_view(text),
                             [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

// The ids of one table: words, each once.
void check_ids(const std::vector<const char*>& ids, const char* what, Report& report) {
  std::set<std::string> seen;
  for (const char* id : ids) {
    if (!is_word(id))
      report.fail(fmt::format("the id '{}' of {} is not a word", id ? id : "", what),
                  "use a-z, 0-9 and '_', a letter first");
    else if (!seen.insert(id).second)
      report.fail(fmt::format("two of its {}s have the id '{}'", what, id), "give each an id of its own");
  }
}

void check_words(const Subject& subject, Report& report) {
  const Plugin& plugin = *subject.plugin;
  if (!is_semantic_version(plugin.version()))
    report.fail(fmt::format("its version '{}' is not MAJOR.MINOR.PATCH", plugin.version()),
                "write it like 1.0.0 (semver.org); a changed default raises the first number");
  if (const char* version = plugin.library().table->version; is_empty(version) || !is_semantic_version(version))
    report.fail(fmt::format("the version '{}' of its library is not MAJOR.MINOR.PATCH", version ? version : ""),
                "write it like 1.0.0 in TUNER_LIBRARY(...)");
  for (const auto id : plugin.param_ids())
    if (std::ranges::find(kReservedKeys, id) != std::end(kReservedKeys))
      report.fail(fmt::format("its option '{}' has the name of a key of the sweep file", id),
                  "rename it: in a sweep file nobody could set it");
  std::vector<const char*> slots, outputs, metrics;
  for (std::size_t s = 0; s < plugin.slot_count(); ++s) slots.push_back(plugin.slot(s).id);
  if (plugin.kind() == Kind::scheduler)
    for (std::uint32_t o = 0; o < plugin.scheduler().n_outputs; ++o)
      outputs.push_back(plugin.scheduler().outputs[o]->id);
  if (plugin.kind() == Kind::objective)
    for (std::uint32_t m = 0; m < plugin.objective().n_metrics; ++m)
      metrics.push_back(plugin.objective().metrics[m]->id);
  check_ids(slots, "slot", report);
  check_ids(outputs, "output", report);
  check_ids(metrics, "metric", report);
}

// A text for one line of a table.
void check_line(const char* text, const std::string& what, Report& report) {
  constexpr std::size_t kLongest = 200;
  if (is_empty(text))
    report.fail(fmt::format("{} has no doc", what), "say in one line what it is");
  else if (std::strchr(text, '\n') != nullptr)
    report.fail(fmt::format("the doc of {} has more than one line", what), "say it in one line; the rest is `details`");
  else if (std::strlen(text) > kLongest)
    report.warn(fmt::format("the doc of {} has {} characters", what, std::strlen(text)),
                fmt::format("say it in at most {}: tables show it in one line", kLongest));
}

// A word of time or memory in an option's id or doc: its number means nothing without a unit.
std::string dimension_of(const tuner_param& param) {
  static constexpr std::array kWords{"seconds", "milliseconds", "ms", "minutes", "hours", "bytes", "kb", "mb", "gb"};
  std::string words = fmt::format("{} {}", param.id, param.doc ? param.doc : "");
  for (char& c : words) c = std::isalnum(static_cast<unsigned char>(c)) ? static_cast<char>(std::tolower(c)) : ' ';
  words = fmt::format(" {} ", words);
  for (const char* word : kWords)
    if (words.find(fmt::format(" {} ", word)) != std::string::npos) return word;
  return "";
}

void check_docs(const Subject& subject, Report& report) {
  const Plugin& plugin = *subject.plugin;
  const tuner_plugin& d = plugin.descriptor();
  if (is_empty(d.name)) report.fail("it has no name", "give it one for people, beside its id");
  check_line(d.doc, "the plugin", report);
  if (is_empty(d.reference))
    report.fail("it has no reference", "name authors, year and equation, or say that it is your own");
  if (is_empty(plugin.library().table->licence))
    report.warn("its library names no license", "give an SPDX identifier, such as MIT, in TUNER_LIBRARY(...)");
  for (std::size_t i = 0; i < plugin.param_count(); ++i) {
    const tuner_param& param = plugin.param(i);
    check_line(param.doc, fmt::format("option '{}'", param.id), report);
    const bool number = param.type == TUNER_TYPE_F64 || param.type == TUNER_TYPE_I64;
    if (const std::string word = dimension_of(param); number && !word.empty() && is_empty(param.unit))
      report.fail(fmt::format("option '{}' is in {} and has no unit", param.id, word),
                  fmt::format("say so in its unit: .in(\"{}\")", word));
  }
  for (std::size_t s = 0; s < plugin.slot_count(); ++s)
    check_line(plugin.slot(s).doc, fmt::format("slot '{}'", plugin.slot(s).id), report);
}

bool is_whole(double value) { return value == std::floor(value); }

// Whether the host would take `value` from a sweep file.
bool is_legal(const tuner_param& p, double value) {
  if (!std::isfinite(value) || value < p.min || value > p.max) return false;
  return !((p.flags & TUNER_PARAM_MIN_OPEN) && value == p.min) && !((p.flags & TUNER_PARAM_MAX_OPEN) && value == p.max);
}

void check_search(const tuner_param& p, Report& report) {
  if (p.type > TUNER_TYPE_I64)
    return report.fail(fmt::format("option '{}' is no number and has a search range", p.id), "leave search() out");
  if (p.search_scale > TUNER_SCALE_LOG1M)
    report.fail(fmt::format("the search scale {} of option '{}' does not exist", p.search_scale, p.id),
                "use TUNER_SCALE_LINEAR, _LOG or _LOG1M");
  if (p.search_scale == TUNER_SCALE_LOG && !(p.search_min > 0))
    report.fail(fmt::format("option '{}' is searched on a log scale from {:g}", p.id, p.search_min),
                "begin above 0, or search it linearly");
  if (p.search_scale == TUNER_SCALE_LOG1M && !(p.search_max < 1))
    report.fail(fmt::format("option '{}' is searched on the scale of log(1 - x) up to {:g}", p.id, p.search_max),
                "end below 1, or search it linearly");
  for (const double end : {p.search_min, p.search_max})
    if (!is_legal(p, end))
      report.fail(fmt::format("the search range of option '{}' ends at {:g}, which is not legal", p.id, end),
                  "keep it inside the legal range; a bound that is open is itself outside");
  if (p.type == TUNER_TYPE_I64 && !(is_whole(p.search_min) && is_whole(p.search_max)))
    report.fail(fmt::format("integer option '{}' is searched from {:g} to {:g}", p.id, p.search_min, p.search_max),
                "end the range at integers");
}

void check_default(const Plugin& plugin, const tuner_param& p, Report& report) {
  if (p.flags & TUNER_PARAM_REQUIRED) return;
  const bool number = p.type == TUNER_TYPE_F64 || p.type == TUNER_TYPE_I64;
  if (number && !is_legal(p, p.default_value))
    return report.fail(fmt::format("the default {:g} of option '{}' is not legal", p.default_value, p.id),
                       "choose one inside the legal range; a bound that is open is itself outside");
  if (p.type == TUNER_TYPE_I64 && !is_whole(p.default_value))
    return report.fail(fmt::format("the default {:g} of option '{}' is no integer", p.default_value, p.id),
                       "make it one, or make the option a number");
  // Texts and lists: as a sweep file would give them.
  if (p.type < TUNER_TYPE_TEXT || p.default_text == nullptr) return;
  std::string problem;
  try {
    (void)checked_value(plugin, p, default_value(p));
  } catch (const std::exception& e) {
    problem = e.what();
  }
  if (!problem.empty())
    report.fail(
        fmt::format("the default '{}' of option '{}' is not one of its values: {}", p.default_text, p.id, problem),
        "write a string, or a JSON array such as [128, 64]");
}

void check_ranges(const Subject& subject, Report& report) {
  const Plugin& plugin = *subject.plugin;
  for (std::size_t i = 0; i < plugin.param_count(); ++i) {
    const tuner_param& p = plugin.param(i);
    check_default(plugin, p, report);
    if (p.flags & TUNER_PARAM_SEARCHABLE) check_search(p, report);
    if ((p.flags & TUNER_PARAM_SCHEDULABLE) && p.type > TUNER_TYPE_I64)
      report.fail(fmt::format("option '{}' is no number and says that a schedule may drive it", p.id),
                  "leave SCHEDULABLE out");
    if ((p.flags & TUNER_PARAM_SCHEDULABLE) && (p.flags & TUNER_PARAM_STRUCTURAL))
      report.fail(fmt::format("option '{}' is structural and says that a schedule may drive it", p.id),
                  "a structural option has one value for a trial: leave one of the two out");
  }
  for (std::size_t s = 0; s < plugin.slot_count(); ++s) {
    const auto count = plugin.slot(s).count_param;
    if (count < 0) continue;
    const bool there = static_cast<std::size_t>(count) < plugin.param_count();
    if (!there || !(plugin.param(static_cast<std::size_t>(count)).flags & TUNER_PARAM_STRUCTURAL))
      report.fail(fmt::format("slot '{}' is multiplied by option number {}, which is not structural or not there",
                              plugin.slot(s).id, count),
                  "let count_param name a STRUCTURAL integer or boolean");
  }
}

constexpr Check kChecks[] = {
    {"metadata.words",
     "Ids of options, slots, outputs and metrics are words and unique, none is a key of the sweep file, versions are "
     "MAJOR.MINOR.PATCH.",
     kAllKinds, nullptr, nullptr, check_words},
    {"metadata.docs",
     "Plugin, options and slots have a doc of one line, the plugin names its reference, and options in seconds, bytes "
     "and the like say so in their unit.",
     kAllKinds, nullptr, nullptr, check_docs},
    {"metadata.ranges",
     "Defaults are legal, search ranges lie inside the legal ones with both ends, log scales begin above 0 and "
     "scales of log(1 - x) end below 1, integers have whole bounds, what can be scheduled is a number.",
     kAllKinds, nullptr, nullptr, check_ranges},
};

}  // namespace

std::span<const Check> metadata_checks() { return kChecks; }

}  // namespace tuner::check
