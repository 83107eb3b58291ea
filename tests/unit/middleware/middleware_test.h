// middleware_test.h: one middleware between a request that a test writes and a handler that a test scripts. A manual
// clock, no socket.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "async/timer.h"
#include "base/text.h"
#include "control/middleware_kind.h"
#include "http/target.h"
#include "proxy/worker_local.h"
#include "support/catch.h"
#include "support/run_task.h"

namespace sluice::test {

using FieldList = std::vector<std::pair<std::string, std::string>>;

inline std::string field_of(const FieldList& fields, std::string_view name) {
  std::string all;
  for (const auto& [key, value] : fields) {
    if (iequals(key, name)) all += (all.empty() ? "" : "|") + value;
  }
  return all;
}

struct Ask {
  std::string method = "GET";
  std::string path = "/";  // with the query
  FieldList fields = {};
  std::optional<std::string> body = {};
  std::string authority = "app.test";
  bool tls = false;
  std::string remote = "192.0.2.1:1234";
  std::string router = "router@test";
  http::Version version = http::Version::http11;
  bool length = true;  // whether the size of the body is known ahead
};

struct Reply {
  int status = 0;  // 0: the outcome is an error
  FieldList fields = {};
  std::string body = {};
  std::optional<std::uint64_t> length = {};  // what was known ahead
  FieldList trailers = {};
  Error error = {};
  std::string get(std::string_view name) const { return field_of(fields, name); }
};

// A request as the handler behind the middleware saw it.
struct Seen {
  std::string method;
  std::string path;
  std::string match_path;
  std::string query;
  std::string authority;
  std::string user;
  FieldList fields;
  std::string body;
  bool has_body = false;
  std::optional<std::uint64_t> length;
  bool appends_forwarded_for = false;
  std::string get(std::string_view name) const { return field_of(fields, name); }
};

class Pieces final : public http::Body {
 public:
  Pieces(std::vector<std::string> pieces, bool length, FieldList trailers = {}, Arena* arena = nullptr)
      : pieces_(std::move(pieces)), length_(length) {
    if (trailers.empty()) return;
    trailers_.emplace(*arena);
    for (const auto& [name, value] : trailers) trailers_->add(arena->copy(name), arena->copy(value));
  }
  Task<Result<http::Bytes>> read() override {
    lent_ = at_ < pieces_.size() ? pieces_[at_++] : std::string();
    co_return http::Bytes(lent_);
  }
  bool ready() const override { return false; }
  const http::Fields* trailers() const override { return trailers_ ? &*trailers_ : nullptr; }
  std::optional<std::uint64_t> remaining() const override {
    if (!length_) return std::nullopt;
    std::uint64_t size = 0;
    for (std::size_t i = at_; i < pieces_.size(); ++i) size += pieces_[i].size();
    return size;
  }

 private:
  std::vector<std::string> pieces_;
  std::string lent_;
  std::size_t at_ = 0;
  bool length_;
  std::optional<http::Fields> trailers_;
};

// One answer of the handler behind the middleware.
struct Scripted {
  int status = 200;
  FieldList fields = {};
  std::vector<std::string> body = {"served"};
  bool length = true;
  FieldList trailers = {};
  std::optional<Error> error = {};
  Duration takes{0};
  bool reads_body = true;
};

class ScriptedHandler final : public proxy::Handler {
 public:
  // The first request gets the first answer; the last is for all further ones.
  mutable std::vector<Scripted> answers{Scripted{}};
  mutable std::vector<Seen> seen;
  mutable int running = 0;

  Task<Result<http::Response>> handle(http::Request& request) const override {
    Scripted script = answers[std::min(seen.size(), answers.size() - 1)];
    Seen now;
    now.method = request.method_text;
    now.path = request.target.path;
    now.match_path = request.target.match_path;
    now.query = request.target.has_query ? "?" + std::string(request.target.query) : "";
    now.authority = request.authority;
    now.user = request.user;
    now.appends_forwarded_for = request.append_forwarded_for;
    for (const http::Field& field : request.fields) now.fields.emplace_back(field.name, field.value);
    now.has_body = request.body != nullptr;
    if (request.body != nullptr) now.length = request.body->remaining();
    std::size_t index = seen.size();
    seen.push_back(now);
    while (request.body != nullptr && script.reads_body) {
      Result<http::Bytes> piece = co_await request.body->read();
      if (!piece) co_return piece.error();
      if (piece->empty()) break;
      seen[index].body += *piece;
    }
    if (script.takes > 0s) {
      ++running;
      Status slept = co_await sleep_for(script.takes);
      --running;
      if (!slept) co_return slept.error();
    }
    if (script.error) co_return *script.error;
    http::Response response(request.arena);
    response.status = static_cast<std::uint16_t>(script.status);
    for (const auto& [name, value] : script.fields) {
      response.fields.add(request.arena.copy(name), request.arena.copy(value));
    }
    if (!script.body.empty()) {
      response.body = std::make_unique<Pieces>(script.body, script.length, script.trailers, &request.arena);
    }
    co_return response;
  }
};

class MiddlewareTest {
 public:
  MiddlewareTest() : local_(0, scope_) {}
  explicit MiddlewareTest(const control::MadeMiddleware& made) : MiddlewareTest() { use(made); }
  ~MiddlewareTest() {
    scope_.cancel(Error::of(Code::cancelled, "the test is over"));
    loop_.run_ready();
    while (scope_.running() > 0) loop_.run_once();  // what is on the thread pool cannot be cancelled
  }
  void use(const control::MadeMiddleware& made) {
    INFO(made.error);
    REQUIRE(made.middleware != nullptr);
    middleware_ = made.middleware;
  }

  struct Pending {
    Reply reply;
    bool done = false;
  };

  // Runs the request until it waits.
  std::shared_ptr<Pending> start(Ask ask) {
    auto pending = std::make_shared<Pending>();
    scope_.spawn(run_request(middleware_, handler, std::move(ask), pending));
    loop_.run_ready();
    return pending;
  }
  Reply ask(Ask ask) {
    std::shared_ptr<Pending> pending = start(std::move(ask));
    REQUIRE(pending->done);
    return pending->reply;
  }
  // For middlewares that have work done elsewhere.
  Reply ask_and_wait(Ask ask) {
    std::shared_ptr<Pending> pending = start(std::move(ask));
    while (!pending->done) loop_.run_once();
    return pending->reply;
  }
  void advance(Duration by) { loop_.advance(by); }

  const Seen& seen() const {
    REQUIRE(!handler.seen.empty());
    return handler.seen.back();
  }

  ScriptedHandler handler;
  control::Registry registry;

 private:
  static Task<void> run_request(std::shared_ptr<const proxy::Middleware> middleware, const proxy::Handler& next,
                                Ask ask, std::shared_ptr<Pending> pending) {
    Arena arena;
    http::Peer peer;
    peer.tls = ask.tls;
    peer.remote = *SocketAddress::parse(ask.remote);
    http::Request request(arena, peer);
    request.method_text = ask.method;
    request.method = http::method_of(ask.method);
    request.version = ask.version;
    request.authority = ask.authority;
    request.host = ask.authority;
    request.router = ask.router;
    std::string_view target = ask.path;
    std::size_t question = target.find('?');
    request.target.path = target.substr(0, question);
    request.target.raw = target;
    if (question != std::string_view::npos) {
      request.target.has_query = true;
      request.target.query = target.substr(question + 1);
    }
    request.target.match_path = http::match_form(request.target.path, arena);
    for (const auto& [name, value] : ask.fields) request.fields.add(name, value);
    std::optional<Pieces> body;
    if (ask.body) {
      std::vector<std::string> pieces;
      for (std::size_t at = 0; at < ask.body->size(); at += 1000) pieces.push_back(ask.body->substr(at, 1000));
      body.emplace(pieces, ask.length);
      request.body = &*body;
    }
    Result<http::Response> response = co_await middleware->handle(request, next);
    Reply& reply = pending->reply;
    if (!response) {
      reply.error = response.error();
    } else {
      reply.status = response->status;
      for (const http::Field& field : response->fields) reply.fields.emplace_back(field.name, field.value);
      if (response->body != nullptr) reply.length = response->body->remaining();
      while (response->body != nullptr) {
        Result<http::Bytes> piece = co_await response->body->read();
        if (!piece) {
          reply.error = piece.error();
          break;
        }
        if (piece->empty()) break;
        reply.body += *piece;
      }
      if (response->body != nullptr && response->body->trailers() != nullptr) {
        for (const http::Field& field : *response->body->trailers()) {
          reply.trailers.emplace_back(field.name, field.value);
        }
      }
    }
    pending->done = true;
  }

  Loop loop_{Loop::ClockKind::manual};
  Scope scope_;
  proxy::WorkerLocal local_;
  std::shared_ptr<const proxy::Middleware> middleware_;
};

}  // namespace sluice::test
