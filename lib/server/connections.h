// connections.h: the client connections of one entry point on one worker, so that they can be counted, drained, and the
// idle ones closed when descriptors run short.
#pragma once

#include <cstddef>

#include "async/signal.h"
#include "base/list.h"

namespace sluice::server {

class Connections;

// A client connection as its entry point sees it; HTTP/1 and HTTP/2 connections derive from it.
class ClientConnection : public ListNode<> {
 public:
  explicit ClientConnection(Connections& all);

  // Ends the connection at once if it is idle, else after what it is doing. Must not destroy it before it returns.
  virtual void finish() = 0;

 protected:
  ~ClientConnection();
  // Between two requests; the connection may be closed without anybody losing anything.
  void set_idle(bool idle);
  bool is_idle() const { return idle_; }
  Connections& all() { return all_; }

 private:
  Connections& all_;
  bool idle_ = false;
};

class Connections {
 public:
  // No connection is kept alive any more: idle ones end now, others after their exchange.
  void drain();
  bool draining() const { return draining_; }

  // Ends the `most` connections that have been idle longest; says how many.
  std::size_t close_oldest_idle(std::size_t most);

  std::size_t count() const { return count_; }
  // Returns when none is left, or at the deadline.
  Task<Status> wait_until_none(Deadline deadline);

 private:
  friend class ClientConnection;

  List<ClientConnection> idle_;  // oldest first
  List<ClientConnection> busy_;
  std::size_t count_ = 0;
  bool draining_ = false;
  Signal none_left_;
};

}  // namespace sluice::server
