// Opening a study database: says what is wrong with a file that cannot be one, and leaves such a file as it is.
#pragma once

#include <filesystem>
#include <memory>
#include <span>

#include "connection.hpp"
#include "schema.hpp"
#include "tuner/storage/store.hpp"

namespace tuner::storage {

// A database at the last of `migrations`, ready for use.
// Errors: storage.cannot_open, .not_a_database, .newer_schema, .failed.
[[nodiscard]] std::unique_ptr<Connection> open_database(const std::filesystem::path& file, Access access,
                                                        Durability durability,
                                                        std::span<const Migration> migrations = migrations());

}  // namespace tuner::storage
