#include "tuner/config/yaml.hpp"

#include <algorithm>

#include "tuner/value.hpp"

namespace tuner::config {
namespace {

constexpr std::size_t kWidth = 100;  // of a line with braces

// A word that needs no quotes, in braces too.
bool is_plain(const std::string& text) {
  return !text.empty() && text != "-" && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '/' || c == '+' || c == '-';
  });
}

std::string word_of(const std::string& text) { return is_plain(text) ? text : json_quoted(text); }

std::string scalar_of(const Node& node) {
  if (node.is_null()) return "null";
  return node.quoted ? json_quoted(node.text) : word_of(node.text);
}

std::string in_braces(const Node& node) {
  if (!node.is_map() && !node.is_list()) return scalar_of(node);
  std::string text;
  for (const Node& item : node.items) text += (text.empty() ? "" : ", ") + in_braces(item);
  for (const Entry& entry : node.entries)
    text += (text.empty() ? "" : ", ") + word_of(entry.key) + ": " + in_braces(entry.value);
  return node.is_map() ? "{" + text + "}" : "[" + text + "]";
}

// Has it maps in it, or lists of them?
bool is_deep(const Node& node) {
  const auto holds = [](const Node& inside) { return inside.is_map() || is_deep(inside); };
  return std::ranges::any_of(node.items, holds) ||
         std::ranges::any_of(node.entries, [&](const Entry& entry) { return holds(entry.value); });
}

// What stands behind "key:".
void add_value(std::string& text, const Node& node, std::size_t indent) {
  const std::string braces = in_braces(node);
  const bool empty = node.items.empty() && node.entries.empty();
  if (empty || (!is_deep(node) && indent > 0 && indent + braces.size() < kWidth)) {
    text += " " + braces + "\n";
    return;
  }
  text += "\n";
  const std::string margin(indent + 2, ' ');
  for (const Node& item : node.items) text += margin + "- " + in_braces(item) + "\n";
  for (const Entry& entry : node.entries) {
    text += margin + word_of(entry.key) + ":";
    add_value(text, entry.value, indent + 2);
  }
}

}  // namespace

std::string to_yaml(const Node& root) {
  std::string text;
  for (const Entry& entry : root.entries) {
    text += word_of(entry.key) + ":";
    add_value(text, entry.value, 0);
  }
  return text;
}

}  // namespace tuner::config
