#include "tuner/report/wandb_log.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <stdexcept>
#include <string_view>

#include "tuner/error.hpp"
#include "tuner/text.hpp"

namespace tuner::report {

namespace {

// ---- The log: blocks of 32 KiB, in which a record is one chunk or several.

constexpr std::size_t kBlock = 32768, kFileHeader = 7, kChunkHeader = 7;

std::uint64_t little_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

class LogReader {
 public:
  LogReader(const std::filesystem::path& path, WandbLog& log) : file_(path, std::ios::binary), log_(log) {
    if (!file_)
      throw Error(Message::storage_cannot_open, fmt::format("{}: the file cannot be opened", printable(path.string())),
                  "is it there, and readable?");
    std::string header(kFileHeader, '\0');
    file_.read(header.data(), kFileHeader);
    if (!file_ || header.substr(0, 4) != ":W&B" || little_endian(std::string_view(header).substr(4, 2)) != 0xBEE1 ||
        header[6] != 0)
      throw Error(Message::storage_not_a_database, fmt::format("{} is no log of W&B", printable(path.string())),
                  "name a file run-ID.wandb that its client wrote, or the folder of it");
  }

  // The next record that is whole; nothing at the end.
  std::optional<std::string> next() {
    enum : unsigned { full = 1, first, middle, last };
    std::string record;
    bool begun = false;
    while (const auto chunk = next_chunk()) {
      const auto& [type, bytes] = *chunk;
      if (skipping_) begun = false;
      const bool begins = type == full || type == first;
      if (begins == begun) {  // one that does not end, or an end without a beginning
        if (!skipping_) problem("a record is not whole");
        skipping_ = !begins;
        begun = false;
        if (!begins) continue;
      }
      skipping_ = false;
      record = begun ? record + bytes : bytes;
      if (type == full || type == last) return record;
      begun = true;
    }
    if (begun) problem("it ends within a record");
    return std::nullopt;
  }

  // Says where.
  void problem(const std::string& what) {
    constexpr std::size_t kMostProblems = 5;
    if (log_.problems.size() < kMostProblems) log_.problems.push_back(fmt::format("{}, near byte {}", what, chunk_at_));
  }

 private:
  struct Chunk {
    unsigned type;
    std::string bytes;
  };

  // Past one that is damaged goes on with the next block.
  std::optional<Chunk> next_chunk() {
    for (;;) {
      const std::size_t left = kBlock - at_ % kBlock;
      if (left < kChunkHeader) {
        if (!skip(left)) return std::nullopt;
        continue;
      }
      chunk_at_ = at_;
      std::string header = read(kChunkHeader);
      if (header.empty()) return std::nullopt;
      if (header.size() < kChunkHeader) return ended();
      const std::uint64_t checksum = little_endian(std::string_view(header).substr(0, 4));
      const std::uint64_t size = little_endian(std::string_view(header).substr(4, 2));
      const auto type = static_cast<unsigned char>(header[6]);
      if (type == 0 && size == 0 && checksum == 0) {  // room that was made in advance
        if (!skip(kBlock - at_ % kBlock)) return std::nullopt;
        continue;
      }
      if (type < 1 || type > 4 || size > left - kChunkHeader) {
        if (!damaged()) return std::nullopt;
        continue;
      }
      const std::string bytes = read(size);
      if (bytes.size() < size) return ended();
      const std::string summed = header.substr(6) + bytes;
      if (::crc32(0, reinterpret_cast<const Bytef*>(summed.data()), static_cast<uInt>(summed.size())) == checksum)
        return Chunk{type, bytes};
      if (!damaged()) return std::nullopt;
    }
  }
  std::optional<Chunk> ended() {
    problem("it ends within a record");
    return std::nullopt;
  }
  bool damaged() {
    problem("what is there is damaged; what comes after its block of 32 KiB is read");
    skipping_ = true;
    const std::size_t within = at_ % kBlock;
    return within == 0 || skip(kBlock - within);
  }
  std::string read(std::size_t size) {
    std::string bytes(size, '\0');
    file_.read(bytes.data(), static_cast<std::streamsize>(size));
    bytes.resize(static_cast<std::size_t>(file_.gcount()));
    at_ += bytes.size();
    return bytes;
  }
  bool skip(std::size_t size) { return read(size).size() == size; }

  std::ifstream file_;
  WandbLog& log_;
  std::size_t at_ = kFileHeader, chunk_at_ = kFileHeader;
  bool skipping_ = false;  // the rest of a record whose damage was said
};

// ---- Records: messages of Protocol Buffers.

struct Field {
  std::uint64_t number = 0, value = 0;
  std::string_view bytes;  // of a text or a message
};

// Calls take(field) for each. Throws std::invalid_argument where the bytes are no message.
template <class Take>
void each_field(std::string_view message, Take take) {
  const auto varint = [&] {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (message.empty()) throw std::invalid_argument("the message ends within a number");
      const auto byte = static_cast<unsigned char>(message.front());
      message.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw std::invalid_argument("a number is too long");
  };
  const auto cut = [&](std::uint64_t size) {
    if (size > message.size()) throw std::invalid_argument("the message ends within a field");
    const std::string_view bytes = message.substr(0, size);
    message.remove_prefix(size);
    return bytes;
  };
  while (!message.empty()) {
    const std::uint64_t key = varint();
    Field field{.number = key >> 3, .value = 0, .bytes = {}};
    switch (key & 7) {
      case 0:
        field.value = varint();
        break;
      case 1:
        field.value = little_endian(cut(8));
        break;
      case 2:
        field.bytes = cut(varint());
        break;
      case 5:
        field.value = little_endian(cut(4));
        break;
      default:
        throw std::invalid_argument("a field of an unknown kind");
    }
    take(field);
  }
}

// An item of a config, a summary or a row: {1: key, 2: nested keys, 16: JSON}.
struct Item {
  std::vector<std::string> path;
  std::string json;
};
Item item_of(std::string_view message) {
  Item item;
  std::string key;
  each_field(message, [&](const Field& field) {
    if (field.number == 1) key = field.bytes;
    if (field.number == 2) item.path.emplace_back(field.bytes);
    if (field.number == 16) item.json = field.bytes;
  });
  if (item.path.empty()) item.path.push_back(key);
  return item;
}

// Python writes NaN and infinities as words; as texts they are JSON.
Json json_of(const std::string& text) {
  std::string quoted;
  bool in_text = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (in_text && text[i] == '\\' && i + 1 < text.size()) {
      quoted += text.substr(i++, 2);
      continue;
    }
    if (text[i] == '"') in_text = !in_text;
    std::string_view word;
    if (!in_text)
      for (const std::string_view candidate : {"NaN", "Infinity", "-Infinity"})
        if (std::string_view(text).substr(i).starts_with(candidate)) word = candidate;
    if (word.empty()) {
      quoted += text[i];
      continue;
    }
    quoted += fmt::format("\"{}\"", word);
    i += word.size() - 1;
  }
  return Json::parse(quoted);
}

void set(Json& object, const std::vector<std::string>& path, std::size_t at, const Json& value) {
  Json& place = object[path[at]];
  if (at + 1 == path.size()) {
    place = value;
    return;
  }
  if (!place.is_object()) place = Json::object();
  set(place, path, at + 1, value);
}

Json without(const Json& object, const std::vector<std::string>& path, std::size_t at) {
  Json rest = Json::object();
  for (const auto& [key, value] : object.items())
    if (key != path[at])
      rest[key] = value;
    else if (at + 1 < path.size() && value.is_object())
      rest[key] = without(value, path, at + 1);
  return rest;
}

// {1: updates, 2: removals}, as configs and summaries have them.
void update(Json& object, std::string_view message) {
  each_field(message, [&](const Field& field) {
    if (field.number != 1 && field.number != 2) return;
    const Item item = item_of(field.bytes);
    if (item.path.front() == "_wandb") return;
    if (field.number == 1)
      set(object, item.path, 0, json_of(item.json));
    else
      object = without(object, item.path, 0);
  });
}

// Numbers, also those of maps, by their keys joined by dots. A map with _type is an image or the like.
void flatten(const std::string& name, const Json& value, std::vector<std::pair<std::string, double>>& numbers) {
  if (const auto number = wandb_number(value)) return numbers.emplace_back(name, *number), void();
  if (!value.is_object() || value.contains("_type")) return;
  for (const auto& [key, inner] : value.items()) flatten(name + "." + key, inner, numbers);
}

std::string joined(const std::vector<std::string>& path) { return fmt::format("{}", fmt::join(path, ".")); }

// {1: items, 2: {1: step}}
void read_history(WandbRun& run, std::string_view message) {
  std::int64_t step = 0;
  bool has_step = false;
  std::vector<std::pair<std::string, double>> numbers;
  each_field(message, [&](const Field& field) {
    if (field.number == 2) {
      has_step = true;
      each_field(field.bytes, [&](const Field& of) {
        if (of.number == 1) step = static_cast<std::int64_t>(of.value);
      });
    }
    if (field.number != 1) return;
    const Item item = item_of(field.bytes);
    flatten(joined(item.path), json_of(item.json), numbers);
  });
  for (const auto& [name, number] : numbers) {
    if (name == "_step" && !has_step) step = static_cast<std::int64_t>(number);
    if (name == "_runtime") run.seconds = std::max(run.seconds, number);
  }
  for (const auto& [name, number] : numbers)
    if (!name.starts_with("_")) run.history.push_back({step, name, number});
}

// {1: id, 3: project, 4: config, 5: summary, 8: name, 9: notes, 10: tags, 17: start}
void read_run(WandbRun& run, std::string_view message) {
  std::vector<std::string> tags;
  each_field(message, [&](const Field& field) {
    if (field.number == 1) run.id = field.bytes;
    if (field.number == 3) run.project = field.bytes;
    if (field.number == 4) update(run.config, field.bytes);
    if (field.number == 5) update(run.summary, field.bytes);
    if (field.number == 8) run.name = field.bytes;
    if (field.number == 9) run.notes = field.bytes;
    if (field.number == 10) tags.emplace_back(field.bytes);
    if (field.number != 17 || run.started_at_ms != 0) return;
    each_field(field.bytes, [&](const Field& of) {
      const auto part = static_cast<std::int64_t>(of.value);
      if (of.number == 1) run.started_at_ms += part * 1000;
      if (of.number == 2) run.started_at_ms += part / 1'000'000;
    });
  });
  if (!tags.empty()) run.tags = std::move(tags);
}

// {1: name, 8: goal}
void read_metric(WandbRun& run, std::string_view message) {
  std::string name;
  std::uint64_t goal = 0;
  each_field(message, [&](const Field& field) {
    if (field.number == 1) name = field.bytes;
    if (field.number == 8) goal = field.value;
  });
  if (!name.empty() && (goal == 1 || goal == 2)) run.defined_goals[name] = goal == 1 ? Goal::minimize : Goal::maximize;
}

// {1: code, 2: seconds}
void read_exit(WandbRun& run, std::string_view message) {
  run.exit_code = 0;
  each_field(message, [&](const Field& field) {
    if (field.number == 1) run.exit_code = static_cast<std::int32_t>(field.value);
    if (field.number == 2) run.seconds = std::max(run.seconds, static_cast<double>(field.value));
  });
}

void read_record(WandbRun& run, std::string_view record) {
  each_field(record, [&](const Field& field) {
    if (field.number == 2) read_history(run, field.bytes);
    if (field.number == 3) update(run.summary, field.bytes);
    if (field.number == 5) update(run.config, field.bytes);
    if (field.number == 12) read_metric(run, field.bytes);
    if (field.number == 17) read_run(run, field.bytes);
    if (field.number == 18) read_exit(run, field.bytes);
  });
}

}  // namespace

std::optional<double> wandb_number(const Json& value) {
  if (value.is_number()) return value.get<double>();
  if (!value.is_string()) return std::nullopt;
  const std::string word = value.get<std::string>();
  if (word == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (word == "Infinity") return std::numeric_limits<double>::infinity();
  if (word == "-Infinity") return -std::numeric_limits<double>::infinity();
  return std::nullopt;
}

WandbLog read_wandb_log(const std::filesystem::path& file, WandbRun& run) {
  WandbLog log;
  LogReader reader(file, log);
  run.exit_code.reset();  // a run that was resumed has the end of its last file
  while (const auto record = reader.next()) try {
      read_record(run, *record);
      ++log.records;
    } catch (const std::invalid_argument& error) {
      reader.problem(fmt::format("a record cannot be read ({})", error.what()));
    }
  return log;
}

}  // namespace tuner::report
