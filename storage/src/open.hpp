// Opening a study database: says what is wrong with a file that cannot be one, and leaves such a file as it is.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>

#include "connection.hpp"
#include "file_system.hpp"
#include "schema.hpp"
#include "tuner/storage/store.hpp"

namespace tuner::storage {

using FileSystemQuery = std::function<FileSystem(const std::filesystem::path&)>;

// A database at the last of `migrations`, ready for use. A network file system, as file_system says, is refused for
// writing unless it is allowed.
// Errors: storage.cannot_open, .not_a_database, .newer_schema, .damaged, .failed.
[[nodiscard]] std::unique_ptr<Connection> open_database(const std::filesystem::path& file, Access access,
                                                        Durability durability,
                                                        std::span<const Migration> migrations = migrations(),
                                                        Network network = Network::refused,
                                                        const FileSystemQuery& file_system = file_system_of);

// A database as it is, of any schema version known, for looking at alone: neither the file nor its log is changed.
[[nodiscard]] std::unique_ptr<Connection> open_for_inspection(const std::filesystem::path& file,
                                                              std::span<const Migration> migrations = migrations());

}  // namespace tuner::storage
