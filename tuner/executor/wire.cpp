#include "tuner/executor/wire.hpp"

#include <elf.h>
#include <fmt/format.h>
#include <limits.h>
#include <link.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <tuple>

#include "tuner/library.hpp"
#include "tuner/system.hpp"
#include "tuner/text.hpp"

namespace tuner::executor {

namespace {

constexpr std::uint32_t kMagic = 0x31727574;  // "tur1"

struct Header {
  std::uint32_t magic, type, length, checksum;
};

// Over the type as well: a changed type is found too.
std::uint32_t checksum_of(std::uint32_t type, std::string_view bytes) {
  uLong sum = ::crc32(0, reinterpret_cast<const Bytef*>(&type), sizeof type);
  // Of no bytes at address 0 zlib would forget the sum so far.
  if (!bytes.empty()) sum = ::crc32(sum, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size()));
  return static_cast<std::uint32_t>(sum);
}

template <class T>
T plain(std::string_view bytes) {
  T value;
  Reader(bytes).get_raw(&value, sizeof value);
  return value;
}

// The note that the linker wrote into the program; empty where there is none.
std::string build_id(const std::filesystem::path& program) {
  std::ifstream file(program, std::ios::binary);
  const auto read = [&](std::uint64_t at, std::uint64_t size) {
    std::string bytes(std::min<std::uint64_t>(size, 1 << 16), '\0');
    file.seekg(static_cast<std::streamoff>(at)).read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return file ? bytes : throw DecodeError("it ends too early");
  };
  const auto padded = [](std::uint64_t size) { return (size + 3) & ~std::uint64_t{3}; };
  try {
    const auto head = plain<ElfW(Ehdr)>(read(0, sizeof(ElfW(Ehdr))));
    for (std::uint64_t i = 0; i < head.e_phnum; ++i) {
      const auto segment = plain<ElfW(Phdr)>(read(head.e_phoff + i * sizeof(ElfW(Phdr)), sizeof(ElfW(Phdr))));
      if (segment.p_type != PT_NOTE) continue;
      const std::string notes = read(segment.p_offset, segment.p_filesz);
      for (std::size_t at = 0; at + sizeof(ElfW(Nhdr)) <= notes.size();) {
        const auto note = plain<ElfW(Nhdr)>(std::string_view(notes).substr(at));
        const std::size_t name = at + sizeof note, id = name + padded(note.n_namesz);
        if (note.n_type == NT_GNU_BUILD_ID && notes.compare(name, 4, "GNU", 4) == 0) {
          std::string text;
          for (const char byte : std::string_view(notes).substr(id, note.n_descsz))
            text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
          return text;
        }
        at = id + padded(note.n_descsz);
      }
    }
  } catch (const std::exception&) {
    // No program as the linker makes them.
  }
  return {};
}

}  // namespace

Greeting local_greeting(const std::filesystem::path& program) {
  Greeting greeting;
  greeting.program = build_id(program);
  return greeting.program.empty() ? remote_greeting(program) : greeting;
}

Greeting remote_greeting(const std::filesystem::path& program, bool any_nodes) {
  Greeting greeting;
  greeting.program = sha256_of_file(program);
  greeting.processor = processor_text();
  greeting.libm = libm_text();
  greeting.any_nodes = any_nodes;
  greeting.host.resize(HOST_NAME_MAX + 1);
  ::gethostname(greeting.host.data(), greeting.host.size());
  greeting.host.resize(::strnlen(greeting.host.data(), greeting.host.size()));
  return greeting;
}

std::string disagreement(const Greeting& ours, const Greeting& theirs) {
  if (theirs.byte_order != ours.byte_order) return "its numbers have another byte order";
  if (theirs.version != ours.version)
    return fmt::format("it speaks version {} of the protocol, and this program version {}", theirs.version,
                       ours.version);
  if (theirs.program != ours.program)
    return fmt::format("it is another build of tuner ({:.12} there, {:.12} here)", theirs.program, ours.program);
  if (ours.any_nodes || theirs.any_nodes) return {};
  for (const auto& [what, here, there] :
       {std::tuple("processor", &ours.processor, &theirs.processor), std::tuple("libm", &ours.libm, &theirs.libm)})
    if (*here != *there)
      return fmt::format("its {} gives other results ({} there, {} here)", what, printable(*there), printable(*here));
  return {};
}

void put(Writer& out, const Error& error) { out(error.id(), error.message(), error.remedy(), error.place()); }

Error read_error(Reader& in) {
  const auto id = in.get<Message>();
  const auto message = in.get<std::string>(), remedy = in.get<std::string>(), place = in.get<std::string>();
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
  if (header.magic == __builtin_bswap32(kMagic)) throw DecodeError("its numbers have another byte order");
  if (header.magic != kMagic) throw DecodeError("a message does not begin as one");
  if (bytes_.size() - read_ - sizeof header < header.length) return std::nullopt;
  const std::string_view body = std::string_view(bytes_).substr(read_ + sizeof header, header.length);
  if (checksum_of(header.type, body) != header.checksum) throw DecodeError("a message has a wrong checksum");
  Frame frame{static_cast<FrameType>(header.type), std::string(body)};
  read_ += sizeof header + header.length;
  if (read_ == bytes_.size()) {
    bytes_.clear();
    read_ = 0;
  }
  // What was read goes when it is most of the buffer, so that a long stream costs linear time.
  if (read_ > (std::size_t{1} << 20)) {
    bytes_.erase(0, read_);
    read_ = 0;
  }
  return frame;
}

}  // namespace tuner::executor
