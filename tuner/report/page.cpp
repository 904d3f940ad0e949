#include "tuner/report/page.hpp"

#include <fmt/format.h>

#include <charconv>

#include "tuner/library.hpp"
#include "tuner/report/page/assets.hpp"
#include "tuner/report/page_columns.hpp"

namespace tuner::report {

namespace {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

// A text of HTML.
std::string escaped(std::string_view text) {
  std::string html(text);
  replace_all(html, "&", "&amp;");
  replace_all(html, "<", "&lt;");
  replace_all(html, ">", "&gt;");
  return html;
}

// A source of a content security policy: the element with this content.
std::string source_of(std::string_view content) {
  const std::string hex = sha256_of_text(content);
  std::string bytes;
  for (std::size_t at = 0; at + 1 < hex.size(); at += 2) {
    unsigned char byte = 0;
    std::from_chars(hex.data() + at, hex.data() + at + 2, byte, 16);
    bytes += static_cast<char>(byte);
  }
  return fmt::format("'sha256-{}'", base64(bytes));
}

}  // namespace

std::string page_data(Json head, std::span<const PageStudy> studies) {
  Json list = Json::array();
  for (const PageStudy& study : studies) list.push_back(study.description);
  head["studies"] = std::move(list);
  std::string text = head.dump();
  replace_all(text, "<", "\\u003c");  // no </script> and no <!-- in it
  for (const PageStudy& study : studies) text += "\n" + study.arrays;
  return text;
}

std::string page_policy(bool live) {
  return fmt::format(
      "default-src 'none'; script-src {} {}; style-src {}; img-src data:; {}base-uri 'none'; form-action 'none'",
      source_of(page::charts()), source_of(page::script()), source_of(page::style()),
      live ? "connect-src 'self'; " : "");
}

std::string page_html(std::string_view title, std::string_view data, bool live) {
  // In order of their places, so that nothing looks for a place in what was filled in.
  const std::string policy = page_policy(live), name = escaped(title);
  const std::pair<std::string_view, std::string_view> parts[] = {{"@POLICY@", policy},
                                                                 {"@TITLE@", name},
                                                                 {"@STYLE@", page::style()},
                                                                 {"@LIVE@", live ? "live" : "file"},
                                                                 {"@DATA@", data},
                                                                 {"@NOTICE@", page::notice()},
                                                                 {"@CHARTS@", page::charts()},
                                                                 {"@SCRIPT@", page::script()}};
  std::string_view rest = page::skeleton();
  std::string html;
  html.reserve(rest.size() + data.size() + page::charts().size() + page::script().size() + page::style().size() +
               page::notice().size() + 4096);
  for (const auto& [place, text] : parts) {
    const std::size_t at = rest.find(place);
    html += rest.substr(0, at);
    html += text;
    rest.remove_prefix(at + place.size());
  }
  return html += rest;
}

}  // namespace tuner::report
