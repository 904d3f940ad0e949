#include "tuner/executor/wire.hpp"

#include <elf.h>
#include <fmt/format.h>
#include <link.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <iterator>

#include "tuner/library.hpp"

namespace tuner::executor {

namespace {

constexpr std::uint32_t kMagic = 0x31727574;  // "tur1"

struct Header {
  std::uint32_t magic, type, length, checksum;
};

// Over the type as well: a frame of another type is garbled too.
std::uint32_t checksum_of(std::uint32_t type, std::string_view bytes) {
  uLong sum = ::crc32(0, reinterpret_cast<const Bytef*>(&type), sizeof type);
  // Of no bytes at address 0 zlib would forget the sum so far.
  if (!bytes.empty()) sum = ::crc32(sum, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size()));
  return static_cast<std::uint32_t>(sum);
}

// The note that the linker wrote into the program; empty where it wrote none.
std::string build_id() {
  std::string id;
  const auto look = [](dl_phdr_info* object, std::size_t, void* found) {
    for (int i = 0; i < object->dlpi_phnum; ++i) {
      const ElfW(Phdr)& segment = object->dlpi_phdr[i];
      if (segment.p_type != PT_NOTE) continue;
      const char *at = reinterpret_cast<const char*>(object->dlpi_addr + segment.p_vaddr), *end = at + segment.p_memsz;
      while (end - at > std::ptrdiff_t{sizeof(ElfW(Nhdr))}) {
        const auto padded = [](std::size_t size) { return (size + 3) & ~std::size_t{3}; };
        ElfW(Nhdr) note;
        std::memcpy(&note, at, sizeof note);
        const char* name = at + sizeof note;
        const char* text = name + padded(note.n_namesz);
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && std::memcmp(name, "GNU", 4) == 0)
          for (const char* byte = text; byte != text + note.n_descsz; ++byte)
            fmt::format_to(std::back_inserter(*static_cast<std::string*>(found)), "{:02x}",
                           static_cast<unsigned char>(*byte));
        at = text + padded(note.n_descsz);
      }
    }
    return 1;  // the program itself comes first, and is all that is asked for
  };
  ::dl_iterate_phdr(look, &id);
  return id;
}

}  // namespace

Greeting local_greeting() {
  static const std::string* const kProgram = new std::string(build_id());
  Greeting greeting;
  greeting.program = *kProgram;
  return greeting.program.empty() ? remote_greeting() : greeting;
}

Greeting remote_greeting() {
  static const std::string* const kProgram = new std::string(sha256_of_file("/proc/self/exe"));
  Greeting greeting;
  greeting.program = *kProgram;
  return greeting;
}

std::string disagreement(const Greeting& ours, const Greeting& theirs) {
  if (theirs.byte_order != ours.byte_order) return "its numbers have another byte order";
  if (theirs.version != ours.version)
    return fmt::format("it speaks version {} of the protocol, and this program version {}", theirs.version,
                       ours.version);
  if (theirs.program != ours.program)
    return fmt::format("it is another build of tuner ({:.12} there, {:.12} here)", theirs.program, ours.program);
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
