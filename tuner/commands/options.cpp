#include "tuner/commands/options.hpp"

#include <fmt/format.h>

#include <iostream>

#include "tuner/commands/screen.hpp"
#include "tuner/error.hpp"
#include "tuner/text.hpp"

namespace tuner::commands {

namespace {

[[noreturn]] void bad_option(const std::string& what, const std::string& remedy, const Page& page) {
  std::string text = remedy;
  if (!text.empty()) text += "\n  ";
  throw Error(Message::usage_bad_option, what, text + "usage: " + page.usage);
}

std::vector<std::string> names_of(const po::options_description& options) {
  std::vector<std::string> names;
  for (const auto& option : options.options()) names.push_back("--" + option->long_name());
  return names;
}

void print(const Page& page, const po::options_description& options) {
  std::cout << "usage: " << page.usage << "\n\n" << page.text << "\n\n" << options;
  if (*page.examples) std::cout << "\nExamples:\n" << page.examples << "\n";
}

}  // namespace

std::optional<po::variables_map> parse(const Invocation& invocation, po::options_description options,
                                       const std::vector<std::string>& positional, const Page& page) {
  options.add_options()("help,h", "this page");
  if (invocation.screen != nullptr)
    options.add_options()("no-pager", "print to the terminal itself, not through $PAGER")(
        "color", po::value<std::string>()->default_value("auto")->value_name("auto|always|never"),
        "colors; auto: on a terminal, unless NO_COLOR is set");
  po::options_description all, hidden;
  po::positional_options_description places;
  for (const std::string& name : positional) {
    const bool several = name.ends_with("...");
    if (several)
      hidden.add_options()(name.c_str(), po::value<std::vector<std::string>>());
    else if (!options.find_nothrow(name, false))
      hidden.add_options()(name.c_str(), po::value<std::string>());
    places.add(name.c_str(), several ? -1 : 1);
  }
  all.add(options).add(hidden);
  po::variables_map values;
  try {
    // No abbreviations: an option that appears later must not change what a script means.
    const int style = po::command_line_style::default_style & ~po::command_line_style::allow_guessing;
    po::store(po::command_line_parser(invocation.words).options(all).positional(places).style(style).run(), values);
    po::notify(values);
  } catch (const po::unknown_option& e) {
    bad_option(fmt::format("there is no option '{}'", shown(e.get_option_name())),
               did_you_mean(e.get_option_name(), names_of(options)), page);
  } catch (const po::too_many_positional_options_error&) {
    bad_option("too many arguments", "quote an argument that has spaces", page);
  } catch (const po::error& e) {
    bad_option(shown(e.what(), 200), "", page);  // it may quote a value
  }
  if (values.count("help")) {
    print(page, options);
    return std::nullopt;
  }
  if (invocation.screen != nullptr)
    invocation.screen->begin(values["color"].as<std::string>(), !values.count("no-pager"));
  return values;
}

std::string required(const po::variables_map& values, const std::string& name, const Page& page) {
  if (!values.count(name)) bad_option(fmt::format("the argument {} is missing", name), "", page);
  return values[name].as<std::string>();
}

std::vector<std::string> required_list(const po::variables_map& values, const std::string& name, const Page& page) {
  if (!values.count(name)) bad_option(fmt::format("the argument {} is missing", name), "", page);
  return values[name].as<std::vector<std::string>>();
}

void add_database_option(po::options_description& options) {
  options.add_options()("db", po::value<std::string>()->value_name("FILE"),
                        "the database (default: tuner.db in the working directory)");
}

std::string database(const po::variables_map& values) {
  if (!values.count("db")) return "tuner.db";
  auto file = values["db"].as<std::string>();
  if (file.empty())
    throw Error(Message::usage_bad_option, "--db names no file", "give a file, or leave the option out");
  return file;
}

void add_format_option(po::options_description& options) {
  options.add_options()("format", po::value<std::string>()->default_value("table")->value_name("table|csv|json|jsonl"),
                        "how to print")("json", "the same as --format json");
}

std::string format(const po::variables_map& values) {
  if (values.count("json")) return "json";
  const auto name = values["format"].as<std::string>();
  if (name != "table" && name != "csv" && name != "json" && name != "jsonl")
    throw Error(Message::usage_bad_option, fmt::format("there is no format '{}'", shown(name)),
                did_you_mean(name, std::vector<std::string>{"table", "csv", "json", "jsonl"}));
  return name;
}

}  // namespace tuner::commands
