// Files of data: regular ones alone, so that nothing is waited for or read for ever.
#pragma once

#include <cstdint>
#include <string>

namespace tuner::objectives {

class DataFile {
 public:
  // Opens `path` for reading. Errors (std::runtime_error, naming the file): it cannot be opened; it is a folder, a
  // FIFO, a device or a socket; it has more bytes than this machine has memory.
  explicit DataFile(const std::string& path);
  ~DataFile();
  DataFile(const DataFile&) = delete;
  DataFile& operator=(const DataFile&) = delete;

  // At most `count` bytes; 0 at the end of the file. Errors: as above.
  [[nodiscard]] std::size_t read(char* out, std::size_t count);
  // Gives the descriptor to the caller, who closes it.
  [[nodiscard]] int release();

 private:
  std::string path_;
  int descriptor_ = -1;
};

// Bytes of memory that this machine has.
[[nodiscard]] std::uint64_t machine_memory();

}  // namespace tuner::objectives
