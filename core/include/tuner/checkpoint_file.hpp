// A checkpoint as it travels from one machine to another: the file's bytes, which nobody on the way looks into.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace tuner {

struct CheckpointFile {
  std::int64_t step = 0;
  std::string bytes;
};
template <class Archive>
void serialize(Archive& archive, CheckpointFile& file) {
  archive(file.step, file.bytes);
}

// The newest checkpoint of that trial in a study's folder; nothing where the trial has no checkpoint of at most `most`
// bytes there. Whether it is whole is found out by the worker that continues from it.
[[nodiscard]] std::optional<CheckpointFile> newest_checkpoint_file(const std::filesystem::path& folder,
                                                                   std::uint64_t number, std::uint64_t most);

// Puts it there whole, in place of the trial's others. 0, or the errno of what went wrong.
[[nodiscard]] int put_checkpoint_file(const std::filesystem::path& folder, std::uint64_t number,
                                      const CheckpointFile& file);

}  // namespace tuner
