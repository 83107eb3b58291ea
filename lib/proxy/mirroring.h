// mirroring.h: the mirroring service: one service answers, and others get copies of some of its requests.
//
// The content of a request is copied while the main service pulls it; nothing is read ahead and nothing waits. When the
// exchange is over, and the client has not gone away, the copy is sent in the worker's own scope, where answers are
// read and forgotten. What is kept for copies is bounded: beyond that, requests are served without a copy.
//
// Immutable, as every handler; turns and room are kept over snapshots, one set for each worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/ref.h"
#include "proxy/handler.h"

namespace sluice::proxy {

class Mirroring final : public Handler {
 public:
  // Of one service on one worker.
  static constexpr std::size_t kMostCopies = 256;                  // waiting or under way
  static constexpr std::uint64_t kMostKept = 32ULL * 1024 * 1024;  // bytes of their content
  static constexpr Duration kLongest = 60s;                        // a copy is given up then

  // Which requests are copied next, and how much is kept; each worker uses its own part.
  class State {
   public:
    explicit State(unsigned workers) : per_worker_(workers) {}

   private:
    friend class Mirroring;
    struct alignas(64) PerWorker {
      unsigned turn = 0;  // 0 to 99
      std::size_t copies = 0;
      std::uint64_t kept = 0;
    };
    std::vector<PerWorker> per_worker_;
  };

  struct Mirror {
    std::shared_ptr<const Handler> service;
    std::string name;
    unsigned percent = 0;  // 0 to 100
  };
  struct Options {
    std::string name;
    bool mirror_body = true;
    std::int64_t max_body_size = -1;  // bytes; a request with more gets no copy. -1: no limit
  };

  Mirroring(Options options, std::shared_ptr<const Handler> service, std::vector<Mirror> mirrors,
            std::shared_ptr<State> state);

  Task<Result<http::Response>> handle(http::Request& request) const override;
  bool ready() const override { return service_->ready(); }

 private:
  struct Plan;
  class Copy;
  class CopiedBody;

  static Task<void> send_afterwards(Ref<Copy> copy);
  static Task<void> send(Ref<Copy> copy, const Mirror& mirror);
  static Task<void> ask(http::Request& request, const Mirror& mirror);
  Task<Result<http::Response>> serve_and_copy(http::Request& request, std::uint64_t mirrors) const;
  // One bit for each mirror whose turn this is.
  std::uint64_t take_turn() const;

  std::shared_ptr<const Handler> service_;
  std::shared_ptr<const Plan> plan_;  // outlives the snapshot while copies are under way
};

}  // namespace sluice::proxy
