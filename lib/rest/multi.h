// multi.h: libcurl's multi interface on our loop: its sockets are FdWatches, its one timer is a Timer. Inside the room.
//
// libcurl's callbacks only take note (a wanted watch, bytes, an end); no coroutine ever runs inside libcurl.
#pragma once

#include <sys/socket.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "async/fd_watch.h"
#include "async/timer.h"
#include "base/result.h"
#include "rest/connector.h"

namespace sluice::rest {

class Transfer;
class Tunnel;

class Multi final : private Timer {
 public:
  explicit Multi(std::string user_agent);
  // All transfers must be gone.
  ~Multi();
  Multi(const Multi&) = delete;
  Multi& operator=(const Multi&) = delete;

  // `easy` is a CURL*, its private pointer a Transfer. It starts with the next turn of the loop.
  Status add(void* easy);
  // Off the wire at once: its callbacks are not called any more.
  void remove(void* easy);

  // A socket for a connection of a connector, or -1, and where libcurl has to connect it to; it closes it by
  // close_tunnel.
  int open_tunnel(std::shared_ptr<Connector> connector, sockaddr& address, unsigned& length);
  static int close_tunnel(void* self, int fd);

  const std::string& user_agent() const { return user_agent_; }

 private:
  class Watch;
  class Kick;

  static int socket_wanted(void* easy, int fd, int what, void* self, void* watch);
  static int timer_wanted(void* multi, long milliseconds, void* self);
  void on_timer() override;
  void act(int fd, int readiness);

  std::string user_agent_;
  void* multi_;
  int transfers_ = 0;
  std::map<int, std::unique_ptr<Watch>> watches_;
  std::vector<std::unique_ptr<Tunnel>> tunnels_;
  std::unique_ptr<Kick> kick_;
};

}  // namespace sluice::rest
