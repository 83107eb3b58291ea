#include "acme/ca_client.h"

#include <ctime>

#include "acme/json_value.h"
#include "acme/jws.h"
#include "async/offload.h"
#include "async/timer.h"
#include "base/encoding.h"
#include "base/text.h"
#include "observe/log.h"

namespace sluice::acme {
namespace {

constexpr Duration kDirectoryLife = 24h;
constexpr Duration kNonceLife = 1h;
constexpr std::size_t kMostNonces = 32;
constexpr int kMostBadNonces = 40;
constexpr int kAttempts = 3;
// A CA that asks for so short a pause is asked again within the same request.
constexpr Duration kShortPause = 10s;

bool is_loopback(std::string_view authority) {
  return authority.starts_with("127.") || authority.starts_with("localhost") || authority.starts_with("[::1]");
}

// RFC 8288: `<url>;rel="alternate"`, several in a field or in several fields.
void read_links(const rest::Reply& reply, std::vector<std::string>& alternates) {
  for (const rest::Header& header : reply.headers) {
    if (!iequals(header.first, "Link")) continue;
    std::string_view rest = header.second;
    while (true) {
      const std::size_t open = rest.find('<');
      const std::size_t close = rest.find('>', open);
      if (open == std::string_view::npos || close == std::string_view::npos) break;
      const std::string_view url = rest.substr(open + 1, close - open - 1);
      const std::size_t next = rest.find('<', close);
      const std::string parameters =
          lowered(rest.substr(close + 1, next == std::string_view::npos ? next : next - close));
      if (parameters.find("rel=\"alternate\"") != std::string::npos ||
          parameters.find("rel=alternate") != std::string::npos) {
        alternates.emplace_back(url);
      }
      if (next == std::string_view::npos) break;
      rest = rest.substr(next);
    }
  }
}

Duration jitter(int attempt) {
  const std::uint64_t most = attempt == 0 ? 500 : 2000;
  return std::chrono::milliseconds(250 + random_u64() % most);
}

}  // namespace

Result<std::pair<std::string, std::string>> split_url(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return Error::of(Code::invalid, "no URL");
  const std::size_t slash = std::min(url.find('/', scheme + 3), url.size());
  const std::string_view authority = url.substr(scheme + 3, slash - scheme - 3);
  for (char c : url) {
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f) return Error::of(Code::invalid, "a URL with white space");
  }
  if (authority.empty() || authority.find('@') != std::string_view::npos) {
    return Error::of(Code::invalid, "a URL without a plain host");
  }
  const bool secure = istarts_with(url, "https://");
  if (!secure && !(istarts_with(url, "http://") && is_loopback(authority))) {
    return Error::of(Code::invalid, "the URL is not https");
  }
  std::string path(url.substr(slash));
  if (path.empty()) path = "/";
  return std::pair(std::string(url.substr(0, slash)), std::move(path));
}

Task<Outcome<rest::Reply>> CaClient::send(std::string method, std::string url, std::string body,
                                          std::size_t most_reply) {
  Result<std::pair<std::string, std::string>> parts = split_url(url);
  if (!parts) co_return Failure::of(parts.error(), url);
  rest::Call call;
  call.server.origin = parts->first;
  call.server.tls = settings_.tls;
  call.server.proxy_from_environment = true;
  call.method = std::move(method);
  call.path = parts->second;
  call.timeout = settings_.timeout;
  call.head_timeout = settings_.head_timeout;
  call.max_reply = most_reply;
  call.headers.emplace_back("Accept-Language", "en");
  if (call.method == "POST") call.headers.emplace_back("Content-Type", "application/jose+json");
  call.body = std::move(body);
  Result<rest::Reply> reply = co_await http_.send(std::move(call));
  if (!reply) co_return Failure::of(reply.error(), std::move(url));
  keep_nonce(*reply);
  if (is_nested_deeply(reply->body)) {
    co_return Failure::of(Error::of(Code::invalid, "the answer is JSON that is nested too deeply"), std::move(url));
  }
  co_return *std::move(reply);
}

void CaClient::keep_nonce(const rest::Reply& reply) {
  const std::string_view value = reply.header("Replay-Nonce");
  if (value.empty() || value.size() > 1024) return;
  nonces_.push_back({std::string(value), Loop::current().now()});
  if (nonces_.size() > kMostNonces) nonces_.pop_front();
}

Task<Outcome<const Directory*>> CaClient::directory() {
  if (directory_ && Loop::current().now() - directory_read_ < kDirectoryLife) co_return &*directory_;
  Outcome<CaReply> reply = co_await get(settings_.directory_url);
  if (!reply) co_return reply.failure();
  std::optional<Directory> read = read_directory(reply->body);
  if (!read) {
    Failure failure = Failure::local("the answer is no ACME directory");
    failure.kind = Failure::Kind::unreachable;
    failure.url = settings_.directory_url;
    co_return failure;
  }
  directory_ = std::move(read);
  directory_read_ = Loop::current().now();
  co_return &*directory_;
}

Task<Outcome<std::string>> CaClient::take_nonce() {
  while (!nonces_.empty()) {
    Nonce nonce = std::move(nonces_.back());  // the newest is the most likely to be known still
    nonces_.pop_back();
    if (Loop::current().now() - nonce.received < kNonceLife) co_return std::move(nonce.value);
  }
  Outcome<const Directory*> known = co_await directory();
  if (!known) co_return known.failure();
  const std::string url = (*known)->new_nonce;
  for (int attempt = 0;; ++attempt) {
    Outcome<rest::Reply> reply = co_await send("HEAD", url, {}, kMostJson);
    if (reply && !nonces_.empty()) {
      Nonce nonce = std::move(nonces_.back());
      nonces_.pop_back();
      co_return std::move(nonce.value);
    }
    Failure failure;
    if (reply) {
      failure = read_problem(reply->status, {}, reply->header("Retry-After"), url, std::time(nullptr));
      if (failure.status < 400) failure.detail = "the CA gave no nonce";
    } else {
      failure = reply.failure();
    }
    const bool again = failure.kind == Failure::Kind::unreachable ||
                       (failure.kind == Failure::Kind::limited && failure.retry_after <= kShortPause);
    if (!again || attempt + 1 == kAttempts) co_return failure;
    Status slept = co_await sleep_for(std::max(jitter(attempt), failure.retry_after));
    if (!slept) co_return Failure::of(slept.error(), url);
  }
}

Task<Outcome<CaReply>> CaClient::post(PrivateKey key, std::string kid, std::string url, std::string payload,
                                      Repeat repeat, std::size_t most_reply) {
  int bad_nonces = 0;
  for (int attempt = 0;;) {
    Outcome<std::string> nonce = co_await take_nonce();
    if (!nonce) co_return nonce.failure();
    auto signing = offload([&] { return signed_request(key, kid, *nonce, url, payload); });
    std::string body = co_await signing;
    Outcome<rest::Reply> reply = co_await send("POST", url, std::move(body), most_reply);
    if (reply && reply->status >= 200 && reply->status < 300) {
      CaReply good;
      good.status = reply->status;
      good.location = reply->header("Location");
      good.retry_after = parse_retry_after(reply->header("Retry-After"), std::time(nullptr));
      read_links(*reply, good.alternates);
      good.body = std::move(reply->body);
      co_return good;
    }
    Failure failure =
        reply ? read_problem(reply->status, reply->body, reply->header("Retry-After"), url, std::time(nullptr))
              : reply.failure();
    if (failure.type == "badNonce" && ++bad_nonces < kMostBadNonces) {
      // No failure: the nonce of this very answer is the next to be taken.
      log::debug("the CA wants another nonce", {{"url", url}});
      continue;
    }
    // A directory that leads nowhere may be an old one.
    if (failure.status == 404 || failure.status == 405) forget_directory();
    const bool again =
        failure.kind == Failure::Kind::unreachable || (failure.status == 503 && failure.retry_after <= kShortPause);
    if (!again || repeat == Repeat::never || ++attempt == kAttempts) co_return failure;
    log::debug("the CA did not answer, asking again", {{"url", url}, {"problem", failure.text()}});
    Status slept = co_await sleep_for(std::max(jitter(attempt), failure.retry_after));
    if (!slept) co_return Failure::of(slept.error(), url);
  }
}

Task<Outcome<CaReply>> CaClient::get(std::string url) {
  for (int attempt = 0;;) {
    Outcome<rest::Reply> reply = co_await send("GET", url, {}, kMostJson);
    if (reply && reply->status >= 200 && reply->status < 300) {
      CaReply good;
      good.status = reply->status;
      good.retry_after = parse_retry_after(reply->header("Retry-After"), std::time(nullptr));
      good.body = std::move(reply->body);
      co_return good;
    }
    Failure failure =
        reply ? read_problem(reply->status, reply->body, reply->header("Retry-After"), url, std::time(nullptr))
              : reply.failure();
    if (failure.kind != Failure::Kind::unreachable || ++attempt == kAttempts) co_return failure;
    Status slept = co_await sleep_for(std::max(jitter(attempt), failure.retry_after));
    if (!slept) co_return Failure::of(slept.error(), url);
  }
}

}  // namespace sluice::acme
