#pragma once

#include <functional>
#include <memory>

#include "base/fd.h"

namespace boost::asio {
class io_context;
}

namespace headroom {

// Accepts connections on a listening socket. When the process runs out of descriptors, it closes
// what it cannot keep and rests for a moment: a connection that stays in the kernel's queue keeps
// the socket readable, and waiting for it again at once would spin (F39).
//
// `loop` outlives it. Threads: the loop's only.
class Acceptor {
 public:
  // Gets every connection: close-on-exec, non-blocking.
  using Welcome = std::function<void(UniqueFd connection)>;

  Acceptor(boost::asio::io_context& loop, UniqueFd socket, Welcome welcome);
  ~Acceptor();  // closes the socket

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace headroom
