#include "middleware/in_flight_req.h"

#include <fmt/format.h>

#include "middleware/answers.h"
#include "proxy/answering.h"
#include "proxy/body_around.h"

namespace sluice::middleware {
namespace {

// One request that is counted, until the end of its life.
class Counted {
 public:
  // The exchange keeps the middleware, and so the counts, alive.
  explicit Counted(std::atomic<std::uint64_t>* place) : place_(place) {}
  Counted(Counted&& other) noexcept : place_(std::exchange(other.place_, nullptr)) {}
  Counted& operator=(Counted&&) = delete;
  ~Counted() {
    if (place_ != nullptr) InFlightCounts::leave(*place_);
  }

 private:
  std::atomic<std::uint64_t>* place_;
};

class CountedBody final : public proxy::BodyAround {
 public:
  CountedBody(std::unique_ptr<http::Body> inner, Counted counted)
      : BodyAround(std::move(inner)), counted_(std::move(counted)) {}

 private:
  Counted counted_;
};

class CountedTunnel final : public http::Tunnel {
 public:
  CountedTunnel(std::unique_ptr<http::Tunnel> inner, Counted counted)
      : inner_(std::move(inner)), counted_(std::move(counted)) {}
  Task<Status> run(net::Stream& client, http::Bytes already_read) override { return inner_->run(client, already_read); }

 private:
  std::unique_ptr<http::Tunnel> inner_;
  Counted counted_;
};

Task<Result<http::Response>> counted_response(http::Request& request, const proxy::Handler& next,
                                              std::atomic<std::uint64_t>* place) {
  Counted counted(place);
  Result<http::Response> response = co_await next.handle(request);
  if (response && response->tunnel != nullptr) {
    response->tunnel = std::make_unique<CountedTunnel>(std::move(response->tunnel), std::move(counted));
  } else if (response && response->body != nullptr && proxy::failure_of(*response) == nullptr) {
    response->body = std::make_unique<CountedBody>(std::move(response->body), std::move(counted));
  }
  co_return response;
}

}  // namespace

control::MadeMiddleware InFlightReq::make(const config::InFlightReq& settings, const std::string& name,
                                          control::Registry& registry) {
  if (settings.amount <= 0) return control::MadeMiddleware::refused("inFlightReq needs an amount above 0");
  std::string error;
  std::optional<RequestSource> source = RequestSource::make(settings.source_criterion, RequestSource::By::host, error);
  if (!source) return control::MadeMiddleware::refused(std::move(error));
  auto counts = registry.get<InFlightCounts>("inFlightReq " + name, [] { return std::make_shared<InFlightCounts>(); });
  return control::MadeMiddleware::of(std::make_shared<InFlightReq>(std::move(*source), std::move(counts),
                                                                   static_cast<std::uint64_t>(settings.amount)));
}

InFlightReq::InFlightReq(RequestSource source, std::shared_ptr<InFlightCounts> counts, std::uint64_t limit)
    : source_(std::move(source)),
      counts_(std::move(counts)),
      limit_(std::min(limit, InFlightCounts::kMostRequests)),
      refusal_(fmt::format("Too many requests in flight: at most {} at a time", limit)) {}

Task<Result<http::Response>> InFlightReq::handle(http::Request& request, const proxy::Handler& next) const {
  std::atomic<std::uint64_t>* place = counts_->enter(source_.of(request), limit_);
  if (place == nullptr) return answer(request, 429, refusal_);
  return counted_response(request, next, place);
}

const control::MiddlewareKind InFlightReq::kKind = {
    "inFlightReq", [](const config::Middleware& settings) { return settings.in_flight_req.has_value(); },
    [](const control::MiddlewareParts& parts) {
      return make(*parts.settings.in_flight_req, parts.name, parts.registry);
    }};

}  // namespace sluice::middleware
