// Files that commands write for people: looked at before anything is computed, and written whole or not at all.
#pragma once

#include <string>
#include <string_view>

namespace tuner::commands {

// option: what names the file, "--svg". Errors: usage.bad_option where it cannot be written: its folder does not exist
// or may not be written to, or it is a folder.
void check_output_file(std::string_view option, const std::string& file);

// Replaces the file at once when all of it is written; a device or a pipe is written to. Errors: storage.failed with
// `remedy`; the file is what it was.
void replace_file(std::string_view option, const std::string& file, std::string_view text, const std::string& remedy);

}  // namespace tuner::commands
