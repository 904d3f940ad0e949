#include "tuner/config/language.hpp"

#include <algorithm>
#include <stdexcept>

namespace tuner::config {

Field host_field(const HostKey& key, const std::string& what) {
  Field field{.name = what, .what = what};
  switch (key.type) {
    case HostKey::integer:
      field.kind = Field::Kind::integer;
      field.read = [what, bounds = key.bounds](const Node& node) -> Value {
        return integer_within(node, bounds, what);
      };
      break;
    case HostKey::real:
      field.kind = Field::Kind::real;
      field.read = [what, bounds = key.bounds](const Node& node) -> Value { return real_within(node, bounds, what); };
      break;
    case HostKey::time:
      field.kind = Field::Kind::real;
      field.read = [what](const Node& node) -> Value { return duration_of(node, what); };
      break;
    case HostKey::boolean:
      field.read = [what](const Node& node) -> Value { return boolean_of(node, what); };
      field.all = {false, true};
      break;
    case HostKey::word:
      field.read = [what, table = std::vector<std::string_view>(key.words.begin(), key.words.end())](
                       const Node& node) -> Value { return word_of(node, what, table); };
      for (const char* word : key.words) field.all.emplace_back(std::string(word));
      break;
    case HostKey::string:
      field.read = [what](const Node& node) -> Value { return string_of(node, what); };
      field.takes_word = true;
      break;
    default:
      throw std::logic_error("a key that has a reader of its own");
  }
  return field;
}

Keys readers_of(std::span<const HostKey> keys, Keys readers) {
  const auto has = [&](const HostKey& key) {
    return std::ranges::find(readers, key.key, [](const auto& reader) { return reader.first; }) != readers.end();
  };
  if (keys.size() != readers.size() || !std::ranges::all_of(keys, has))
    throw std::logic_error("the readers of a map are not those of its table of keys");
  return readers;
}

}  // namespace tuner::config
