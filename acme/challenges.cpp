#include "acme/challenges.h"

#include "acme/jws.h"
#include "async/timer.h"
#include "observe/log.h"

namespace sluice::acme {

Challenges::Challenges(const config::Acme& options, control::ChallengeDesk& desk, std::unique_ptr<DnsSolver> dns)
    : desk_(desk), dns_(std::move(dns)) {
  if (options.http_challenge) http_delay_ = options.http_challenge->delay;
  if (options.tls_challenge) tls_delay_ = options.tls_challenge->delay;
}

Task<Step> Challenges::arm(std::string type, std::string name, std::string token, std::string key_authorization) {
  Status armed;
  Duration delay{0};
  std::string why;
  if (type == "http-01") {
    armed = co_await desk_.arm_http(name, token, key_authorization);
    delay = http_delay_;
  } else if (type == "tls-alpn-01") {
    armed = co_await desk_.arm_tls_alpn(name, key_authorization);
    delay = tls_delay_;
  } else if (dns_ != nullptr) {
    DnsProof proof{name, dns_txt_value(key_authorization), token, key_authorization};
    armed = co_await dns_->present(std::move(proof), why);
  } else {
    co_return Failure::local("there is nobody to answer a " + type + " challenge");
  }
  if (armed && delay > Duration::zero()) {
    armed = co_await sleep_for(delay);
    if (!armed) {
      Step gone = co_await disarm(type, name, token, key_authorization);
      (void)gone;
    }
  }
  if (armed) co_return Done{};
  Failure failure = Failure::of(armed.error(), {});
  if (failure.kind != Failure::Kind::cancelled) failure.kind = Failure::Kind::local;
  failure.detail = "the " + type + " challenge could not be prepared: " + (why.empty() ? failure.detail : why);
  co_return failure;
}

Task<Step> Challenges::disarm(std::string type, std::string name, std::string token, std::string key_authorization) {
  if (type == "http-01") {
    desk_.disarm_http(name, token);
    co_return Done{};
  }
  if (type == "tls-alpn-01") {
    desk_.disarm_tls_alpn(name);
    co_return Done{};
  }
  Failure failure = Failure::local("no DNS provider can be used");
  if (dns_ != nullptr) {
    std::string why;
    DnsProof proof{name, dns_txt_value(key_authorization), token, key_authorization};
    Status removed = co_await dns_->clean_up(std::move(proof), why);
    if (removed) co_return Done{};
    failure = Failure::of(removed.error(), {});
    if (!why.empty()) failure.detail = std::move(why);
  }
  if (failure.kind != Failure::Kind::cancelled) {
    log::warn("a TXT record could not be removed: it is tried again every hour",
              {{"name", name}, {"problem", failure.detail}});
  }
  co_return failure;
}

Task<Step> Challenges::find_record(std::string name, std::vector<std::string> issuers, std::string account_url,
                                   bool wildcard) {
  Failure failure = Failure::local("dns-persist-01 needs a dnsChallenge");
  for (const std::string& issuer : dns_ == nullptr ? std::vector<std::string>() : issuers) {
    std::string why;
    Status found = co_await dns_->check_persistent(name, issuer, account_url, wildcard, why);
    if (found) co_return Done{};
    failure = Failure::of(found.error(), {});
    if (!why.empty()) failure.detail = std::move(why);
    if (failure.kind == Failure::Kind::cancelled) break;
  }
  log::debug("no record proves a name for good", {{"name", name}, {"problem", failure.detail}});
  co_return failure;
}

}  // namespace sluice::acme
