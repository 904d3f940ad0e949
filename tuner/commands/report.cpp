// tuner report: studies as a page of HTML.
#include <fmt/format.h>

#include <iostream>

#include "tuner/commands/options.hpp"
#include "tuner/commands/output_file.hpp"
#include "tuner/commands/page_of_studies.hpp"
#include "tuner/report/page.hpp"
#include "tuner/storage/store.hpp"
#include "tuner/text.hpp"

namespace tuner::commands {

namespace {

constexpr Page kPage{
    "tuner report STUDY... [-o FILE] [--db FILE]",
    "Writes studies as a page of HTML: trials, history, parameters, learning curves, optimizers, LR range tests. The\n"
    "page is one file that loads nothing: open it in any browser, send it, keep it. docs/report.md says what is in it.",
    "  tuner report quickstart\n"
    "  tuner report sgd-sweep adam-sweep -o optimizers.html"};

}  // namespace

int report(const Invocation& invocation) {
  po::options_description options("Options");
  options.add_options()("output,o", po::value<std::string>()->default_value("report.html")->value_name("FILE"),
                        "the page");
  add_database_option(options);
  const auto values = parse(invocation, options, {"STUDY..."}, kPage);
  if (!values) return 0;
  const auto names = required_list(*values, "STUDY...", kPage);
  const auto file = (*values)["output"].as<std::string>();
  check_output_file("--output", file);
  const storage::Store store(database(*values), storage::Access::read_only);
  storage::Damage damage;
  const PageOfStudies page = page_of_studies(invocation.executable, store, names, database(*values), damage);
  const std::string html = report::page_html(page.title, page.data, false);
  replace_file("--output", file, html, "make room, or name another file");
  if (std::filesystem::is_regular_file(file))  // a pipe may be standard output itself
    std::cout << fmt::format("{}: {}, {:.2f} MB\n", printable(file), page.words,
                             static_cast<double>(html.size()) / 1e6);
  damage.raise(database(*values));
  return 0;
}

}  // namespace tuner::commands
