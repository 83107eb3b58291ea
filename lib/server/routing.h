// routing.h: from a request to its handler: the snapshot a worker runs on, and what is answered when nobody takes the
// request.
#pragma once

#include <memory>

#include "base/ref.h"
#include "http/message.h"
#include "server/snapshot.h"

namespace sluice::server {

// A snapshot in use on one worker. Exchanges hold it while they run, by a counter that no other thread touches; the
// last one hands the snapshot back to the control thread, where taking it apart holds up nobody.
class PinnedSnapshot final : public RefCounted {
 public:
  class Retire {
   public:
    virtual void retire(std::shared_ptr<const Snapshot> snapshot) = 0;

   protected:
    ~Retire() = default;
  };

  PinnedSnapshot(std::shared_ptr<const Snapshot> snapshot, Retire& retire)
      : snapshot_(std::move(snapshot)), retire_(retire) {}
  ~PinnedSnapshot() { retire_.retire(std::move(snapshot_)); }

  const Snapshot& operator*() const { return *snapshot_; }

 private:
  std::shared_ptr<const Snapshot> snapshot_;
  Retire& retire_;
};

// Runs the handler of the router that takes `request`. Answers itself: `OPTIONS *`, 404 when no router takes it (with a
// log line that names the nearest ones), 400 for an encoded character the router's entry point refuses.
Task<Result<http::Response>> route_request(const HttpRoutes& routes, http::Request& request);
// Runs the handler of a router that was found already.
Task<Result<http::Response>> run_route(const Route& route, http::Request& request);

}  // namespace sluice::server
