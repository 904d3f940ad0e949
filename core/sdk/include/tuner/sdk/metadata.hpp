// What a plugin says about itself: information, options, slots. All of it is constexpr, and mistakes in it
// (duplicate ids, a default outside its range, a search range outside the legal one) do not compile: the compiler
// quotes the throw expression that names the mistake, and GCC the plugin and the option that it is about.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>

#include "tuner/abi.h"

namespace tuner::inline sdk {

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

enum Scale : std::uint32_t { kLinear = TUNER_SCALE_LINEAR, kLog = TUNER_SCALE_LOG, kLog1m = TUNER_SCALE_LOG1M };

// Who the plugin is. `details` holds the update rule and says which variant it is. Its last lines may begin with
// "family  ", "rule    " (the update in one line), "use     " and "not     " (when to take the optimizer, and when
// another, with sources): `tuner plugins show` prints them by these names, docs/optimizers.md is made of them.
struct Info {
  const char* id;
  const char* name;
  const char* version = "1.0.0";
  const char* doc;
  const char* details = "";
  const char* reference;
  std::uint32_t flags = 0;  // TUNER_PLUGIN_...
  // The least minor version of the ABI whose host can run it; what the flags need is seen to without it.
  std::uint32_t min_host_minor = 0;
};

// One option. Made by real(), integer(), ..., refined by the members, each of which returns a changed copy.
struct Param : tuner_param {
  // Legal range: a value outside it is refused when the sweep is read.
  consteval Param at_least(double bound) const { return lower(bound, 0); }
  consteval Param above(double bound) const { return lower(bound, TUNER_PARAM_MIN_OPEN); }
  consteval Param at_most(double bound) const { return upper(bound, 0); }
  consteval Param below(double bound) const { return upper(bound, TUNER_PARAM_MAX_OPEN); }
  // Where a search should look: `lr: search` expands to it.
  consteval Param search(double low, double high, Scale scale = kLinear) const {
    Param p = *this;
    p.search_min = low;
    p.search_max = high;
    p.search_scale = scale;
    p.flags |= TUNER_PARAM_SEARCHABLE;
    return p;
  }
  consteval Param in(const char* text) const {
    Param p = *this;
    p.unit = text;
    return p;
  }
  // One value for a whole trial, for all groups: it changes slots or tensors.
  consteval Param structural() const {
    Param p = *this;
    p.flags = (p.flags & ~TUNER_PARAM_SCHEDULABLE) | TUNER_PARAM_STRUCTURAL;
    return p;
  }
  // One value for all groups, which a schedule may still change: the rule reads that of group 0.
  consteval Param for_all_tensors() const { return with(TUNER_PARAM_ONE_VALUE); }
  consteval Param with(std::uint32_t flag) const {
    Param p = *this;
    p.flags |= flag;
    return p;
  }

 private:
  consteval Param lower(double bound, std::uint32_t open) const {
    Param p = *this;
    p.min = bound;
    p.flags |= open;
    return p;
  }
  consteval Param upper(double bound, std::uint32_t open) const {
    Param p = *this;
    p.max = bound;
    p.flags |= open;
    return p;
  }
};

namespace detail {
constexpr Param param(std::uint32_t type, const char* id, const char* doc) {
  Param p{};
  p.struct_size = sizeof(tuner_param);
  p.type = type;
  p.id = id;
  p.doc = doc;
  p.unit = "";
  p.min = -kInfinity;
  p.max = kInfinity;
  return p;
}
}  // namespace detail

// Numbers. real() options of an optimizer can be driven by a scheduler, integer() ones where with(SCHEDULABLE) says so.
consteval Param real(const char* id, double value, const char* doc) {
  Param p = detail::param(TUNER_TYPE_F64, id, doc);
  p.default_value = value;
  p.flags = TUNER_PARAM_SCHEDULABLE;
  return p;
}
consteval Param integer(const char* id, std::int64_t value, const char* doc) {
  Param p = detail::param(TUNER_TYPE_I64, id, doc);
  p.default_value = static_cast<double>(value);
  return p;
}
consteval Param boolean(const char* id, bool value, const char* doc) {
  Param p = detail::param(TUNER_TYPE_BOOL, id, doc);
  p.default_value = value ? 1 : 0;
  p.min = 0;
  p.max = 1;
  return p;
}
// choices: an array with static storage; the first one is the default.
template <std::size_t n>
consteval Param choice(const char* id, const char* const (&choices)[n], const char* doc) {
  Param p = detail::param(TUNER_TYPE_CHOICE, id, doc);
  p.choices = choices;
  p.n_choices = n;
  p.min = 0;
  p.max = n - 1;
  return p;
}
// Strings and lists. Lists give their default as a JSON array; null is an empty one.
consteval Param text(const char* id, const char* value, const char* doc) {
  Param p = detail::param(TUNER_TYPE_TEXT, id, doc);
  p.default_text = value;
  return p;
}
consteval Param reals(const char* id, const char* json, const char* doc) {
  Param p = detail::param(TUNER_TYPE_F64_LIST, id, doc);
  p.default_text = json;
  return p;
}
consteval Param integers(const char* id, const char* json, const char* doc) {
  Param p = detail::param(TUNER_TYPE_I64_LIST, id, doc);
  p.default_text = json;
  return p;
}
consteval Param texts(const char* id, const char* json, const char* doc) {
  Param p = detail::param(TUNER_TYPE_TEXT_LIST, id, doc);
  p.default_text = json;
  return p;
}

// State of an optimizer (or scheduler, global only) that the host keeps.
struct Slot : tuner_slot {
  consteval Slot filled(double value) const {
    Slot s = *this;
    s.fill = value;
    return s;
  }
  // As many times as the STRUCTURAL option with this index says: not at all where it is 0 or false. A slot per element
  // then has so many rows: x.slot(index, row).
  consteval Slot times(std::int32_t param) const {
    Slot s = *this;
    s.count_param = param;
    return s;
  }
  consteval Slot as(std::uint32_t dtype_of_slot) const {
    Slot s = *this;
    s.dtype = dtype_of_slot;
    return s;
  }
};

namespace detail {
consteval Slot slot(std::uint32_t scope, const char* id, const char* doc) {
  Slot s{};
  s.struct_size = sizeof(tuner_slot);
  s.scope = scope;
  s.id = id;
  s.doc = doc;
  s.count_param = -1;
  return s;
}
}  // namespace detail

consteval Slot per_element(const char* id, const char* doc) { return detail::slot(TUNER_SCOPE_ELEMENT, id, doc); }
consteval Slot per_tensor(const char* id, const char* doc) { return detail::slot(TUNER_SCOPE_TENSOR, id, doc); }
consteval Slot global(const char* id, const char* doc) { return detail::slot(TUNER_SCOPE_GLOBAL, id, doc); }

// Keys of the sweep file that no plugin may use as an option.
inline constexpr std::string_view kReservedKeys[] = {
    "plugin",      "as",     "one_of",  "values",    "min",          "max",
    "scale",       "step",   "count",   "from",      "search",       "distribution",
    "inner",       "groups", "match",   "sequence",  "warmup_steps", "warmup_fraction",
    "warmup_form", "steps",  "command", "parameters"};

namespace detail {

consteval bool is_identifier(std::string_view id, bool plugin) {
  if (id.empty()) return false;
  for (const char c : id) {
    const bool letter = c >= 'a' && c <= 'z';
    const bool digit = c >= '0' && c <= '9';
    if (!letter && !digit && c != '_' && !(plugin && (c == '.' || c == '-'))) return false;
  }
  return plugin || (id[0] >= 'a' && id[0] <= 'z');
}

consteval bool is_empty(const char* text) { return text == nullptr || *text == 0; }

consteval bool checked(const Info& info) {
  if (is_empty(info.id) || !is_identifier(info.id, true)) throw "info.id must consist of a-z, 0-9, '_', '.' and '-'";
  if (is_empty(info.name)) throw "info.name is missing";
  if (is_empty(info.doc)) throw "info.doc is missing";
  if (is_empty(info.reference)) throw "info.reference is missing: name paper and equation, or say that it is your own";
  return true;
}

consteval bool checked(const Param& p) {
  if (!is_identifier(p.id, false)) throw "an option's id must consist of a-z, 0-9 and '_', a letter first";
  for (const auto key : kReservedKeys)
    if (key == p.id) throw "an option's id is one of the sweep file's reserved keys";
  if (is_empty(p.doc)) throw "an option has no doc";
  if (!(p.min <= p.max)) throw "an option's legal range is empty";
  if (p.type <= TUNER_TYPE_CHOICE && !(p.flags & TUNER_PARAM_REQUIRED)) {
    if (p.default_value < p.min || p.default_value > p.max) throw "an option's default is outside its legal range";
    if ((p.flags & TUNER_PARAM_MIN_OPEN) && p.default_value == p.min)
      throw "an option's default is outside its legal range";
    if ((p.flags & TUNER_PARAM_MAX_OPEN) && p.default_value == p.max)
      throw "an option's default is outside its legal range";
  }
  if (p.flags & TUNER_PARAM_SEARCHABLE) {
    if (p.type > TUNER_TYPE_I64) throw "only numbers have a search range";
    if (!(p.search_min < p.search_max)) throw "an option's search range is empty";
    if (p.search_min < p.min || p.search_max > p.max) throw "an option's search range leaves its legal range";
    if (p.search_scale == TUNER_SCALE_LOG && !(p.search_min > 0)) throw "a log scale needs a positive search range";
    if (p.search_scale == TUNER_SCALE_LOG1M && !(p.search_max < 1)) throw "a log1m scale needs a search range below 1";
  }
  if ((p.flags & TUNER_PARAM_SCHEDULABLE) && p.type > TUNER_TYPE_I64) throw "only numbers can be scheduled";
  if ((p.flags & TUNER_PARAM_SCHEDULABLE) && (p.flags & TUNER_PARAM_STRUCTURAL))
    throw "a structural option cannot be scheduled";
  return true;
}

template <class Item>
consteval bool is_new_id(const Item* items, std::size_t index) {
  for (std::size_t j = 0; j < index; ++j)
    if (std::string_view(items[index].id) == items[j].id) throw "two options, or two slots, have the same id";
  return true;
}

consteval bool checked(const Slot& slot, const Param* params, std::size_t n_params, bool elementwise) {
  if (!is_identifier(slot.id, false)) throw "a slot's id must consist of a-z, 0-9 and '_', a letter first";
  if (elementwise && slot.scope != TUNER_SCOPE_ELEMENT) throw "an ELEMENTWISE optimizer has element slots only";
  if (slot.count_param < -1 || slot.count_param >= static_cast<std::int32_t>(n_params))
    throw "a slot's times() names no option";
  if (slot.count_param < 0) return true;
  const Param& p = params[slot.count_param];
  if (!(p.flags & TUNER_PARAM_STRUCTURAL)) throw "a slot's times() names an option that is not structural()";
  if (p.type != TUNER_TYPE_I64 && p.type != TUNER_TYPE_BOOL)
    throw "a slot's times() names an option that is neither integer nor boolean";
  return true;
}

// A class's options and slots, none where it declares none.
template <class P>
constexpr const Param* params_of() {
  if constexpr (requires { P::params[0]; })
    return P::params;
  else
    return nullptr;
}
template <class P>
constexpr std::size_t param_count() {
  if constexpr (requires { P::params[0]; })
    return sizeof(P::params) / sizeof(P::params[0]);
  else
    return 0;
}
template <class P>
constexpr const Slot* slots_of() {
  if constexpr (requires { P::slots[0]; })
    return P::slots;
  else
    return nullptr;
}
template <class P>
constexpr std::size_t slot_count() {
  if constexpr (requires { P::slots[0]; })
    return sizeof(P::slots) / sizeof(P::slots[0]);
  else
    return 0;
}

template <class P>
constexpr const char* const* needed_extensions_of() {
  if constexpr (requires { P::needed_extensions[0]; })
    return P::needed_extensions;
  else
    return nullptr;
}
template <class P>
constexpr std::uint32_t needed_extension_count() {
  if constexpr (requires { P::needed_extensions[0]; })
    return sizeof(P::needed_extensions) / sizeof(P::needed_extensions[0]);
  else
    return 0;
}

// Whose metadata is looked at, as an argument of a template: "plugin 'qhm', option 'beta'". GCC quotes it in an error.
struct Subject {
  char name[200]{};
  consteval void add(const char* text) {
    std::size_t at = 0;
    while (name[at] != 0) ++at;
    for (; text != nullptr && *text != 0 && at + 1 < sizeof name; ++text) name[at++] = *text;
  }
};
template <class P>
consteval Subject subject_of(const char* what = nullptr, const char* id = nullptr) {
  Subject subject;
  subject.add("plugin '");
  subject.add(P::info.id);
  subject.add("'");
  if (what == nullptr) return subject;
  subject.add(what);
  subject.add(" '");
  subject.add(id);
  subject.add("'");
  return subject;
}

template <Subject subject, class P>
struct CheckedInfo {
  static constexpr bool value = checked(P::info);
};
template <Subject subject, class P, std::size_t index>
struct CheckedOption {
  static constexpr bool value = checked(params_of<P>()[index]) && is_new_id(params_of<P>(), index);
};
template <Subject subject, class P, std::size_t index>
struct CheckedSlot {
  static constexpr bool value = checked(slots_of<P>()[index], params_of<P>(), param_count<P>(),
                                        (P::info.flags & TUNER_PLUGIN_ELEMENTWISE) != 0) &&
                                is_new_id(slots_of<P>(), index);
};

// Everything that can be said at compile time about the metadata of plugin class P.
template <class P>
consteval bool metadata_is_sound() {
  const auto options = []<std::size_t... i>(std::index_sequence<i...>) {
    return (true && ... && CheckedOption<subject_of<P>(", option", params_of<P>()[i].id), P, i>::value);
  };
  const auto slots = []<std::size_t... i>(std::index_sequence<i...>) {
    return (true && ... && CheckedSlot<subject_of<P>(", slot", slots_of<P>()[i].id), P, i>::value);
  };
  return CheckedInfo<subject_of<P>(), P>::value && options(std::make_index_sequence<param_count<P>()>()) &&
         slots(std::make_index_sequence<slot_count<P>()>());
}

// A plugin of a library, and the least host that it needs.
struct Descriptor : tuner_plugin {
  std::uint32_t min_host_minor;
};

template <class P>
constexpr Descriptor descriptor(std::uint32_t kind, std::uint32_t flags, const void* vtable) {
  static_assert(metadata_is_sound<P>());
  Descriptor d{};
  d.struct_size = sizeof(tuner_plugin);
  d.kind = kind;
  d.flags = P::info.flags | flags;
  d.n_params = param_count<P>();
  d.param_stride = sizeof(Param);
  d.params = params_of<P>();
  d.id = P::info.id;
  d.name = P::info.name;
  d.version = P::info.version;
  d.doc = P::info.doc;
  d.details = P::info.details;
  d.reference = P::info.reference;
  d.vtable = vtable;
  d.needed_extensions = needed_extensions_of<P>();
  d.n_needed_extensions = needed_extension_count<P>();
  if constexpr (requires { P::get_extension; }) {
    d.get_extension = &P::get_extension;
    d.extensions = P::extensions;
    d.n_extensions = sizeof(P::extensions) / sizeof(P::extensions[0]);
  }
  d.min_host_minor = P::info.min_host_minor;
  const bool derivative_free_objective = kind == TUNER_KIND_OBJECTIVE && (d.flags & TUNER_PLUGIN_DERIVATIVE_FREE) != 0;
  const bool newer = derivative_free_objective || (d.flags & TUNER_PLUGIN_OWNS_THREADS) != 0 ||
                     d.n_needed_extensions > 0 || kind > TUNER_KIND_OBJECTIVE;
  if (newer && d.min_host_minor < 1) d.min_host_minor = 1;
  return d;
}

}  // namespace detail
}  // namespace tuner::inline sdk
