// tunnel.h: one connection of a Connector: a program, its input and output, and what it says beside them. Inside the
// room; belongs to a Multi and its loop.
//
// libcurl connects to a socket in a folder that is ours alone and that listens for this one connection; both are gone
// as soon as it is there. The program gets what is accepted.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <memory>
#include <string>

#include "async/fd_watch.h"
#include "rest/connector.h"

namespace sluice::rest {

class Tunnel final : private FdWatch {
 public:
  explicit Tunnel(std::shared_ptr<Connector> connector) : connector_(std::move(connector)) {}
  // Closes the connection, ends the program, and complains if that had failed.
  ~Tunnel();

  // A socket, which stays the tunnel's, and where to connect it to; -1 after a complaint. The program starts when it is
  // connected.
  int open(sockaddr& address, socklen_t& length);
  int connection() const { return connection_; }

 private:
  void on_ready(bool readable, bool writable) override;
  bool listen(sockaddr& address, socklen_t& length);
  void end_listening();
  void start();
  bool read_words();

  std::shared_ptr<Connector> connector_;
  int connection_ = -1;
  int listener_ = -1;
  std::string folder_;  // of the listener's name
  int errors_ = -1;
  std::string words_;  // the end of what came from `errors_`
  pid_t program_ = 0;
};

}  // namespace sluice::rest
