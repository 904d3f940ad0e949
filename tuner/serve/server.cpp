// The one file that knows Boost.Beast and Asio.
#include "tuner/serve/server.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <unistd.h>

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <chrono>
#include <set>
#include <string_view>
#include <utility>

#include "tuner/error.hpp"
#include "tuner/text.hpp"

namespace tuner::serve {

namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = net::ip::tcp;
using boost::system::error_code;
using std::chrono::seconds;

constexpr std::size_t kMostConnections = 64, kMostHeaderBytes = 16 * 1024;
constexpr seconds kRequestTime{30}, kAnswerTime{120}, kHeartbeat{15};

std::string new_token() {
  std::array<unsigned char, 32> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
    throw Error(Message::storage_failed, "the system has no random numbers for a token", "try again");
  std::string token;
  for (const unsigned char byte : bytes) token += fmt::format("{:02x}", byte);
  return token;
}

// The value of `token` in a target such as /data?token=abc.
std::string_view token_of(std::string_view target) {
  const std::size_t query = target.find('?');
  if (query == std::string_view::npos) return {};
  target.remove_prefix(query + 1);
  constexpr std::string_view kName = "token=";
  while (!target.empty()) {
    const std::string_view part = target.substr(0, target.find('&'));
    if (part.starts_with(kName)) return part.substr(kName.size());
    target.remove_prefix(std::min(part.size() + 1, target.size()));
  }
  return {};
}

bool are_equal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

// A part of an answer's head that all have: nothing is kept, nothing is told to other sites.
std::string head_of(std::string_view status, std::string_view type, std::string_view more) {
  return fmt::format(
      "HTTP/1.1 {}\r\nContent-Type: {}; charset=utf-8\r\n{}Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n"
      "X-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\nCross-Origin-Resource-Policy: same-origin\r\n"
      "Cross-Origin-Opener-Policy: same-origin\r\nConnection: close\r\n\r\n",
      status, type, more);
}

}  // namespace

class Connection;

struct Server::Impl {
  net::io_context context{1};
  tcp::acceptor acceptor{context};
  net::signal_set signals{context};
  net::ip::address address;
  std::string token = new_token();
  std::shared_ptr<const Content> content = std::make_shared<const Content>();
  std::uint64_t version = 0;
  std::set<std::shared_ptr<Connection>> connections;

  explicit Impl(const Settings& settings);
  void accept();
  void stop();
  // Is this the Host of a request to this server?
  [[nodiscard]] bool is_host(std::string_view host) const;
};

// A request, its answer, and the end. Of events the answer has no end.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Server::Impl& server, tcp::socket socket) : server_(server), stream_(std::move(socket)) {}
  void begin() {
    parser_.header_limit(kMostHeaderBytes);
    parser_.body_limit(0);
    stream_.expires_after(kRequestTime);
    http::async_read(stream_, buffer_, parser_, [self = shared_from_this()](error_code error, std::size_t) {
      if (error)
        self->end();
      else
        self->answer();
    });
  }
  void changed() {
    if (is_events_) write_event();
  }
  void close() {
    error_code none;
    stream_.socket().shutdown(tcp::socket::shutdown_both, none);
    stream_.socket().close(none);
  }

 private:
  void answer() {
    const auto& request = parser_.get();
    const std::string_view target(request.target().data(), request.target().size());
    const std::string_view path = target.substr(0, target.find('?'));
    const auto host = request[http::field::host];
    const auto origin = request[http::field::origin];
    is_head_ = request.method() == http::verb::head;
    if (!server_.is_host({host.data(), host.size()})) return refuse("421 Misdirected Request", "another host");
    if (!are_equal(token_of(target), server_.token)) return refuse("403 Forbidden", "the token is missing or wrong");
    if (!origin.empty() && std::string_view(origin.data(), origin.size()) != "http://" + std::string(host))
      return refuse("403 Forbidden", "another origin");
    if (!is_head_ && request.method() != http::verb::get)
      return refuse("405 Method Not Allowed", "this server is for reading", "Allow: GET, HEAD\r\n");
    content_ = server_.content;
    if (path == "/") return send("200 OK", "text/html", content_->page, policy());
    if (path == "/data") return send("200 OK", "text/plain", content_->data);
    if (path == "/events") return begin_events();
    refuse("404 Not Found", "there is nothing of this name");
  }
  std::string policy() const {
    return fmt::format("Content-Security-Policy: {}; frame-ancestors 'none'\r\n", content_->policy);
  }
  void refuse(std::string_view status, std::string_view why, std::string_view more = "") {
    text_ = fmt::format("{}\n", why);
    send(status, "text/plain", text_, more);
  }
  void send(std::string_view status, std::string_view type, const std::string& body, std::string_view more = "") {
    head_ = head_of(status, type, fmt::format("{}Content-Length: {}\r\n", more, body.size()));
    const std::array<net::const_buffer, 2> parts{net::buffer(head_),
                                                 is_head_ ? net::const_buffer() : net::buffer(body)};
    stream_.expires_after(kAnswerTime);
    net::async_write(stream_, parts, [self = shared_from_this()](error_code, std::size_t) { self->end(); });
  }
  void begin_events() {
    is_events_ = !is_head_;
    head_ = head_of("200 OK", "text/event-stream", "");
    is_writing_ = true;
    stream_.expires_after(kAnswerTime);
    net::async_write(stream_, net::buffer(head_), [self = shared_from_this()](error_code error, std::size_t) {
      if (error || !self->is_events_) return self->end();
      self->is_writing_ = false;
      self->watch();
      self->write_event();
    });
  }
  // A client says nothing more; what comes is that it is gone.
  void watch() {
    stream_.socket().async_read_some(net::buffer(ignored_), [self = shared_from_this()](error_code error, std::size_t) {
      if (error)
        self->end();
      else
        self->watch();
    });
  }
  // The latest version, once for all that were missed. A line of comment where there is none, so that a dead connection
  // is found.
  void write_event() {
    if (is_writing_ || is_over_) return;
    is_writing_ = true;
    text_ = told_ == server_.version ? ":\n\n" : fmt::format("event: changed\ndata: {}\n\n", server_.version);
    told_ = server_.version;
    stream_.expires_after(kAnswerTime);
    net::async_write(stream_, net::buffer(text_), [self = shared_from_this()](error_code error, std::size_t) {
      self->is_writing_ = false;
      self->stream_.expires_never();
      if (error) return self->end();
      if (self->told_ != self->server_.version) return self->write_event();
      self->wait();
    });
  }
  void wait() {
    timer_.expires_after(kHeartbeat);
    timer_.async_wait([self = shared_from_this()](error_code error) {
      if (!error) self->write_event();
    });
  }
  void end() {
    is_over_ = true;
    timer_.cancel();
    close();
    server_.connections.erase(shared_from_this());
  }

  Server::Impl& server_;
  beast::tcp_stream stream_;
  net::steady_timer timer_{stream_.get_executor()};
  beast::flat_buffer buffer_;
  http::request_parser<http::empty_body> parser_;
  std::shared_ptr<const Content> content_;  // what is being sent
  std::string head_, text_;
  std::array<char, 64> ignored_{};
  std::uint64_t told_ = UINT64_MAX;
  bool is_head_ = false, is_events_ = false, is_writing_ = false, is_over_ = false;
};

Server::Impl::Impl(const Settings& settings) {
  error_code error;
  address = net::ip::make_address(settings.address, error);
  if (error)
    throw Error(Message::usage_bad_option, fmt::format("--address {}: it is no IP address", shown(settings.address)),
                "leave it out for this machine alone, or give one of this machine's addresses");
  const tcp::endpoint endpoint(address, settings.port);
  acceptor.open(endpoint.protocol());
  acceptor.set_option(tcp::acceptor::reuse_address(true));
  acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(net::socket_base::max_listen_connections, error);
  if (error)
    throw Error(Message::usage_bad_option,
                fmt::format("{} port {} cannot be listened on: {}", settings.address, settings.port, error.message()),
                "give another --port, or none for one that is free");
}

bool Server::Impl::is_host(std::string_view host) const {
  const std::uint16_t number = acceptor.local_endpoint().port();
  const std::string port = fmt::format(":{}", number);
  if (host.ends_with(port))
    host.remove_suffix(port.size());
  else if (number != 80)  // which goes without saying
    return false;
  std::string name(host);
  if (name == "localhost" || name == "127.0.0.1" || name == "[::1]") return true;
  if (address.is_loopback()) return false;
  // Nobody else can make a name of an address.
  if (name.size() > 2 && name.front() == '[' && name.back() == ']') name = name.substr(1, name.size() - 2);
  error_code error;
  static_cast<void>(net::ip::make_address(name, error));
  std::array<char, 256> own{};
  return !error || (::gethostname(own.data(), own.size() - 1) == 0 && name == own.data());
}

void Server::Impl::accept() {
  acceptor.async_accept([this](error_code error, tcp::socket socket) {
    if (error == net::error::operation_aborted) return;
    if (!error && connections.size() < kMostConnections) {
      const auto connection = std::make_shared<Connection>(*this, std::move(socket));
      connections.insert(connection);
      connection->begin();
    }
    accept();
  });
}

void Server::Impl::stop() {
  error_code none;
  acceptor.close(none);
  for (const auto& connection : connections) connection->close();
  context.stop();
}

Server::Server(const Settings& settings) : impl_(std::make_unique<Impl>(settings)) {}
Server::~Server() = default;

std::string Server::url() const {
  const auto endpoint = impl_->acceptor.local_endpoint();
  std::string name = endpoint.address().to_string();
  if (endpoint.address().is_v6()) name = fmt::format("[{}]", name);
  return fmt::format("http://{}:{}/?token={}", name, endpoint.port(), impl_->token);
}

bool Server::is_loopback() const { return impl_->address.is_loopback(); }

void Server::publish(std::shared_ptr<const Content> content) {
  net::post(impl_->context, [this, content = std::move(content)]() mutable {
    impl_->content = std::move(content);
    ++impl_->version;
    // One that fails ends, and is no longer among them.
    const auto connections = impl_->connections;
    for (const auto& connection : connections) connection->changed();
  });
}

void Server::run() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) impl_->signals.add(signal);
  impl_->signals.async_wait([this](error_code error, int) {
    if (!error) impl_->stop();
  });
  impl_->accept();
  impl_->context.run();
  impl_->connections.clear();
}

}  // namespace tuner::serve
