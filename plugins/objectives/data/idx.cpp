#include "data/idx.hpp"

#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>

#include "data/file.hpp"

namespace tuner::objectives {
namespace {

// zlib reads plain files too. Everything that goes wrong is said with the file's name.
class ByteReader {
 public:
  explicit ByteReader(const std::string& path) : path_(path) {
    DataFile file(path);
    const int descriptor = file.release();
    file_.reset(gzdopen(descriptor, "rb"));
    if (!file_) ::close(descriptor);
    if (!file_) fail("cannot be read: out of memory");
    gzbuffer(file_.get(), 1u << 17);
  }
  // At most `count` bytes; fewer at the end of the file.
  std::size_t read(std::uint8_t* out, std::size_t count) {
    const int got = gzread(file_.get(), out, static_cast<unsigned>(count));
    int code = Z_OK;
    const char* text = gzerror(file_.get(), &code);
    if (code == Z_BUF_ERROR) fail("is truncated: the compressed data ends too early");
    if (code == Z_ERRNO) fail(std::string("cannot be read: ") + std::strerror(errno));
    if (got < 0 || code != Z_OK) fail(std::string("is damaged: ") + text);
    return static_cast<std::size_t>(got);
  }
  // Known after the first read().
  [[nodiscard]] bool is_compressed() const { return gzdirect(file_.get()) == 0; }
  [[noreturn]] void fail(const std::string& what) const { throw std::runtime_error(path_ + " " + what); }

 private:
  struct Close {
    void operator()(gzFile file) const { gzclose(file); }
  };
  const std::string& path_;
  std::unique_ptr<gzFile_s, Close> file_;
};

std::uint32_t big_endian(const std::uint8_t* bytes) {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 | std::uint32_t{bytes[2]} << 8 | bytes[3];
}

}  // namespace

IdxArray read_idx(const std::string& path, std::uint32_t rank) {
  ByteReader file(path);
  std::vector<std::uint8_t> header(4 + 4 * std::size_t{rank});
  const std::size_t header_bytes = file.read(header.data(), header.size());
  const std::uint32_t expected = 0x0800 + rank;
  if (header_bytes >= 4 && big_endian(header.data()) != expected) {
    char text[120];
    std::snprintf(text, sizeof text, "has the magic number 0x%08x, but an IDX file of bytes with %u extents has 0x%08x",
                  big_endian(header.data()), rank, expected);
    file.fail(text);
  }
  if (header_bytes < header.size()) file.fail("is truncated: it ends within the header");

  IdxArray array;
  std::size_t size = 1;
  for (std::uint32_t i = 0; i < rank; ++i) {
    array.shape.push_back(big_endian(header.data() + 4 + 4 * i));
    if (__builtin_mul_overflow(size, std::size_t{array.shape.back()}, &size)) file.fail("has impossible extents");
  }
  // A plain file has no more than its bytes, but a compressed one can have a thousand times as many.
  if (file.is_compressed() && size > machine_memory())
    file.fail("says " + std::to_string(size) + " bytes of data in its header, and this machine has " +
              std::to_string(machine_memory()) + " bytes of memory");
  // In pieces, so that a damaged extent asks for no more memory than the file has bytes.
  constexpr std::size_t kPiece = 1u << 22;
  while (array.bytes.size() < size) {
    const std::size_t before = array.bytes.size(), piece = std::min(kPiece, size - before);
    array.bytes.resize(before + piece);
    const std::size_t got = file.read(array.bytes.data() + before, piece);
    if (got < piece)
      file.fail("is truncated: its header says " + std::to_string(size) + " bytes of data, but it has " +
                std::to_string(before + got));
  }
  std::uint8_t beyond;
  if (file.read(&beyond, 1) != 0)
    file.fail("is longer than the " + std::to_string(size) + " bytes that its header says");
  return array;
}

}  // namespace tuner::objectives
