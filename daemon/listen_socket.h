#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "daemon/http_message.h"

// Sockets, made with care and handed to the HTTP server. Threads: any.
namespace headroom {

// Listens on a Unix socket that every local user may connect to (mode 0666): who they are, the
// kernel says. The directory is made if only it is missing. A socket file that nobody answers on is
// replaced; one that somebody does is kConflict, as is a file of another kind (F3). The caller
// removes the file when it stops.
Result<UniqueFd> ListenUnix(const std::string& path);

// Listens on "127.0.0.1:PORT", "localhost:PORT" or "[::1]:PORT"; port 0 takes any free one. Every
// other address is refused: there is no TLS here.
Result<UniqueFd> ListenLoopback(const std::string& host_and_port);

// The port that a TCP socket is bound to.
Result<uint16_t> LocalPort(int fd);

// Who is at the other end of a connected socket.
using PeerOf = std::function<Peer(int fd, Transport transport)>;
Peer PeerOfSocket(int fd, Transport transport);

}  // namespace headroom
