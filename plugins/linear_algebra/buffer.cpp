#include "buffer.hpp"

#include <algorithm>
#include <mutex>
#include <new>
#include <vector>

namespace tuner::linear_algebra {
namespace {

constexpr std::size_t kAlignment = 64, kKept = std::size_t{64} << 20;

// Sizes are rounded up, so that matrices of nearly one size share their blocks.
std::size_t rounded(std::size_t bytes) {
  constexpr std::size_t kPage = 4096;
  return std::max(kPage, (bytes + kPage - 1) / kPage * kPage);
}

void* allocate(std::size_t size) { return ::operator new(size, std::align_val_t(kAlignment)); }
void release(void* memory) { ::operator delete(memory, std::align_val_t(kAlignment)); }

struct Block {
  void* memory;
  std::size_t size;
};

// What was given back, by any thread. The lock is cheap beside the pages of a buffer. Thread-local lists would not do:
// LeakSanitizer cannot follow thread-local storage of libraries that are loaded at run time.
class Kept {
 public:
  Kept() = default;
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;
  ~Kept() {
    for (const Block& block : blocks_) release(block.memory);
  }
  void* take(std::size_t size) {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(blocks_.begin(), blocks_.end(), [=](const Block& b) { return b.size == size; });
    if (found == blocks_.end()) return allocate(size);
    void* const memory = found->memory;
    bytes_ -= found->size;
    blocks_.erase(found);
    return memory;
  }
  // The oldest make room.
  void keep(void* memory, std::size_t size) {
    if (size > kKept) return release(memory);
    const std::lock_guard lock(mutex_);
    std::size_t oldest = 0;
    for (; bytes_ + size > kKept; ++oldest) {
      bytes_ -= blocks_[oldest].size;
      release(blocks_[oldest].memory);
    }
    blocks_.erase(blocks_.begin(), blocks_.begin() + static_cast<std::ptrdiff_t>(oldest));
    blocks_.push_back({memory, size});
    bytes_ += size;
  }

 private:
  std::mutex mutex_;
  std::vector<Block> blocks_;
  std::size_t bytes_ = 0;
};

Kept kept;

}  // namespace

void* take_memory(std::size_t bytes) { return kept.take(rounded(bytes)); }

void give_back_memory(void* memory, std::size_t bytes) noexcept {
  try {
    kept.keep(memory, rounded(bytes));
  } catch (const std::bad_alloc&) {  // no room for one more line in the list
    release(memory);
  }
}

}  // namespace tuner::linear_algebra
