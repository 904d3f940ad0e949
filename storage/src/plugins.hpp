// Plugins that trials used: rows of `plugins`.
#pragma once

#include "connection.hpp"
#include "tuner/storage/store.hpp"

namespace tuner::storage {

// Of kind, id, version, sha256, path, abi_minor, build_flags, build. Errors: DamagedValue.
[[nodiscard]] PluginRecord read_plugin(const Rows& row);

}  // namespace tuner::storage
