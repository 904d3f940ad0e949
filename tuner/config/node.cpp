#include "tuner/config/node.hpp"

#include <fmt/format.h>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <functional>
#include <map>
#include <sstream>

#include "tuner/error.hpp"
#include "tuner/text.hpp"

namespace tuner::config {
namespace {

// No sweep is near it; aliases can multiply a small file without end.
constexpr std::size_t kMostNodes = 20'000;

// Builds the tree from the parser's events. Events, not yaml-cpp's own nodes: only they show duplicate keys, the place
// of an alias, tags of quoted scalars, and further documents.
class TreeBuilder : public YAML::EventHandler {
 public:
  using Placer = std::function<std::string(const YAML::Mark&)>;
  TreeBuilder(std::string_view text, Placer placer, Tags tags) : text_(text), placer_(std::move(placer)), tags_(tags) {}

  Node take() {
    if (!odd_key_.empty())
      throw Error(Message::config_yaml_feature, "a key must be a word", "write 'key: value'").at(odd_key_);
    return std::move(root_);
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ > 0)
      throw Error(Message::config_yaml_feature, "a second document starts here; a sweep is one document",
                  "remove '---' and what follows, or make it a file of its own")
          .at(placer_(mark));
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node = made(Node::Type::null, mark);
    node.missing = !says_null(mark);
    if (node.missing && !open_.empty() && open_.back().has_key) node.place = open_.back().key_place;
    add(std::move(node), anchor);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    const bool number = tag == "tag:yaml.org,2002:float" || tag == "tag:yaml.org,2002:int";
    if (tag != "?" && tag != "!" && !(number && tags_ == Tags::numbers)) refuse_tag(tag, mark);
    if (value.find('\0') != std::string::npos || utf8_prefix(value) < value.size())
      throw Error(
          Message::config_yaml_feature,
          fmt::format("the string \"{}\" has a character that no string of a sweep file may have", shown(value)),
          "remove \\0, or the escape of half a character")
          .at(placer_(mark));
    Node node = made(Node::Type::scalar, mark);
    node.quoted = tag == "!";
    node.text = value;
    add(std::move(node), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end())
      throw Error(Message::config_yaml_feature, "this alias stands inside what it repeats").at(placer_(mark));
    Node node = found->second;
    node.place = placer_(mark);
    count_ += size_of(node);
    add(std::move(node), 0);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    start(Node::Type::list, mark, tag, anchor);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    start(Node::Type::map, mark, tag, anchor);
  }
  void OnSequenceEnd() override { finish(); }
  void OnMapEnd() override { finish(); }

 private:
  // A list or map that is not complete yet.
  struct Open {
    Node node;
    YAML::anchor_t anchor = 0;
    bool has_key = false;  // of a map: the next node is this key's value
    std::string key, key_place;
  };

  Node made(Node::Type type, const YAML::Mark& mark) {
    Node node;
    node.type = type;
    node.place = placer_(mark);
    return node;
  }

  void start(Node::Type type, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (tag != "?" && tag != "!") refuse_tag(tag, mark);
    open_.push_back({made(type, mark), anchor, false, {}, {}});
  }

  void finish() {
    Open done = std::move(open_.back());
    open_.pop_back();
    add(std::move(done.node), done.anchor);
  }

  [[nodiscard]] bool expects_key() const {
    return !open_.empty() && open_.back().node.is_map() && !open_.back().has_key;
  }

  void add(Node node, YAML::anchor_t anchor) {
    if (++count_ > kMostNodes)
      throw Error(Message::config_yaml_feature,
                  fmt::format("the file has more than {} values up to here, aliases written out", kMostNodes),
                  "make it smaller")
          .at(node.place);
    if (anchor != 0) anchors_[anchor] = node;
    if (open_.empty()) {
      root_ = std::move(node);
    } else if (expects_key()) {
      take_key(node);
    } else if (Open& top = open_.back(); top.node.is_map()) {
      top.node.entries.push_back({std::move(top.key), std::move(top.key_place), std::move(node)});
      top.has_key = false;
    } else {
      top.node.items.push_back(std::move(node));
    }
  }

  void take_key(const Node& key) {
    Open& top = open_.back();
    if (!key.is_scalar() && odd_key_.empty()) odd_key_ = key.place;
    if (key.text == "<<" && !key.quoted)
      throw Error(Message::config_yaml_feature, "merge keys ('<<') are not part of the language",
                  "write the keys out, or give the whole value an anchor (&name) and repeat it by an alias (*name)")
          .at(key.place);
    for (const Entry& entry : top.node.entries)
      if (entry.key == key.text && key.is_scalar())
        throw Error(
            Message::config_duplicate_key,
            fmt::format("key '{}' stands here a second time; the first one is at {}", shown(key.text), entry.place),
            "remove one of the two")
            .at(key.place);
    top.has_key = true;
    top.key = key.text;
    top.key_place = key.place;
  }

  // Is there a word for null at the mark? Where nothing is written the mark is that of whatever comes next.
  [[nodiscard]] bool says_null(const YAML::Mark& mark) const {
    if (mark.pos < 0 || static_cast<std::size_t>(mark.pos) > text_.size()) return false;
    const std::string_view rest = text_.substr(static_cast<std::size_t>(mark.pos));
    for (const std::string_view word : {"~", "null", "Null", "NULL"}) {
      if (!rest.starts_with(word)) continue;
      return rest.size() == word.size() ||
             std::string_view(" \t\r\n,]}#").find(rest[word.size()]) != std::string_view::npos;
    }
    return false;
  }

  [[noreturn]] void refuse_tag(const std::string& tag, const YAML::Mark& mark) const {
    throw Error(Message::config_yaml_feature, fmt::format("tags ('{}') are not part of the language", shown(tag)),
                "remove the tag; quotes make a string of a number")
        .at(placer_(mark));
  }

  static std::size_t size_of(const Node& node) {
    std::size_t size = 1;
    for (const Node& item : node.items) size += size_of(item);
    for (const Entry& entry : node.entries) size += size_of(entry.value);
    return size;
  }

  std::string_view text_;
  Placer placer_;
  Tags tags_;
  Node root_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Node> anchors_;
  std::string odd_key_;  // place of the first one; told at the end, since an open bracket makes such keys too
  std::size_t count_ = 0;
  int documents_ = 0;
};

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// The place of a byte, as marks of the parser have it: columns count characters.
std::string place_of(std::string_view text, std::size_t at, const TreeBuilder::Placer& placer) {
  YAML::Mark mark;
  const std::string_view before = text.substr(0, at);
  const std::size_t line = before.rfind('\n') + 1;  // 0 where there is none
  mark.pos = static_cast<int>(at);
  mark.line = static_cast<int>(std::ranges::count(before, '\n'));
  mark.column = static_cast<int>(std::ranges::count_if(
      before.substr(line), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
  return placer(mark);
}

// What an editor saves that is no UTF-8, and characters that nobody sees. `text` is without a byte order mark.
void check_characters(std::string_view text, const TreeBuilder::Placer& placer) {
  const auto refuse = [&](std::size_t at, std::string message, std::string remedy) {
    throw Error(Message::config_syntax, std::move(message), std::move(remedy)).at(place_of(text, at, placer));
  };
  const auto begins = [&](std::string_view bytes) { return text.starts_with(bytes); };
  constexpr std::string_view kLittle("\xff\xfe\0\0", 4), kBig("\0\0\xfe\xff", 4);
  for (const auto& [found, name] : {std::pair(begins(kLittle) || begins(kBig), "UTF-32"),
                                    std::pair(begins("\xff\xfe") || begins("\xfe\xff"), "UTF-16")})
    if (found)
      refuse(0, fmt::format("the file begins with the byte order mark of {}, and a sweep file is UTF-8", name),
             fmt::format("save it as UTF-8, for example with iconv -f {} -t UTF-8", name));
  if (text.size() > 1 && (text[0] == 0) != (text[1] == 0))
    refuse(0, "every other byte here is 0, as in UTF-16, and a sweep file is UTF-8",
           fmt::format("save it as UTF-8, for example with iconv -f UTF-16{} -t UTF-8", text[0] == 0 ? "BE" : "LE"));
  if (const std::size_t bad = utf8_prefix(text); bad < text.size())
    refuse(bad, fmt::format("the byte 0x{:02x} here is not UTF-8", static_cast<unsigned char>(text[bad])),
           "save the file as UTF-8; what was Latin-1 becomes it with iconv -f LATIN1 -t UTF-8");
  if (const std::size_t mark = text.find(kByteOrderMark); mark != std::string_view::npos)
    refuse(mark, "a byte order mark (U+FEFF) stands in the middle of the file",
           "remove it: it may stand at the beginning");
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool blank = c == '\t' || c == '\n' || c == '\r';
    const bool later = c == 0xc2 && static_cast<unsigned char>(text[i + 1]) < 0xa0;  // U+0080 to U+009F
    if ((c < 0x20 && !blank) || c == 0x7f || later)
      refuse(i,
             fmt::format("the control character {} stands here{}", shown(text.substr(i, later ? 2 : 1)),
                         c == 0      ? " (NUL)"
                         : c == 0x1b ? " (ESC)"
                                     : ""),
             "remove it");
  }
}

// Where the parser stumbles in a line that a tab indents, the tab is the cause.
bool is_indented_by_tab(std::string_view text, int line) {
  for (; line > 0 && text.find('\n') != std::string_view::npos; --line) text.remove_prefix(text.find('\n') + 1);
  const std::string_view indent = text.substr(0, std::min(text.find_first_not_of(" \t"), text.size()));
  return line == 0 && indent.find('\t') != std::string_view::npos;
}

Node parse(std::string_view text, const TreeBuilder::Placer& placer, Tags tags = Tags::none) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());  // marks do not count it
  check_characters(text, placer);
  std::istringstream stream{std::string(text)};
  TreeBuilder builder(text, placer, tags);
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& error) {
    for (const int line : {error.mark.line, error.mark.line - 1})
      if (!error.mark.is_null() && line >= 0 && is_indented_by_tab(text, line)) {
        YAML::Mark tab;
        tab.line = line;
        tab.column = 0;
        tab.pos = 0;
        throw Error(Message::config_syntax, "a tab indents this line, and YAML is indented by spaces",
                    "write spaces in place of the tab")
            .at(placer(tab));
      }
    throw Error(Message::config_syntax, fmt::format("this is no YAML: {}", error.msg),
                "check the indentation, the brackets, and put quotes around strings with ': ' or ' #' in them")
        .at(placer(error.mark));
  }
  return builder.take();
}

// A bare name stands for a map with this key.
std::string_view name_key(std::string_view section) {
  if (section == "metric" || section == "method") return "name";
  if (section == "workers") return "count";
  if (section == "objective" || section == "optimizer" || section == "scheduler" || section == "inner") return "plugin";
  return {};
}

Node& child(Node& parent, const std::string& key, const std::string& place) {
  if (parent.is_null()) {
    parent = Node{};
    parent.type = Node::Type::map;
    parent.place = place;
  }
  const auto found = std::ranges::find(parent.entries, key, &Entry::key);
  if (found != parent.entries.end()) return found->value;
  Entry entry{key, place, {}};
  entry.value.place = place;
  entry.value.missing = true;
  parent.entries.push_back(std::move(entry));
  return parent.entries.back().value;
}

}  // namespace

const Node* Node::given(std::string_view key) const {
  const Node* value = find(key);
  return value != nullptr && value->says_null() ? nullptr : value;
}

const Node* Node::find(std::string_view key) const {
  const auto found = std::ranges::find(entries, key, &Entry::key);
  return found == entries.end() ? nullptr : &found->value;
}

std::string Node::description() const {
  if (is_map()) return "a map";
  if (is_list()) return "a list";
  if (missing) return "nothing";
  if (is_null()) return "null";
  return quoted ? fmt::format("the string \"{}\"", shown(text)) : fmt::format("'{}'", shown(text));
}

Node parse_document(std::string_view text, const std::string& name, Tags tags) {
  const auto placer = [&name](const YAML::Mark& mark) {
    return mark.is_null() ? name : fmt::format("{}:{}:{}", name, mark.line + 1, mark.column + 1);
  };
  return parse(text, placer, tags);
}

void apply_override(Node& root, const std::string& assignment) {
  const std::string place = "--set " + shown(assignment);
  const std::size_t equals = assignment.find('=');
  if (equals == std::string::npos || equals == 0)
    throw Error(Message::usage_bad_option, "expected KEY=VALUE", "write for example --set training.epochs=1").at(place);
  Node* node = &root;
  std::string section, way;
  std::istringstream keys(assignment.substr(0, equals));
  for (std::string key; std::getline(keys, key, '.');) {
    if (const auto name = name_key(section); node->is_scalar() && !name.empty()) {
      Node expanded;
      expanded.type = Node::Type::map;
      expanded.place = node->place;
      expanded.entries.push_back({std::string(name), node->place, *node});
      *node = std::move(expanded);
    }
    if (!node->is_map() && !node->is_null())
      throw Error(Message::config_wrong_type,
                  fmt::format("'{}' is {}, so it has no key '{}'", shown(way), node->description(), shown(key)),
                  fmt::format("set it as a whole: --set '{}=...'", shown(way)))
          .at(place);
    node = &child(*node, key, place);
    section = key;
    way += (way.empty() ? "" : ".") + key;
  }
  *node = parse(std::string_view(assignment).substr(equals + 1), [&place](const YAML::Mark&) { return place; });
  if (node->place.empty()) {
    node->place = place;
    node->missing = true;
  }
}

}  // namespace tuner::config
