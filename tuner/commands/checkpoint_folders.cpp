#include "tuner/commands/checkpoint_folders.hpp"

#include <fmt/format.h>

#include <system_error>

#include "tuner/error.hpp"
#include "tuner/library.hpp"
#include "tuner/system.hpp"
#include "tuner/text.hpp"

namespace tuner::commands {

namespace {

namespace fs = std::filesystem;

fs::path place_of(const Study& study) { return checkpoint_folder(study.run.database) / study.plan.name; }

// Where they are now.
fs::path behind(const fs::path& place) {
  std::error_code none;
  return fs::is_symlink(place, none) ? fs::read_symlink(place, none) : place;
}

// Also from one file system to another.
void move_folder(const fs::path& from, const fs::path& to) {
  fs::create_directories(to.parent_path());
  std::error_code error;
  fs::rename(from, to, error);
  if (!error) return;
  fs::copy(from, to, fs::copy_options::recursive | fs::copy_options::overwrite_existing);
  fs::remove_all(from);
}

}  // namespace

fs::path checkpoint_folder(const std::string& database) {
  return fs::weakly_canonical(fs::absolute(database)).string() + ".checkpoints";
}

fs::path checkpoint_folder_of(const Study& study) {
  const CheckpointRules& rules = study.run.checkpoint;
  if (!rules.shared) return place_of(study);
  const fs::path database = fs::weakly_canonical(fs::absolute(study.run.database));
  const std::string own = fmt::format("{}-{:.8}", database.filename().string(), sha256_of_text(database.string()));
  return fs::weakly_canonical(fs::absolute(fs::path(study.source.folder) / rules.folder)) / own / study.plan.name;
}

void place_checkpoints(const Study& study) {
  const CheckpointRules& rules = study.run.checkpoint;
  const fs::path place = place_of(study), now = behind(place), wanted = rules.folder;
  std::error_code none;
  if (now == wanted && !rules.shared) return;
  try {
    if (now != place) fs::remove(place);
    if (now != wanted && fs::is_directory(now)) move_folder(now, wanted);
    if (!rules.shared) return;
    fs::create_directories(wanted);
    fs::create_directories(place.parent_path());
    fs::create_directory_symlink(wanted, place);
  } catch (const fs::filesystem_error& e) {
    throw Error(Message::storage_failed,
                fmt::format("no checkpoints can be kept in '{}': {}", printable(wanted.string()),
                            system_text(e.code().value())),
                "give another checkpoint.folder, or none");
  }
}

void tidy_checkpoints(const Study& study) {
  const fs::path place = place_of(study);
  std::error_code none;
  if (!study.run.checkpoint.shared || fs::exists(place, none)) return;
  fs::remove(place, none);
  fs::remove(place.parent_path(), none);  // where no other study has any
}

void remove_study_checkpoints(const std::string& database, const std::string& study) {
  const fs::path place = checkpoint_folder(database) / study, folder = behind(place);
  std::error_code none;
  fs::remove_all(folder, none);
  if (folder != place) {
    fs::remove(folder.parent_path(), none);
    fs::remove(place, none);
  }
  fs::remove(place.parent_path(), none);  // where no other study has any
}

void rename_study_checkpoints(const std::string& database, const std::string& from, const std::string& to) {
  const fs::path place = checkpoint_folder(database) / from, folder = behind(place);
  const fs::path renamed = folder.parent_path() / to;
  std::error_code none;
  fs::rename(folder, renamed, none);
  if (folder == place) return;
  fs::remove(place, none);
  fs::create_directory_symlink(renamed, checkpoint_folder(database) / to, none);
}

}  // namespace tuner::commands
