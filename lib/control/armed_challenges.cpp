#include "control/armed_challenges.h"

#include <algorithm>

#include "async/timer.h"
#include "base/arena.h"
#include "base/text.h"
#include "http/authority.h"
#include "observe/log.h"

namespace sluice::control {
namespace {

// A host as requests have it: `http::Authority::host`. Empty for what is none.
std::string canonical_host(std::string_view host) {
  Arena arena;
  std::string text(host);
  if (host.find(':') != std::string_view::npos) text = '[' + text + ']';
  std::optional<http::Authority> authority = http::parse_authority(text, arena);
  return authority && authority->port == 0 ? std::string(authority->host) : std::string();
}

// RFC 8555 §8.1: base64url. A token becomes part of paths that are compared, so nothing else may be in it.
bool is_token(std::string_view token) {
  constexpr std::size_t kShortest = 16;
  constexpr std::size_t kLongest = 256;
  bool good = std::all_of(token.begin(), token.end(),
                          [](char c) { return is_alpha(c) || is_digit(c) || c == '-' || c == '_'; });
  return good && token.size() >= kShortest && token.size() <= kLongest;
}

Error refused(std::string_view why) { return Error{Code::invalid, Origin::self, true, 0, why}; }

}  // namespace

Task<Status> ArmedChallenges::arm_http(std::string host, std::string token, std::string key_authorization) {
  std::string name = canonical_host(host);
  if (name.empty()) co_return refused("the challenge is for no host");
  if (!is_token(token)) co_return refused("the challenge has a token that is not base64url of 16 to 256 bytes");
  if (http_.size() >= kMost) co_return refused("too many challenges are armed at once");
  http_[{name, token}] = HttpAnswer{std::move(key_authorization), kNoDeadline};
  Status confirmed = co_await wait_until_confirmed(publish());
  if (!confirmed && http_.erase({name, token}) > 0) publish();
  co_return confirmed;
}

Task<Status> ArmedChallenges::arm_tls_alpn(std::string name, std::string key_authorization) {
  std::string server_name = tls::challenge_server_name(name);
  if (server_name.empty()) co_return refused("the challenge is for no host");
  if (tls_.size() >= kMost) co_return refused("too many challenges are armed at once");
  // The certificate has an address as it is, and a name in the form it is compared in.
  bool address = IpAddress::parse(name).ok();
  tls_.insert_or_assign(server_name, tls::ChallengeCertificate::make(address ? name : server_name, key_authorization));
  Status confirmed = co_await wait_until_confirmed(publish());
  if (!confirmed && tls_.erase(server_name) > 0) publish();
  co_return confirmed;
}

void ArmedChallenges::disarm_http(std::string_view host, std::string_view token) {
  auto known = http_.find({canonical_host(host), std::string(token)});
  if (known == http_.end()) return;
  known->second.until = Loop::current().now() + kLateTime;
  if (std::exchange(forgetting_, true)) return;
  scope_.spawn(forget_late());
}

void ArmedChallenges::disarm_tls_alpn(std::string_view name) {
  // At once: what a host behind us is asked from now on is its own affair.
  if (tls_.erase(tls::challenge_server_name(name)) > 0) publish();
}

Task<void> ArmedChallenges::forget_late() {
  for (;;) {
    Deadline next = kNoDeadline;
    for (const auto& [key, answer] : http_) next = std::min(next, answer.until);
    if (next.is_never()) break;
    Status slept = co_await sleep_until(next);
    if (!slept) break;
    Time now = Loop::current().now();
    std::erase_if(http_, [&](const auto& one) { return one.second.until <= now; });
    publish();
  }
  forgetting_ = false;
}

std::uint64_t ArmedChallenges::publish() {
  ++number_;
  std::shared_ptr<server::Challenges> value;
  if (!http_.empty() || !tls_.empty()) {
    value = std::make_shared<server::Challenges>();
    for (const auto& [key, answer] : http_) value->arm_http(key.first, key.second, answer.key_authorization);
    for (const auto& [name, certificate] : tls_) value->arm_tls(name, certificate);
  }
  workers_.give_all(server::Arm{number_, std::move(value)});
  return number_;
}

Task<Status> ArmedChallenges::wait_until_confirmed(std::uint64_t number) {
  Deadline deadline = Loop::current().now() + kConfirmTime;
  while (std::any_of(confirmed_.begin(), confirmed_.end(), [&](std::uint64_t last) { return last < number; })) {
    if (ended_) co_return Error::of(Code::cancelled, "the process ends");
    Status waited = co_await confirmations_.wait(deadline);
    if (waited) continue;
    if (waited.error().code == Code::timed_out) {
      log::error("a worker did not confirm that it answers a challenge; the challenge is withdrawn");
    }
    co_return waited;
  }
  co_return Status();
}

void ArmedChallenges::confirmed(const server::Armed& armed) {
  confirmed_[armed.worker] = std::max(confirmed_[armed.worker], armed.number);
  confirmations_.notify_all();
}

void ArmedChallenges::end() {
  ended_ = true;
  confirmations_.notify_all();
}

}  // namespace sluice::control
