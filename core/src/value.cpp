#include "tuner/value.hpp"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

#include "tuner/json.hpp"

namespace tuner {

namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

std::string scalar_json(const Scalar& scalar) {
  return std::visit(Overloaded{
                        [](Null) -> std::string { return "null"; },
                        [](bool b) -> std::string { return b ? "true" : "false"; },
                        [](std::int64_t i) { return fmt::format("{}", i); },
                        [](double d) -> std::string {
                          if (std::isnan(d)) return "\"nan\"";
                          if (std::isinf(d)) return d > 0 ? "\"inf\"" : "\"-inf\"";
                          return format_number(d);
                        },
                        [](const std::string& s) { return json_quoted(s); },
                    },
                    scalar);
}

Json scalar_document(const Scalar& scalar) {
  return std::visit(Overloaded{
                        [](Null) { return Json(); },
                        [](double d) {
                          if (std::isfinite(d)) return Json(d);
                          return Json(std::isnan(d) ? "nan" : d > 0 ? "inf" : "-inf");
                        },
                        [](const auto& held) { return Json(held); },
                    },
                    scalar);
}

Scalar widen_to_scalar(const Value& value) {
  return std::visit(Overloaded{[](const List&) -> Scalar { return Null{}; }, [](const auto& v) -> Scalar { return v; }},
                    value);
}

Scalar scalar_from(const Json& json) {
  if (json.is_null()) return Null{};
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_integer()) return json.get<std::int64_t>();
  if (json.is_number()) return json.get<double>();
  if (json.is_string()) return json.get<std::string>();
  throw std::invalid_argument("neither a scalar nor a flat list: " + json.dump());
}

std::string scalar_display(const Scalar& scalar, int digits) {
  if (const auto* d = std::get_if<double>(&scalar)) return fmt::format("{:.{}g}", *d, digits);
  if (const auto* s = std::get_if<std::string>(&scalar)) return *s;
  return scalar_json(scalar);
}

}  // namespace

std::string format_number(double value) {
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

std::string json_quoted(std::string_view text) { return Json(text).dump(); }

std::string to_json(const Value& value) {
  if (const auto* list = std::get_if<List>(&value)) {
    std::string text = "[";
    for (const auto& item : *list) text += (text.size() > 1 ? ", " : "") + scalar_json(item);
    return text + "]";
  }
  return scalar_json(widen_to_scalar(value));
}

Json document_of(const Value& value) {
  const auto* list = std::get_if<List>(&value);
  if (list == nullptr) return scalar_document(widen_to_scalar(value));
  Json array = Json::array();
  for (const Scalar& item : *list) array.push_back(scalar_document(item));
  return array;
}

Value value_from_json(std::string_view text) { return value_from(Json::parse(text)); }

Value value_from(const Json& json) {
  if (json.is_array()) {
    List list;
    for (const Json& item : json) list.push_back(scalar_from(item));
    return list;
  }
  return std::visit([](auto&& v) -> Value { return std::forward<decltype(v)>(v); }, scalar_from(json));
}

std::string to_display(const Value& value, int digits) {
  if (const auto* list = std::get_if<List>(&value)) {
    std::string text = "[";
    for (const auto& item : *list) text += (text.size() > 1 ? ", " : "") + scalar_display(item, digits);
    return text + "]";
  }
  return scalar_display(widen_to_scalar(value), digits);
}

}  // namespace tuner
