#include "tuner/check/child.hpp"

#include <cxxabi.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <iostream>
#include <memory>
#include <span>
#include <typeinfo>

#include "tuner/check/answers.hpp"
#include "tuner/check/check.hpp"
#include "tuner/check/fault.hpp"
#include "tuner/check/settings.hpp"
#include "tuner/child_process.hpp"
#include "tuner/error.hpp"

namespace tuner::check {

namespace {

int answer_file() {
  if (::fcntl(kAnswerFile, F_GETFD) < 0) return STDOUT_FILENO;
  ::fcntl(kAnswerFile, F_SETFD, FD_CLOEXEC);
  return kAnswerFile;
}

std::string name_of(const Plugin& plugin) { return fmt::format("{}:{}", to_string(plugin.kind()), plugin.id()); }

// Every --set that belongs to no plugin of a library; then its plugins, each with the --set that it refuses.
void list_plugins(const Catalogue& catalogue, std::span<const std::string> settings, int answers) {
  std::vector<std::string_view> options;
  for (const auto& plugin : catalogue.plugins()) std::ranges::copy(plugin->param_ids(), std::back_inserter(options));
  for (const std::string& setting : settings) {
    const std::string id = read_setting(setting).first;
    if (std::ranges::find(options, id) == options.end())
      send(answers, Answer::refused_option, fmt::format("no plugin of the library has the option '{}'", id),
           did_you_mean(id, options));
  }
  for (const auto& plugin : catalogue.plugins()) {
    send(answers, Answer::plugin, name_of(*plugin));
    try {
      (void)settings_for(*plugin, settings);
    } catch (const Error& e) {
      send(answers, Answer::refused_option, e.message(), e.remedy());
    }
  }
}

// The type of the exception that is being handled.
std::string exception_type() {
  const std::type_info* type = abi::__cxa_current_exception_type();
  if (type == nullptr) return "unknown";
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(abi::__cxa_demangle(type->name(), nullptr, nullptr, &status),
                                                    std::free);
  return status == 0 ? name.get() : type->name();
}

void thrown(Report& report, const std::string& what) {
  report.fail(fmt::format("an exception left the plugin through the C interface ({}{}{})", exception_type(),
                          what.empty() ? "" : ": ", what),
              "catch it and return TUNER_ERROR with its text, as the C++ layer (tuner/plugin.hpp) does for you");
}

// What the host itself refuses (options, tensors, data) is a finding in its own words. A check calls into the plugin
// and throws nothing else itself, so any other exception is the plugin's.
void run(const Check& check, const Subject& subject, Report& report) {
  try {
    check.run(subject, report);
  } catch (const Error& e) {
    report.fail(e.message(), e.remedy().empty() ? "tuner refuses this before the first step of a trial" : e.remedy());
  } catch (const std::exception& e) {
    thrown(report, e.what());
  } catch (...) {
    thrown(report, "");
  }
}

const Plugin& find(const Catalogue& catalogue, const std::string& name) {
  for (const auto& plugin : catalogue.plugins())
    if (name_of(*plugin) == name) return *plugin;
  throw Error(Message::plugin_unknown, fmt::format("the library has no plugin '{}'", name));
}

}  // namespace

int answer_check(const std::filesystem::path& self, const std::vector<std::string>& words) {
  if (words.size() < 4)
    throw Error(Message::usage_bad_option,
                fmt::format("usage: tuner {} FILE PLUGIN CHECK SEED [OPTION=VALUE...]", kChildWord));
  const int answers = answer_file();
  end_with_parent(answers);
  Subject subject;
  subject.self = self;
  subject.file = words[0];
  const std::string &plugin = words[1], &id = words[2];
  std::from_chars(words[3].data(), words[3].data() + words[3].size(), subject.seed);
  const auto settings = std::span(words).subspan(4);

  // Never destroyed: a plugin's own static objects may be gone before it.
  auto& catalogue = *new Catalogue;
  if (id == kListPlugins) {
    catalogue.add_file(subject.file);
    list_plugins(catalogue, settings, answers);
    send(answers, Answer::done);
    return 0;
  }
  const auto& checks = all_checks();
  const auto check = std::ranges::find(checks, id, [](const Check& c) { return std::string_view(c.id); });
  if (check == checks.end()) throw Error(Message::usage_bad_option, fmt::format("there is no check '{}'", id));
  if (plugin != kLibrary) {
    catalogue.add_file(subject.file);
    subject.plugin = &find(catalogue, plugin);
    subject.given = settings_for(*subject.plugin, settings);
  }
  Report report(answers);
  const FaultReporter faults(report);
  if (const std::string reason = check->exempt ? check->exempt(subject) : ""; !reason.empty())
    send(answers, reason == what_is_missing(subject) ? Answer::not_run : Answer::not_applicable, reason);
  else
    run(*check, subject, report);
  send(answers, Answer::done);
  // The library's own check proves that the process also ends well; every other one has said all that it has to say.
  if (subject.plugin == nullptr) return 0;
  std::cout.flush();
  std::fflush(nullptr);
  ::_exit(0);
}

}  // namespace tuner::check
