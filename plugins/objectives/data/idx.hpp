// Files in the IDX format of MNIST: arrays of bytes, plain or compressed by gzip.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tuner::objectives {

struct IdxArray {
  std::vector<std::uint32_t> shape;
  std::vector<std::uint8_t> bytes;  // row-major, as many as the shape says
};

// Reads an array of unsigned bytes with `rank` extents: 0x00 0x00 0x08 rank, the extents as big-endian 32-bit
// numbers, the bytes.
// Errors (std::runtime_error, naming the file): unreadable, damaged or truncated (gzip or plain), another magic number,
// more bytes than the extents say.
// Source: the format's description on the MNIST page (LeCun, Cortes, Burges 1998).
[[nodiscard]] IdxArray read_idx(const std::string& path, std::uint32_t rank);

}  // namespace tuner::objectives
