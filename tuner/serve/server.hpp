// A web server for one page that changes. It only reads: it knows GET and HEAD of three paths.
//
//   /?token=...         the page
//   /data?token=...     its data, as report::page_data() has them
//   /events?token=...   server-sent events: `changed` with a number whenever there is another page
//
// Every request needs the token, which is compared in a time that says nothing of it, and a Host that names this
// server, so that no page of another site can have it asked by a name of its own (DNS rebinding). No answer allows
// another origin anything.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace tuner::serve {

struct Content {
  std::string page, data;
  std::string policy;  // Content-Security-Policy
};

struct Settings {
  std::string address = "127.0.0.1";  // an IP address of this machine
  std::uint16_t port = 0;             // 0: any that is free
};

class Server {
 public:
  // Listens from here on. Errors: usage.bad_option where it cannot, or the address is none.
  explicit Server(const Settings& settings);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  // With a token of 256 random bits.
  [[nodiscard]] std::string url() const;
  [[nodiscard]] bool is_loopback() const;
  // From now on this is the page. Threads: any.
  void publish(std::shared_ptr<const Content> content);
  // Serves until SIGINT, SIGTERM or SIGHUP; then all connections are closed.
  void run();

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace tuner::serve
