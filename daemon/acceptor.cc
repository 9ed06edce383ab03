#include "daemon/acceptor.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <cstring>
#include <utility>  // before Asio: Boost 1.74 uses std::exchange without it

namespace headroom {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr auto kPause = std::chrono::milliseconds(100);
constexpr int kAcceptsPerTurn = 64;

}  // namespace

class Acceptor::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& loop, UniqueFd socket, Welcome welcome)
      : socket_(loop, socket.Release()), pause_(loop), welcome_(std::move(welcome)) {
    KeepSpare();
  }

  void Wait() {
    socket_.async_wait(asio::posix::stream_descriptor::wait_read,
                       [self = shared_from_this()](error_code error) {
                         if (!error && self->socket_.is_open()) self->AcceptAll();
                       });
  }
  void Close() {
    error_code ignored;
    socket_.close(ignored);
    pause_.cancel();
  }

 private:
  void AcceptAll();
  void TurnOneAway();
  void KeepSpare() { spare_.Reset(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }
  UniqueFd Accept() {
    return UniqueFd(
        ::accept4(socket_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  }

  asio::posix::stream_descriptor socket_;
  asio::steady_timer pause_;
  const Welcome welcome_;
  UniqueFd spare_;  // given up for a moment to accept, and close, when there are no others
  bool short_of_descriptors_ = false;
};

void Acceptor::Impl::AcceptAll() {
  for (int i = 0; i < kAcceptsPerTurn && socket_.is_open(); ++i) {
    UniqueFd connection = Accept();
    if (connection) {
      short_of_descriptors_ = false;
      welcome_(std::move(connection));
      continue;
    }
    if (errno == EINTR || errno == ECONNABORTED) continue;
    if (errno == EAGAIN) break;
    return TurnOneAway();
  }
  Wait();
}

// EMFILE, ENFILE, ENOBUFS or ENOMEM.
void Acceptor::Impl::TurnOneAway() {
  if (!std::exchange(short_of_descriptors_, true)) {
    spdlog::error("http: cannot accept connections: {}", strerrordesc_np(errno));
  }
  spare_.Reset();
  Accept().Reset();
  KeepSpare();
  pause_.expires_after(kPause);
  pause_.async_wait([self = shared_from_this()](error_code error) {
    if (!error && self->socket_.is_open()) self->Wait();
  });
}

Acceptor::Acceptor(asio::io_context& loop, UniqueFd socket, Welcome welcome)
    : impl_(std::make_shared<Impl>(loop, std::move(socket), std::move(welcome))) {
  impl_->Wait();
}

Acceptor::~Acceptor() { impl_->Close(); }

}  // namespace headroom
