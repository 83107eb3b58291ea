#include "control/ocsp_stapler.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "async/timer.h"
#include "observe/log.h"
#include "tls/ocsp.h"

namespace sluice::control {
namespace {

constexpr Duration kShortestWait = 60s;
constexpr Duration kLongestWait = 24h;
constexpr Duration kWithoutDate = 1h;  // when the responder does not say how long its answer is good
constexpr Duration kFirstRetry = 30s;
constexpr Duration kLongestRetry = 1h;
constexpr std::size_t kMostReply = 64 * 1024;

std::string name_of(const tls::Certificate& certificate) {
  return certificate.names().empty() ? "without a name" : certificate.names().front();
}

}  // namespace

OcspStapler::OcspStapler(const config::Static& configuration, Scope& scope, Listener& listener)
    : configuration_(configuration), scope_(scope), listener_(listener), client_("Sluice OCSP") {}

bool OcspStapler::wanted(const tls::Certificate& certificate) const {
  return !certificate.ocsp_responder().empty() && (configuration_.ocsp || certificate.must_staple());
}

std::string OcspStapler::responder_of(const tls::Certificate& certificate) const {
  const std::string& named = certificate.ocsp_responder();
  if (!configuration_.ocsp) return named;
  auto other = configuration_.ocsp->responder_overrides.find(named);
  return other == configuration_.ocsp->responder_overrides.end() ? named : other->second;
}

void OcspStapler::follow(const std::vector<std::shared_ptr<const tls::Certificate>>& certificates) {
  for (const auto& certificate : certificates) {
    if (!wanted(*certificate) || !followed_.emplace(certificate, 0).second) continue;
    if (certificate->issuer() == nullptr) {
      log::warn("no OCSP response can be stapled: the certificate's file has no issuer behind it",
                {{"certificate", name_of(*certificate)}});
      continue;
    }
    scope_.spawn(keep_fresh(certificate, responder_of(*certificate)));
  }
}

Task<void> OcspStapler::keep_fresh(Held held, std::string responder) {
  int failures = 0;
  for (;;) {
    std::shared_ptr<const tls::Certificate> certificate = held.lock();
    if (certificate == nullptr) break;
    std::optional<Duration> fresh_for = co_await refresh(certificate, responder);
    failures = fresh_for ? 0 : failures + 1;
    Duration retry = std::min<Duration>(kFirstRetry * (1 << std::min(failures, 8)) / 2, kLongestRetry);
    Duration wait = fresh_for.value_or(retry);
    std::int64_t left = followed_[held] - std::time(nullptr);
    if (left > 0) wait = std::min<Duration>(wait, std::chrono::seconds(left + 1));
    certificate.reset();
    Status slept = co_await sleep_for(wait);
    if (!slept) break;
  }
  followed_.erase(held);
}

Task<std::optional<Duration>> OcspStapler::refresh(std::shared_ptr<const tls::Certificate> certificate,
                                                   std::string responder) {
  std::size_t scheme = responder.find("://");
  std::size_t path = responder.find('/', scheme == std::string::npos ? 0 : scheme + 3);
  rest::Call call;
  call.server.origin = responder.substr(0, path);
  call.path = path == std::string::npos ? "/" : responder.substr(path);
  call.method = "POST";
  call.headers.emplace_back("Content-Type", "application/ocsp-request");
  call.body = tls::ocsp_request(*certificate);
  call.max_reply = kMostReply;
  Result<rest::Reply> reply = co_await client_.send(call);
  std::int64_t& good_until = followed_[certificate];
  std::int64_t now = std::time(nullptr);
  std::string trouble;
  if (!reply) {
    trouble = reply.error().text;
  } else if (reply->status != 200) {
    trouble = fmt::format("the responder answered {}", reply->status);
  } else {
    tls::OcspAnswer answer = tls::read_ocsp_response(*certificate, reply->body);
    trouble = answer.why;
    if (answer.state == tls::OcspAnswer::State::good) {
      listener_.staple(certificate, std::make_shared<const std::string>(std::move(reply->body)));
      log::debug("OCSP response stapled", {{"certificate", name_of(*certificate)}, {"responder", responder}});
      good_until = answer.next_update > 0 ? answer.next_update : now + kWithoutDate / 1s;
      Duration half = std::chrono::seconds((good_until - now) / 2);
      Duration fresh_for = answer.next_update > 0 ? std::clamp(half, kShortestWait, kLongestWait) : kWithoutDate;
      co_return std::optional<Duration>(fresh_for);
    }
    if (answer.state == tls::OcspAnswer::State::revoked) good_until = std::min<std::int64_t>(good_until, now);
  }
  log::warn("OCSP response cannot be had", {{"certificate", name_of(*certificate)},
                                            {"responder", responder},
                                            {"mustStaple", certificate->must_staple()},
                                            {log::field::kError, trouble}});
  if (good_until > 0 && good_until <= now) {
    good_until = 0;
    listener_.staple(certificate, nullptr);  // an old answer is worse than none
  }
  co_return std::nullopt;
}

}  // namespace sluice::control
