#include "tuner/executor/wire.hpp"

#include <zlib.h>

#include <cstring>

namespace tuner::executor {

namespace {

constexpr std::uint32_t kMagic = 0x31727574;  // "tur1"

struct Header {
  std::uint32_t magic, type, length, checksum;
};

// Over the type as well: a frame of another type is garbled too.
std::uint32_t checksum_of(std::uint32_t type, std::string_view bytes) {
  uLong sum = ::crc32(0, reinterpret_cast<const Bytef*>(&type), sizeof type);
  sum = ::crc32(sum, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size()));
  return static_cast<std::uint32_t>(sum);
}

}  // namespace

void put(Writer& out, const WorkerSetup& setup) {
  out.put(static_cast<std::uint64_t>(setup.libraries.size()));
  for (const auto& library : setup.libraries)
    out.put(std::string_view(library.path)), out.put(std::string_view(library.sha256));
  out.put(std::string_view(setup.config_text));
  out.put(std::string_view(setup.config_name));
  out.put(std::string_view(setup.config_folder));
  out.put(static_cast<std::uint64_t>(setup.overrides.size()));
  for (const auto& text : setup.overrides) out.put(std::string_view(text));
  out.put(setup.read_as);
  out.put(std::string_view(setup.metric));
  out.put(setup.goal);
  out.put(setup.memory_limit);
  out.put(setup.trial_memory.bytes), out.put(std::string_view(setup.trial_memory.source));
  out.put(std::string_view(setup.checkpoint_folder));
  out.put(std::string_view(setup.checkpoint_identity));
}

WorkerSetup read_setup(Reader& in) {
  WorkerSetup setup;
  setup.libraries.resize(in.count(2 * sizeof(std::uint64_t)));
  for (auto& library : setup.libraries) library.path = in.text(), library.sha256 = in.text();
  setup.config_text = in.text(), setup.config_name = in.text(), setup.config_folder = in.text();
  setup.overrides.resize(in.count(sizeof(std::uint64_t)));
  for (auto& text : setup.overrides) text = in.text();
  setup.read_as = in.get<std::uint8_t>();
  setup.metric = in.text();
  setup.goal = in.get<Goal>();
  setup.memory_limit = in.get<std::uint64_t>();
  setup.trial_memory.bytes = in.get<std::uint64_t>(), setup.trial_memory.source = in.text();
  setup.checkpoint_folder = in.text();
  setup.checkpoint_identity = in.text();
  return setup;
}

void put(Writer& out, const Job& job) {
  out.put(job.id.number), out.put(job.id.configuration), out.put(job.id.replicate);
  out.put(job.attempt);
  out.put(static_cast<std::uint64_t>(job.point.size()));
  for (const auto& value : job.point) out.put(value);
}

Job read_job(Reader& in) {
  Job job;
  job.id.number = in.get<std::uint64_t>(), job.id.configuration = in.get<std::uint64_t>();
  job.id.replicate = in.get<std::uint32_t>();
  job.attempt = in.get<std::uint32_t>();
  job.point.resize(in.count(1));
  for (auto& value : job.point)
    if (in.get<std::uint8_t>() != 0) value = in.value();
  return job;
}

void put(Writer& out, const Error& error) {
  out.put(error.id());
  out.put(std::string_view(error.message()));
  out.put(std::string_view(error.remedy()));
  out.put(std::string_view(error.place()));
}

Error read_error(Reader& in) {
  const auto id = in.get<Message>();
  const std::string message = in.text(), remedy = in.text(), place = in.text();
  Error error(id, message, remedy);
  if (!place.empty()) error.at(place);
  return error;
}

std::string framed(FrameType type, std::string_view bytes) {
  const auto number = static_cast<std::uint32_t>(type);
  const Header header{kMagic, number, static_cast<std::uint32_t>(bytes.size()), checksum_of(number, bytes)};
  std::string frame(reinterpret_cast<const char*>(&header), sizeof header);
  frame += bytes;
  return frame;
}

std::optional<Frame> FrameBuffer::next() {
  Header header;
  if (bytes_.size() - read_ < sizeof header) return std::nullopt;
  std::memcpy(&header, bytes_.data() + read_, sizeof header);
  if (header.magic != kMagic) throw Garbled("a message does not begin as one");
  if (bytes_.size() - read_ - sizeof header < header.length) return std::nullopt;
  const std::string_view body = std::string_view(bytes_).substr(read_ + sizeof header, header.length);
  if (checksum_of(header.type, body) != header.checksum) throw Garbled("a message has a wrong checksum");
  Frame frame{static_cast<FrameType>(header.type), std::string(body)};
  read_ += sizeof header + header.length;
  if (read_ == bytes_.size()) bytes_.clear(), read_ = 0;
  // What was read goes when it is most of the buffer, so that a long stream costs linear time.
  if (read_ > (std::size_t{1} << 20)) bytes_.erase(0, read_), read_ = 0;
  return frame;
}

}  // namespace tuner::executor
