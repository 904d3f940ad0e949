#include <fmt/format.h>

#include <algorithm>

#include "impl.hpp"
#include "plugins.hpp"
#include "reading.hpp"

namespace tuner::storage {
namespace {

bool is_other_build(const PluginRecord& before, const PluginRecord& now) {
  return now.kind == before.kind && now.id == before.id && now.version == before.version && now.sha256 != before.sha256;
}

// "trials 0 to 3, 7": of many the first ranges.
std::string words_of_trials(const std::vector<std::uint64_t>& numbers) {
  constexpr std::size_t kRanges = 5;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
  const std::size_t count = numbers.size();
  for (const std::uint64_t number : numbers) {
    if (!ranges.empty() && ranges.back().second + 1 == number)
      ranges.back().second = number;
    else
      ranges.emplace_back(number, number);
  }
  std::string text = count == 1 ? "trial" : "trials";
  for (std::size_t i = 0; i < std::min(ranges.size(), kRanges); ++i) {
    const auto [first, last] = ranges[i];
    text += fmt::format("{} {}", i == 0 ? "" : ",", first);
    if (last > first) text += fmt::format(" to {}", last);
  }
  return ranges.size() > kRanges ? fmt::format("{} and others, {} in all", text, count) : text;
}

}  // namespace

PluginRecord read_plugin(const Rows& row) {
  return in_table("plugins", [&] {
    return PluginRecord{.kind = row.text(0),
                        .id = row.text(1),
                        .version = row.text(2),
                        .sha256 = row.text(3),
                        .path = row.text(4),
                        .abi_minor = static_cast<std::uint32_t>(row.integer(5, 0, UINT32_MAX)),
                        .build_flags = static_cast<std::uint32_t>(row.integer(6, 0, UINT32_MAX)),
                        .build = row.text(7)};
  });
}

std::vector<PluginRecord> Store::plugins(std::string_view study) const {
  Connection& connection = *impl_->connection;
  const Reading reading(connection, nullptr);
  std::vector<PluginRecord> plugins;
  Rows row =
      connection
          .prepared(
              "SELECT kind, id, version, sha256, path, abi_minor, build_flags, build FROM plugins "
              "WHERE plugin_key IN (SELECT plugin_key FROM trial_plugins WHERE study_id = ?) ORDER BY plugin_key")
          .query(find_study(connection, study));
  while (row.next()) reading.row([&] { return words_of_study(study); }, [&] { plugins.push_back(read_plugin(row)); });
  return plugins;
}

std::vector<std::uint64_t> Store::trials_of(std::string_view study, const PluginRecord& plugin) const {
  Connection& connection = *impl_->connection;
  std::vector<std::uint64_t> numbers;
  Rows row = connection
                 .prepared(
                     "SELECT DISTINCT number FROM trial_plugins JOIN plugins USING (plugin_key) "
                     "WHERE study_id = ? AND kind = ? AND id = ? AND sha256 = ? ORDER BY number")
                 .query(find_study(connection, study), plugin.kind, plugin.id, plugin.sha256);
  while (row.next()) numbers.push_back(row.count(0));
  return numbers;
}

std::vector<FileVersion> Store::file_versions(std::string_view study) const {
  Connection& connection = *impl_->connection;
  const Reading reading(connection, nullptr);
  std::vector<FileVersion> versions;
  Rows row = connection
                 .prepared(
                     "SELECT p.kind, p.id, p.sha256, min(u.number), max(u.number), count(*) FROM trial_plugins AS u "
                     "JOIN plugins AS p USING (plugin_key) WHERE u.study_id = ? AND p.kind IN ('program', 'script', "
                     "'file') GROUP BY p.kind, p.id, p.sha256 ORDER BY min(u.number)")
                 .query(find_study(connection, study));
  while (row.next())
    reading.row([&] { return words_of_study(study); },
                [&] {
                  versions.push_back(in_table("plugins", [&] {
                    return FileVersion{.kind = row.text(0),
                                       .id = row.text(1),
                                       .sha256 = row.text(2),
                                       .first = row.count(3),
                                       .last = row.count(4),
                                       .trials = row.count(5)};
                  }));
                });
  return versions;
}

std::vector<std::string> Store::changed_plugins(std::string_view study, std::span<const PluginRecord> now) const {
  std::vector<std::string> lines;
  for (const PluginRecord& before : plugins(study))
    for (const PluginRecord& plugin : now)
      if (is_other_build(before, plugin))
        lines.push_back(fmt::format("{} '{}' {} is another build than in {} (sha256 {:.12} now, {:.12} then)",
                                    plugin.kind, plugin.id, plugin.version, words_of_trials(trials_of(study, before)),
                                    plugin.sha256, before.sha256));
  return lines;
}

std::vector<std::string> Store::changed_plugins(std::span<const PluginRecord> earlier,
                                                std::span<const PluginRecord> now) {
  std::vector<std::string> lines;
  for (const PluginRecord& before : earlier) {
    for (const PluginRecord& plugin : now) {
      if (!is_other_build(before, plugin)) continue;
      lines.push_back(fmt::format("{} '{}' {} is another build than in earlier trials (sha256 {:.12} now, {:.12} then)",
                                  plugin.kind, plugin.id, plugin.version, plugin.sha256, before.sha256));
    }
  }
  return lines;
}

}  // namespace tuner::storage
