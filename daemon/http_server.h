#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "daemon/acceptor.h"
#include "daemon/connection_count.h"
#include "daemon/http_message.h"
#include "daemon/listen_socket.h"

namespace boost::asio {
class io_context;
}

// HTTP/1.1 on listening sockets, with bounds on everything that a client controls.
namespace headroom {

struct HttpLimits {
  std::size_t head_bytes = 16 * 1024;         // request line and headers; more is 431
  ConnectionLimits connections;               // more are answered 503 and closed
  Duration idle = std::chrono::seconds(60);   // between two requests of a connection
  Duration head = std::chrono::seconds(10);   // from the first byte of a head to its last
  Duration body = std::chrono::seconds(60);   // for a whole body
  Duration write = std::chrono::seconds(30);  // for a whole answer, or one piece of a stream
  Duration heartbeat = std::chrono::seconds(15);
};

// Serves requests one at a time per connection, in order, however many were sent ahead. What is
// malformed is answered and the connection closed; a client that is too slow is dropped (F38).
// Running out of descriptors turns connections away and never spins (F39).
//
// `loop` and `handler` outlive the server; `loop` also outlives every reply. Threads: the loop's
// only.
class HttpServer {
 public:
  HttpServer(boost::asio::io_context& loop, HttpHandler& handler, HttpLimits limits = {},
             PeerOf peer_of = PeerOfSocket);
  ~HttpServer();  // as Stop()

  // Takes over a listening socket (listen_socket.h).
  void Listen(UniqueFd socket, Transport transport);
  // Closes every socket. Answers that are still on their way are lost.
  void Stop();

  std::size_t connections() const;

 private:
  class Core;
  class Session;
  class Reply;
  class Stream;
  std::shared_ptr<Core> core_;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
};

}  // namespace headroom
