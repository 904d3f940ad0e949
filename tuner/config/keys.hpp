// The keys of one map of a sweep file.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tuner/config/node.hpp"

namespace tuner::config {

// What to do with the value of each key that a map may have.
using Keys = std::vector<std::pair<std::string_view, std::function<void(const Entry&)>>>;

// Reads the keys in the order of the file. `what` names the map in messages.
// Errors: config.wrong_type where the node is no map; those of refuse_key; what the readers throw.
void read_keys(const Node& node, const std::string& what, const Keys& keys);
// Reads one entry; false where its key is none of them. The word null is the default, for which no reader is asked;
// what must be there is missing then.
[[nodiscard]] bool read_key(const Entry& entry, const Keys& keys);

// Throws for a key that is none of `known`: config.not_in_this_version for those of later versions, else
// config.unknown_key with "did you mean".
[[noreturn]] void refuse_key(const Entry& entry, const std::string& what, const std::vector<std::string_view>& known);
// config.not_in_this_version where a key of the map belongs to a later version.
void refuse_later_keys(const Node& node, const std::string& what);

}  // namespace tuner::config
