#include "tuner/report/output.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace tuner::report {

namespace {

// 0, or the errno of what went wrong.
int write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(file, bytes.data(), bytes.size());
    if (n >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EAGAIN) {
      // A terminal or a pipe that another program has set to not block.
      pollfd writable{.fd = file, .events = POLLOUT, .revents = 0};
      ::poll(&writable, 1, -1);
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

}  // namespace

Output::Output(int file) : file_(file) { setp(buffer_.data(), buffer_.data() + buffer_.size()); }

bool Output::flush() {
  const std::string_view bytes(pbase(), static_cast<std::size_t>(pptr() - pbase()));
  if (error_ == 0) error_ = write_all(file_, bytes);
  if (error_ == EPIPE && end_without_reader_) ::_exit(0);
  setp(buffer_.data(), buffer_.data() + buffer_.size());
  return error_ == 0;
}

Output::int_type Output::overflow(int_type next) {
  if (!flush()) return traits_type::eof();
  if (traits_type::eq_int_type(next, traits_type::eof())) return traits_type::not_eof(next);
  return sputc(traits_type::to_char_type(next));
}

int Output::sync() { return flush() ? 0 : -1; }

int write_file(const std::filesystem::path& file, std::string_view text) {
  const int out = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (out < 0) return errno;
  const int error = write_all(out, text);
  // A network file system may say it only now.
  return ::close(out) != 0 && error == 0 ? errno : error;
}

}  // namespace tuner::report
