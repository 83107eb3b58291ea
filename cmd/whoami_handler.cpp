#include "cmd/whoami_handler.h"

#include <fmt/format.h>
#include <ifaddrs.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "async/timer.h"
#include "base/text.h"
#include "cmd/websocket_echo.h"

namespace sluice::cmd {
namespace {

using http::Bytes;

// The value of a query parameter as it is written, or empty. Demo parameters need no escapes.
std::string_view parameter(const http::Request& request, std::string_view name) {
  for (std::string_view pair : split(request.target.query, '&')) {
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=')
      return pair.substr(name.size() + 1);
  }
  return {};
}

std::uint64_t number(const http::Request& request, std::string_view name, std::uint64_t fallback) {
  return parse_u64(parameter(request, name)).value_or(fallback);
}

std::string host_name() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 ? name : "";
}

std::vector<std::string> addresses() {
  std::vector<std::string> found;
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) != 0) return found;
  for (ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr) continue;
    Result<SocketAddress> address = SocketAddress::from(one->ifa_addr);
    if (address) found.push_back(address->ip.to_string());
  }
  freeifaddrs(all);
  return found;
}

http::Response text(http::Request& request, const std::string& body) {
  return http::text_response(request.arena, 200, request.arena.copy(body));
}

// `length` bytes of a pattern; with `send` below it the body breaks off there.
class PatternBody final : public http::Body {
 public:
  PatternBody(std::uint64_t length, std::uint64_t send) : left_(length), send_(send) {}

  Task<Result<Bytes>> read() override {
    static const std::string pattern = [] {
      std::string bytes;
      while (bytes.size() < 64 * 1024) bytes += "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-\n";
      return bytes;
    }();
    if (left_ == 0) co_return Bytes();
    if (send_ == 0) co_return Error::of(Code::closed, "cut off on request");
    std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>({left_, send_, pattern.size()}));
    left_ -= size;
    send_ -= size;
    co_return Bytes(pattern.data(), size);
  }
  bool ready() const override { return send_ > 0 || left_ == 0; }
  std::optional<std::uint64_t> remaining() const override { return left_; }

 private:
  std::uint64_t left_;
  std::uint64_t send_;
};

class DripBody final : public http::Body {
 public:
  DripBody(std::uint64_t count, Duration every) : count_(count), every_(every) {}

  Task<Result<Bytes>> read() override {
    if (sent_ == count_) co_return Bytes();
    if (sent_ > 0) {
      Status slept = co_await sleep_for(every_);
      if (!slept) co_return slept.error();
    }
    line_ = fmt::format("drop {}\n", ++sent_);
    co_return Bytes(line_);
  }

 private:
  std::uint64_t count_;
  Duration every_;
  std::uint64_t sent_ = 0;
  std::string line_;
};

http::Response with_body(http::Request& request, std::unique_ptr<http::Body> body) {
  http::Response response(request.arena);
  response.fields.add(http::FieldId::content_type, "text/plain; charset=utf-8");
  response.body = std::move(body);
  return response;
}

std::uint64_t unit_of(std::string_view unit) {
  if (iequals(unit, "kb")) return 1024;
  if (iequals(unit, "mb")) return 1024 * 1024;
  if (iequals(unit, "gb")) return 1024 * 1024 * 1024;
  return 1;
}

Task<Result<http::Response>> count_upload(http::Request& request) {
  std::uint64_t total = 0;
  while (request.body != nullptr) {
    Result<Bytes> bytes = co_await request.body->read();
    if (!bytes) co_return bytes.error();
    if (bytes->empty()) break;
    total += bytes->size();
  }
  co_return text(request, fmt::format("{}\n", total));
}

}  // namespace

Task<Result<http::Response>> Whoami::handle(http::Request& request) const {
  std::string_view path = request.target.path;
  if (std::string_view wait = parameter(request, "wait"); !wait.empty()) {
    Result<Duration> duration = parse_duration(wait);
    if (!duration) co_return http::text_response(request.arena, 400, "wait is no duration\n");
    Status slept = co_await sleep_for(*duration);
    if (!slept) co_return slept.error();
  }
  if (path == "/health") co_return http::text_response(request.arena, 200, "OK\n");
  if (path == "/bench") co_return http::text_response(request.arena, 200, "1");
  if (path == "/api") co_return describe_as_json(request);
  if (path == "/echo") co_return accept_websocket(request);
  if (path == "/upload") {
    Result<http::Response> response = co_await count_upload(request);
    co_return response;
  }
  if (path == "/status") {
    auto code = static_cast<std::uint16_t>(std::clamp<std::uint64_t>(number(request, "code", 200), 200, 599));
    co_return http::text_response(request.arena, code, http::reason_phrase(code));
  }
  if (path == "/data") {
    std::uint64_t size = number(request, "size", 1) * unit_of(parameter(request, "unit"));
    co_return with_body(request, std::make_unique<PatternBody>(size, size));
  }
  if (path == "/drip") {
    Result<Duration> every = parse_duration(parameter(request, "every"));
    co_return with_body(request, std::make_unique<DripBody>(number(request, "count", 5), every ? *every : 1s));
  }
  if (path == "/broken") {
    std::uint64_t after = number(request, "after", 1000);
    co_return with_body(request, std::make_unique<PatternBody>(2 * after + 1, after));
  }
  co_return describe(request);
}

http::Response Whoami::describe(const http::Request& request) const {
  std::string body;
  if (!name_.empty()) body += fmt::format("Name: {}\n", name_);
  body += fmt::format("Hostname: {}\n", host_name());
  for (const std::string& address : addresses()) body += fmt::format("IP: {}\n", address);
  body += fmt::format("RemoteAddr: {}\n", request.peer.remote.to_string());
  std::string_view version = request.version == http::Version::http10 ? "HTTP/1.0" : "HTTP/1.1";
  body += fmt::format("{} {} {}\n", request.method_text, request.target.raw, version);
  body += fmt::format("Host: {}\n", request.authority);
  for (const http::Field& field : request.fields) body += fmt::format("{}: {}\n", field.name, field.value);
  return http::text_response(request.arena, 200, request.arena.copy(body));
}

http::Response Whoami::describe_as_json(const http::Request& request) const {
  nlohmann::json body;
  if (!name_.empty()) body["name"] = name_;
  body["hostname"] = host_name();
  body["ip"] = addresses();
  body["remoteAddr"] = request.peer.remote.to_string();
  body["method"] = request.method_text;
  body["url"] = request.target.raw;
  body["host"] = request.authority;
  for (const http::Field& field : request.fields) body["headers"][std::string(field.name)].push_back(field.value);
  std::string json = body.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  http::Response response(request.arena);
  response.fields.add(http::FieldId::content_type, "application/json");
  response.body = std::make_unique<http::TextBody>(request.arena.copy(json));
  return response;
}

}  // namespace sluice::cmd
