#include "tuner/json.hpp"

#include <algorithm>
#include <istream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

namespace tuner {

// Between a Json and the library's tree.
struct JsonText {
  using Tree = nlohmann::ordered_json;

  static Json from(const Tree& tree) {
    switch (tree.type()) {
      case Tree::value_t::boolean:
        return tree.get<bool>();
      case Tree::value_t::number_integer:
        return tree.get<std::int64_t>();
      case Tree::value_t::number_unsigned:
        return tree.get<std::uint64_t>();
      case Tree::value_t::number_float:
        return tree.get<double>();
      case Tree::value_t::string:
        return tree.get<std::string>();
      case Tree::value_t::array: {
        Json json = Json::array();
        for (const Tree& item : tree) json.items_.push_back(from(item));
        return json;
      }
      case Tree::value_t::object: {
        Json json = Json::object();
        for (const auto& [key, item] : tree.items()) json[key] = from(item);
        return json;
      }
      default:
        return {};
    }
  }

  static Tree tree_of(const Json& json) {
    switch (json.type_) {
      case Json::Type::null:
        return nullptr;
      case Json::Type::boolean:
        return json.integer_ != 0;
      case Json::Type::integer:
        return json.integer_;
      case Json::Type::large:
        return static_cast<std::uint64_t>(json.integer_);
      case Json::Type::real:
        return json.real_;
      case Json::Type::string:
        return json.string_;
      case Json::Type::array: {
        Tree tree = Tree::array();
        for (const Json& item : json.items_) tree.push_back(tree_of(item));
        return tree;
      }
      case Json::Type::object: {
        Tree tree = Tree::object();
        // Its keys differ already; tree[key] would look for each.
        auto& members = tree.get_ref<Tree::object_t&>();
        members.reserve(json.size());
        for (std::size_t i = 0; i < json.items_.size(); ++i)
          members.emplace_back(json.keys_[i], tree_of(json.items_[i]));
        return tree;
      }
    }
    return nullptr;
  }

  template <class Source>
  static Json parsed(Source&& text) {
    try {
      return from(Tree::parse(std::forward<Source>(text)));
    } catch (const Tree::exception& e) {
      throw std::invalid_argument(e.what());
    }
  }
};

Json::Json() = default;
Json::Json(const Json& other) = default;
Json::Json(Json&& other) noexcept = default;
Json& Json::operator=(const Json& other) = default;
Json& Json::operator=(Json&& other) noexcept = default;
Json::~Json() = default;
Json::Json(Type type, std::int64_t value) : type_(type), integer_(value) {}
Json::Json(double value) : type_(Type::real), real_(value) {}
Json::Json(std::string value) : type_(Type::string), string_(std::move(value)) {}
Json::Json(std::string_view value) : Json(std::string(value)) {}
Json::Json(const char* value) : Json(std::string(value)) {}
Json::Json(std::vector<Json> items) : type_(Type::array), items_(std::move(items)) {}
Json::Json(const std::vector<std::string>& strings) : Json(std::vector<Json>(strings.begin(), strings.end())) {}
Json Json::array(std::initializer_list<Json> items) { return Json(std::vector<Json>(items)); }

Json::Json(std::initializer_list<Json> list) {
  const bool pairs = std::ranges::all_of(
      list, [](const Json& item) { return item.is_array() && item.size() == 2 && item.items_[0].is_string(); });
  if (!pairs) {
    type_ = Type::array;
    items_ = list;
    return;
  }
  type_ = Type::object;
  for (const Json& pair : list) (*this)[pair.items_[0].string_] = pair.items_[1];
}

Json Json::object() {
  Json json;
  json.type_ = Type::object;
  return json;
}

Json Json::parse(std::string_view text) { return JsonText::parsed(text); }
Json Json::parse(std::istream& text) { return JsonText::parsed(text); }

std::string Json::dump(int indent) const {
  return JsonText::tree_of(*this).dump(indent, ' ', false, JsonText::Tree::error_handler_t::replace);
}

namespace {

// The place of the quote that ends the text which begins with the quote at `at`.
std::size_t end_of_text(const std::string& json, std::size_t at) {
  while (true) {
    at = json.find('"', at + 1);
    std::size_t first = at;
    while (json[first - 1] == '\\') --first;
    if ((at - first) % 2 == 0) return at;
  }
}

}  // namespace

std::string Json::line() const {
  const std::string dense = dump();
  std::string text;
  text.reserve(dense.size() + dense.size() / 4);
  std::size_t copied = 0;
  for (std::size_t at = 0; at < dense.size(); ++at) {
    if (dense[at] == '"') at = end_of_text(dense, at);
    if (dense[at] != ',' && dense[at] != ':') continue;
    text.append(dense, copied, at + 1 - copied);
    text += ' ';
    copied = at + 1;
  }
  return text.append(dense, copied);
}

Json Json::sorted() const {
  Json json = *this;
  std::ranges::sort(json.keys_);
  for (std::size_t i = 0; i < size(); ++i) json.items_[i] = (is_object() ? at(json.keys_[i]) : items_[i]).sorted();
  return json;
}

const Json& Json::at(std::string_view key) const {
  const std::size_t index = find(key);
  if (index == keys_.size()) throw std::out_of_range("no key '" + std::string(key) + "'");
  return items_[index];
}

Json& Json::operator[](std::string_view key) {
  if (is_null()) type_ = Type::object;
  expect(Type::object);
  const std::size_t index = find(key);
  if (index < keys_.size()) return items_[index];
  keys_.emplace_back(key);
  return items_.emplace_back();
}

void Json::push_back(Json item) {
  if (is_null()) type_ = Type::array;
  expect(Type::array);
  items_.push_back(std::move(item));
}

void Json::update(const Json& other) {
  for (std::size_t i = 0; i < other.size(); ++i) (*this)[other.keys_.at(i)] = other.items_[i];
}

std::vector<Json::Member> Json::items() const {
  std::vector<Member> members;
  for (std::size_t i = 0; i < keys_.size(); ++i) members.push_back({keys_[i], items_[i]});
  return members;
}

bool Json::operator==(const Json& other) const {
  if (is_number() && other.is_number() && type_ != other.type_) return get<double>() == other.get<double>();
  return type_ == other.type_ && integer_ == other.integer_ && real_ == other.real_ && string_ == other.string_ &&
         keys_ == other.keys_ && items_ == other.items_;
}

std::size_t Json::find(std::string_view key) const {
  return static_cast<std::size_t>(std::ranges::find(keys_, key) - keys_.begin());
}

void Json::expect(Type type) const {
  if (type_ != type) throw std::invalid_argument("JSON of another type: " + dump());
}

template <>
bool Json::get<bool>() const {
  expect(Type::boolean);
  return integer_ != 0;
}
template <>
std::int64_t Json::get<std::int64_t>() const {
  expect(Type::integer);
  return integer_;
}
template <>
double Json::get<double>() const {
  if (is_integer()) return static_cast<double>(integer_);
  if (type_ == Type::large) return static_cast<double>(static_cast<std::uint64_t>(integer_));
  expect(Type::real);
  return real_;
}
template <>
std::string Json::get<std::string>() const {
  expect(Type::string);
  return string_;
}
template <>
Json Json::get<Json>() const {
  return *this;
}

}  // namespace tuner
