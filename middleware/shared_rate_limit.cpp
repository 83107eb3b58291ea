#include "middleware/shared_rate_limit.h"

#include <array>

#include "async/timer.h"
#include "base/encoding.h"
#include "middleware/rate_limit.h"
#include "proxy/error_log.h"
#include "tls/digest.h"

namespace sluice::middleware {
namespace {

// The bucket is the time at which it is full again, in microseconds (%.0f: such numbers do not fit Lua's usual ones).
// KEYS: the bucket. ARGV: microseconds between tokens, burst, microseconds of patience.
constexpr std::string_view kScript = R"(local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local interval = tonumber(ARGV[1])
local full = tonumber(redis.call('GET', KEYS[1]) or now)
if full < now then full = now end
local wait = full + interval - interval * tonumber(ARGV[2]) - now
if wait > tonumber(ARGV[3]) then return {0, wait} end
full = full + interval
redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000) + 1)
if wait < 0 then wait = 0 end
return {1, wait})";

std::string microseconds(Duration duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(duration).count());
}

Error not_understood() {
  return Error{Code::invalid, Origin::upstream, false, 0, "Redis refuses the script of rateLimit"};
}

}  // namespace

SharedRateLimit::SharedRateLimit(std::string name, RequestSource source, Limit limit,
                                 std::shared_ptr<const RedisServer> server)
    : name_(std::move(name)),
      source_(std::move(source)),
      interval_(microseconds(std::max<Duration>(limit.interval, 1us))),
      burst_(std::to_string(limit.burst)),
      patience_(microseconds(limit.patience)),
      digest_(hex_encode(tls::sha1(kScript))),
      server_(std::move(server)) {}

Task<Result<SharedRateLimit::Verdict>> SharedRateLimit::take(const http::Request& request) const {
  std::string key = "sluice:rate:" + name_ + ':' + std::string(request.router) + ':' + source_.text_of(request);
  std::array<std::string_view, 7> words = {"EVALSHA", digest_, "1", key, interval_, burst_, patience_};
  std::string command = resp_command(words);
  Result<RespValue> reply = co_await server_->ask(key, std::move(command));
  if (reply && reply->kind == RespValue::Kind::error && reply->text.starts_with("NOSCRIPT")) {
    words[0] = "EVAL";
    words[1] = kScript;
    command = resp_command(words);
    reply = co_await server_->ask(key, std::move(command));
  }
  if (!reply) co_return reply.error();
  bool understood = reply->kind == RespValue::Kind::array && reply->elements.size() == 2;
  if (!understood) co_return not_understood();
  Verdict verdict;
  verdict.admitted = reply->elements[0].integer == 1;
  verdict.wait = std::chrono::microseconds(reply->elements[1].integer);
  co_return verdict;
}

Task<Result<http::Response>> SharedRateLimit::handle(http::Request& request, const proxy::Handler& next) const {
  Result<Verdict> verdict = co_await take(request);
  if (!verdict) {
    const Error& error = verdict.error();
    if (error.code == Code::cancelled) co_return error;
    proxy::log_failure(request, 500, error);
    http::Response failed(request.arena);
    failed.status = 500;
    co_return failed;
  }
  if (!verdict->admitted) co_return RateLimit::refusal(request, verdict->wait);
  if (verdict->wait > 0s) {
    Status slept = co_await sleep_for(verdict->wait);
    if (!slept) co_return slept.error();
  }
  Result<http::Response> response = co_await next.handle(request);
  co_return response;
}

}  // namespace sluice::middleware
