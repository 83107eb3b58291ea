// entrance.h: what a worker does with each of its entry points, whatever they carry.
//
// Owned by the worker, on its thread.
#pragma once

#include "async/task.h"
#include "base/ip.h"
#include "base/time.h"

namespace sluice::server {

class Entrance {
 public:
  virtual ~Entrance() = default;
  // Takes the address; once. Port 0 takes a free one, which `local` then has.
  virtual Status open(const SocketAddress& address) = 0;
  virtual SocketAddress local() const = 0;
  // Serves, from now on; once, after `open`.
  virtual Status start() = 0;
  // Takes nobody new, and ends whom it has as soon as nothing is lost by it. May be called again.
  virtual void drain() = 0;
  // Returns when nobody is left, or at the deadline.
  virtual Task<Status> wait_until_none(Deadline deadline) = 0;
};

}  // namespace sluice::server
