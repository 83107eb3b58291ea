#include "proxy/load_balancer.h"

#include <algorithm>
#include <cstring>

#include "async/loop.h"
#include "observe/log.h"
#include "proxy/body_around.h"
#include "proxy/worker_local.h"

namespace sluice::proxy {
namespace {

// The body of a response whose end a strategy waits for; the end may also come early.
class CountedBody final : public BodyAround {
 public:
  CountedBody(std::unique_ptr<http::Body> inner, std::shared_ptr<Strategy> strategy, unsigned worker, std::size_t index)
      : BodyAround(std::move(inner)), strategy_(std::move(strategy)), worker_(worker), index_(index) {}
  ~CountedBody() override { strategy_->ended(worker_, index_); }

 private:
  std::shared_ptr<Strategy> strategy_;
  unsigned worker_;
  std::size_t index_;
};

}  // namespace

// The servers that are up and have not been tried for this request.
class LoadBalancer::Untried final : public Candidates {
 public:
  explicit Untried(const LoadBalancer& balancer) : balancer_(balancer) {}

  bool usable(std::size_t index) const override {
    return (tried_ == nullptr || !tried_[index]) && balancer_.is_up(index);
  }
  double share(std::size_t index) const override { return balancer_.share_of(index); }
  void exclude(std::size_t index, Arena& arena) {
    std::size_t count = balancer_.servers_.size();
    if (tried_ == nullptr) {
      tried_ = arena.array<bool>(count);
      std::memset(tried_, 0, count);
    }
    tried_[index] = true;
  }

 private:
  const LoadBalancer& balancer_;
  bool* tried_ = nullptr;
};

LoadBalancer::LoadBalancer(Options options, std::vector<Server> servers, std::shared_ptr<Strategy> strategy)
    : options_(std::move(options)), servers_(std::move(servers)), strategy_(std::move(strategy)) {
  for (const Server& server : servers_) {
    destinations_.push_back(Destination{server.endpoint.get(), options_.pass_host_header, server.preserve_path});
  }
  plain_ = servers_.size() == 1 && strategy_->may_choose(0) && !strategy_->learns() && !options_.sticky &&
           servers_.front().health == nullptr;
}

bool LoadBalancer::is_up(std::size_t index) const {
  const ServerHealth* health = servers_[index].health.get();
  return health == nullptr || health->up(Loop::current().now());
}

double LoadBalancer::share_of(std::size_t index) const {
  constexpr double kLeast = 0.1;  // a server that gets nothing does not warm up
  Duration slow = options_.slow_start;
  if (slow <= 0s) return 1;
  Duration up = Loop::current().now() - servers_[index].health->up_since();
  if (up >= slow) return 1;
  return std::max(kLeast, static_cast<double>(up.count()) / static_cast<double>(slow.count()));
}

bool LoadBalancer::ready() const {
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    if (strategy_->may_choose(i) && is_up(i)) return true;
  }
  return false;
}

Task<Result<http::Response>> LoadBalancer::handle(http::Request& request) const {
  request.service = options_.name;
  request.server = {};
  // Most services have one server; then there is nothing to choose and nothing to come back to.
  if (plain_) {
    request.server = destinations_.front().endpoint->name();
    return forward(request, destinations_.front());
  }
  return try_servers(request);
}

Task<Result<http::Response>> LoadBalancer::try_servers(http::Request& request) const {
  Error failure = Error::of(Code::unavailable, "no available server");
  failure.nothing_sent = true;
  unsigned worker = WorkerLocal::current().index();
  Untried untried(*this);
  Sticky::Wish wish;
  if (options_.sticky) wish = options_.sticky->wish_of(request);
  for (std::size_t attempt = 0; attempt < destinations_.size(); ++attempt) {
    bool wished = wish.index >= 0 && strategy_->may_choose(static_cast<std::size_t>(wish.index)) &&
                  untried.usable(static_cast<std::size_t>(wish.index));
    int chosen = wished ? wish.index : strategy_->choose(worker, request, untried);
    if (chosen < 0) break;
    auto index = static_cast<std::size_t>(chosen);
    const Destination& destination = destinations_[index];
    request.server = destination.endpoint->name();
    Time began = Loop::current().now();
    if (strategy_->learns()) strategy_->began(worker, index);
    Result<http::Response> response = co_await forward(request, destination);
    learn(request, index, began, response);
    if (response && options_.sticky && !(wished && wish.current)) options_.sticky->remember(*response, index);
    if (response || !response.error().nothing_sent || response.error().origin != Origin::upstream) co_return response;
    failure = response.error();
    untried.exclude(index, request.arena);
  }
  co_return failure;
}

void LoadBalancer::learn(http::Request& request, std::size_t index, Time began,
                         Result<http::Response>& response) const {
  Time now = Loop::current().now();
  if (options_.passive) {
    bool failed = response ? response->status >= 500 : response.error().origin == Origin::upstream;
    if (servers_[index].health->answered(failed, now, *options_.passive)) {
      log::warn("server gets no requests for a while: too many failures",
                {{log::field::kService, options_.name}, {"server", request.server}});
    }
  }
  if (!strategy_->learns()) return;
  unsigned worker = WorkerLocal::current().index();
  if (response) strategy_->answered(worker, index, now - began);
  if (response && response->body != nullptr) {
    response->body = std::make_unique<CountedBody>(std::move(response->body), strategy_, worker, index);
  } else {
    strategy_->ended(worker, index);
  }
}

}  // namespace sluice::proxy
