#include "providers/http/provider.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "async/offload.h"
#include "async/timer.h"
#include "base/text.h"
#include "config/decode.h"
#include "config/yaml.h"
#include "observe/log.h"
#include "providers/http/problem_codes.h"

namespace sluice::providers::http {
namespace {

constexpr const char* kLastGood = "the last good answer stays in force";
constexpr const char* kNothing = "it defines nothing so far";
// However short pollInterval is, and between two questions to a server that answers them at once.
constexpr Duration kShortestRest = 50ms;

// JSON is read as YAML, which it is.
std::optional<config::Dynamic> parse(const std::string& text, const std::string& name, config::Report& report) {
  if (trim(text).empty()) {
    report.push_back({config::Severity::error,
                      std::string(code::kBody),
                      "the answer is empty",
                      {name},
                      "",
                      "answer {} "
                      "where there is nothing to configure"});
    return std::nullopt;
  }
  const std::optional<config::Node> tree = config::parse_yaml(text, name, report);
  if (!tree) return std::nullopt;
  return config::decode_dynamic(*tree, report);
}

}  // namespace

std::unique_ptr<HttpProvider> HttpProvider::make(const config::HttpProvider& options, rest::Client& client,
                                                 config::Report& report) {
  Result<Source> source = Source::parse(options);
  if (!source) {
    report.push_back({config::Severity::error,
                      std::string(code::kEndpoint),
                      "providers.http.endpoint: " + std::string(source.error().text),
                      {"providers.http"},
                      "the HTTP provider does not start",
                      "write a URL such as https://config.example/traefik.yml"});
    return nullptr;
  }
  return std::unique_ptr<HttpProvider>(
      new HttpProvider(client, *std::move(source), std::max(options.poll_interval, kShortestRest), options.wait));
}

HttpProvider::HttpProvider(rest::Client& client, Source source, Duration interval, Duration wait)
    : client_(client), source_(std::move(source)), interval_(interval), wait_(wait) {}

void HttpProvider::reread() {
  reread_ = true;
  asked_for_.notify_all();
}

rest::Call HttpProvider::question() const {
  rest::Call call = source_.call;
  if (!reread_) validators_.add_to(call);
  bool can_wait = wait_ > 0s && !reread_ && !validators_.etag.empty();
  if (can_wait) {
    call.path += call.path.find('?') == std::string::npos ? '?' : '&';
    call.path += "wait=" + format_duration(wait_);
    if (call.timeout > 0s) call.timeout += wait_;
  }
  return call;
}

Task<void> HttpProvider::run(control::FragmentSink& sink) {
  for (;;) {
    Time asked_at = Loop::current().now();
    rest::Call call = question();
    Result<rest::Reply> reply = co_await client_.send(std::move(call));
    if (!reply && reply.error().code == Code::cancelled) co_return;
    std::optional<std::string> news = take(std::move(reply), Loop::current().now() - asked_at);
    if (news) co_await read_body(*std::move(news));
    publish(sink);
    Status rested = co_await rest_until_next();
    if (!rested) co_return;
  }
}

// What an answer means: news, which are returned, or nothing new, or trouble.
std::optional<std::string> HttpProvider::take(Result<rest::Reply> reply, Duration took) {
  at_once_ = false;
  std::string what;
  if (!reply) {
    what = fmt::format("no answer: {}", reply.error().text);
  } else if (reply->status == 304) {
    trouble_.reset();
    // A server that does not know `wait` says so at once, and is asked every pollInterval all the same.
    at_once_ = wait_ > 0s && took >= wait_ / 2;
    return std::nullopt;
  } else if (reply->status == 200) {
    trouble_.reset();
    validators_ = Validators::of(*reply);
    if (text_ == reply->body && !reread_) return std::nullopt;
    at_once_ = wait_ > 0s && !validators_.etag.empty();
    return std::move(reply->body);
  } else {
    what = fmt::format("the answer has status {}", reply->status);
    if (std::string_view location = reply->header("Location"); !location.empty()) {
      what += fmt::format(" and leads to {}, which is not followed", printable(location, 200));
    }
  }
  config::Problem problem;
  problem.code = code::kUnreachable;
  problem.severity = config::Severity::error;
  problem.what = std::move(what);
  problem.source = {source_.name};
  problem.effect = has_good_ ? kLastGood : kNothing;
  problem.fix = "see to the server, or correct providers.http; it is asked again";
  trouble_ = std::move(problem);
  return std::nullopt;
}

Task<void> HttpProvider::read_body(std::string body) {
  config::Report report;
  auto reading = offload([&] { return parse(body, source_.name, report); });
  std::optional<config::Dynamic> read = co_await reading;
  if (read) {
    good_ = *std::move(read);
    has_good_ = true;
  } else {
    for (config::Problem& problem : report) problem.effect = has_good_ ? kLastGood : kNothing;
  }
  about_text_ = std::move(report);
  text_ = std::move(body);
}

void HttpProvider::publish(control::FragmentSink& sink) {
  bool forced = std::exchange(reread_, false) && has_good_;
  control::Fragment fragment;
  fragment.provider = name();
  fragment.configuration = good_;
  fragment.report = about_text_;
  if (trouble_) fragment.report.push_back(*trouble_);
  bool same =
      published_ && published_->configuration == fragment.configuration && published_->report == fragment.report;
  if (same && !forced) return;
  published_ = fragment;
  sink.publish(std::move(fragment));
}

Task<Status> HttpProvider::rest_until_next() {
  Deadline next = Loop::current().now() + (at_once_ ? kShortestRest : interval_);
  while (!reread_ && Loop::current().now() < next) {
    Status rested = co_await asked_for_.wait(next);
    if (!rested && rested.error().code != Code::timed_out) co_return rested;
  }
  co_return Status();
}

}  // namespace sluice::providers::http
