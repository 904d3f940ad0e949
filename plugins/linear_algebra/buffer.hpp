// Memory for temporary matrices, which steps of an optimizer take and give back thousands of times: the pages of a
// large block that the system takes back cost a tenth of such a step when they are touched anew.
#pragma once

#include <cstddef>
#include <utility>

namespace tuner::linear_algebra {

// At least `bytes`, aligned to 64, not set to anything. What is given back is kept for the next, up to 64 MB in a
// process, by any thread. Errors: std::bad_alloc.
[[nodiscard]] void* take_memory(std::size_t bytes);
void give_back_memory(void* memory, std::size_t bytes) noexcept;

// Values of a trivial type, not set when it is made.
template <class T>
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::size_t size) : size_(size), values_(static_cast<T*>(take_memory(size * sizeof(T)))) {}
  Buffer(Buffer&& other) noexcept
      : size_(std::exchange(other.size_, 0)), values_(std::exchange(other.values_, nullptr)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(size_, other.size_);
    std::swap(values_, other.values_);
    return *this;
  }
  ~Buffer() {
    if (values_ != nullptr) give_back_memory(values_, size_ * sizeof(T));
  }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] T* data() { return values_; }
  [[nodiscard]] const T* data() const { return values_; }
  T& operator[](std::size_t i) { return values_[i]; }
  const T& operator[](std::size_t i) const { return values_[i]; }

 private:
  std::size_t size_ = 0;
  T* values_ = nullptr;
};

}  // namespace tuner::linear_algebra
