// A sweep file as a tree of its own: every node knows where it stands and how it was written. YAML ends here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tuner::config {

struct Entry;

struct Node {
  enum class Type { null, scalar, list, map };
  Type type = Type::null;
  bool quoted = false;   // a scalar in quotes, or a block: never a number
  bool missing = false;  // a null because nothing is written, not even "null"
  std::string text;      // of a scalar
  std::string place;     // "sweep.yaml:12:5"; where nothing is written, the key's
  std::vector<Node> items;
  std::vector<Entry> entries;  // in the order of the file, no key twice

  [[nodiscard]] bool is_null() const { return type == Type::null; }
  [[nodiscard]] bool is_scalar() const { return type == Type::scalar; }
  [[nodiscard]] bool is_list() const { return type == Type::list; }
  [[nodiscard]] bool is_map() const { return type == Type::map; }
  // Exactly this word, without quotes.
  [[nodiscard]] bool is_word(std::string_view word) const { return is_scalar() && !quoted && text == word; }
  // The value of a map's key, or null.
  [[nodiscard]] const Node* find(std::string_view key) const;
  // The same where it is not the word null, which is the default of every optional key.
  [[nodiscard]] const Node* given(std::string_view key) const;
  // Said to be null, and not merely left empty.
  [[nodiscard]] bool says_null() const { return is_null() && !missing; }
  // "a map", "the string 'x'": for messages.
  [[nodiscard]] std::string description() const;
};

struct Entry {
  std::string key;
  std::string place;
  Node value;
};

// Which tags a document may have: none, or !!float and !!int, which W&B's manual puts before numbers. They change
// nothing: a number is typed by what is due.
enum class Tags { none, numbers };

// The one document of `text`. An empty text is a null. `name` stands in every place.
// Errors: config.syntax; config.duplicate_key; config.yaml_feature for what the language leaves out (further documents,
// merge keys, tags, keys that are no words, anchors inside themselves or multiplied without end).
[[nodiscard]] Node parse_document(std::string_view text, const std::string& name, Tags tags = Tags::none);

// --set: "training.epochs=1" creates or replaces a value; maps on the way are created, and a bare name on the way
// ("optimizer: adam") becomes the map that it stands for. Every node it makes has the place "--set training.epochs=1".
// Errors: usage.bad_option without "KEY="; config.wrong_type where the way leads through a list or another scalar;
// those of parse_document for the value.
void apply_override(Node& root, const std::string& assignment);

}  // namespace tuner::config
