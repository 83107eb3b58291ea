// The provider against a server that answers well, badly and not at all. The client, the loop and the sockets are real.
#include "providers/http/provider.h"

#include <functional>
#include <mutex>

#include "async/timer.h"
#include "providers/http/problem_codes.h"
#include "support/catch.h"
#include "support/scripted_server.h"

using namespace sluice;
using providers::http::HttpProvider;
using test::ScriptedServer;

namespace {

// What the server says; the test's thread changes it while it serves.
class ConfigServer {
 public:
  ConfigServer()
      : server_([this](const auto& request, auto& connection) { serve(request, connection); },
                ScriptedServer::At::tcp) {}

  void says(const std::string& body, const std::string& headers = "", int status = 200) {
    std::lock_guard<std::mutex> lock(mutex_);
    body_ = body;
    headers_ = headers;
    status_ = status;
  }
  void answers_not_modified_to(const std::string& etag) {
    std::lock_guard<std::mutex> lock(mutex_);
    known_ = etag;
  }
  void goes_silent() {
    std::lock_guard<std::mutex> lock(mutex_);
    silent_ = true;
  }
  std::string endpoint(const std::string& rest = "/config") const {
    return "http://127.0.0.1:" + std::to_string(server_.port()) + rest;
  }
  std::vector<ScriptedServer::Request> requests() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return requests_;
  }

 private:
  void serve(const ScriptedServer::Request& request, ScriptedServer::Connection& connection) {
    std::unique_lock<std::mutex> lock(mutex_);
    requests_.push_back(request);
    if (silent_) {
      lock.unlock();
      return connection.wait_for_end();
    }
    if (!known_.empty() && request.header("If-None-Match") == known_) {
      connection.send("HTTP/1.1 304 Not Modified\r\n\r\n");
      return;
    }
    connection.reply(status_, body_, headers_);
  }

  mutable std::mutex mutex_;
  std::string body_ = "{}";
  std::string headers_;
  int status_ = 200;
  std::string known_;
  bool silent_ = false;
  std::vector<ScriptedServer::Request> requests_;
  ScriptedServer server_;  // last: its threads use everything above
};

class Sink final : public control::FragmentSink {
 public:
  void publish(control::Fragment fragment) override {
    latest = std::move(fragment);
    ++published;
  }
  control::Fragment latest;
  int published = 0;
};

config::HttpProvider quick(const std::string& endpoint) {
  config::HttpProvider options;
  options.endpoint = endpoint;
  options.poll_interval = 50ms;
  return options;
}

class Edge {
 public:
  explicit Edge(const config::HttpProvider& options) : client_("Sluice/test") {
    config::Report report;
    provider_ = HttpProvider::make(options, client_, report);
    SLUICE_CHECK(provider_ != nullptr);
    scope_.spawn(provider_->run(sink));
  }
  ~Edge() {
    scope_.cancel(Error::of(Code::cancelled, "end of the test"));
    if (scope_.running() > 0) {
      ending_.spawn(stop_when_joined());
      loop_.run();
    }
    loop_.run_ready();
  }

  // False when it does not hold within ten seconds.
  bool until(const std::function<bool()>& holds) {
    Scope watching;
    watching.spawn(watch(holds));
    loop_.run();
    loop_.run_ready();
    return holds();
  }
  bool routed(const std::string& name) const { return sink.latest.configuration.http.routers.contains(name); }
  // Whether the report has a problem of this code.
  bool says(std::string_view code) const {
    for (const config::Problem& problem : sink.latest.report) {
      if (problem.code == code) return true;
    }
    return false;
  }
  HttpProvider& provider() { return *provider_; }

  Sink sink;

 private:
  Task<void> watch(const std::function<bool()>& holds) {
    Time give_up = Time::now() + 10s;
    while (!holds() && Time::now() < give_up) {
      Status rested = co_await sleep_for(4ms);
      (void)rested;
    }
    loop_.stop();
  }
  Task<void> stop_when_joined() {
    co_await scope_.join();
    loop_.stop();
  }

  Loop loop_;
  rest::Client client_;
  std::unique_ptr<HttpProvider> provider_;
  Scope scope_;
  Scope ending_;
};

std::string router(const std::string& name) {
  return "http:\n  routers:\n    " + name + ":\n      rule: Host(`x`)\n      service: s\n";
}
const char* const kJson = R"json({"http":{"routers":{"json":{"rule":"Host(`x`)","service":"s"}}}})json";

}  // namespace

TEST_CASE("YAML and JSON are read, changes are followed, and equal bodies are no change") {
  ConfigServer origin;
  origin.says(router("a"));
  Edge edge(quick(origin.endpoint()));
  REQUIRE(edge.until([&] { return edge.routed("a"); }));
  CHECK(edge.sink.latest.provider == "http");
  origin.says(kJson);
  REQUIRE(edge.until([&] { return edge.routed("json"); }));
  CHECK_FALSE(edge.routed("a"));
  int published = edge.sink.published;
  std::size_t asked = origin.requests().size();
  REQUIRE(edge.until([&] { return origin.requests().size() > asked + 3; }));
  CHECK(edge.sink.published == published);
  origin.says("{}");
  REQUIRE(edge.until([&] { return !edge.routed("json"); }));
}

TEST_CASE("whatever goes wrong, the last good answer stays, and the report says what went wrong") {
  ConfigServer origin;
  origin.says(router("a"));
  Edge edge(quick(origin.endpoint()));
  REQUIRE(edge.until([&] { return edge.routed("a"); }));
  struct {
    std::string body;
    int status;
    std::string_view code;
  } const rows[] = {
      {"nothing", 500, providers::http::code::kUnreachable},
      {router("b"), 201, providers::http::code::kUnreachable},
      {"", 404, providers::http::code::kUnreachable},
      {"", 200, providers::http::code::kBody},
      {"http: [", 200, "SLU-C"},
      {"[1, 2]", 200, "SLU-C"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.body, row.status);
    origin.says(row.body, "", row.status);
    REQUIRE(edge.until(
        [&] { return !edge.sink.latest.report.empty() && edge.sink.latest.report.back().code.starts_with(row.code); }));
    CHECK(edge.routed("a"));
    CHECK(edge.sink.latest.report.back().effect.find("last good") != std::string::npos);
    CHECK(edge.sink.latest.report.back().source.where == origin.endpoint());
    origin.says(router("a"));
    REQUIRE(edge.until([&] { return edge.sink.latest.report.empty(); }));
  }
}

TEST_CASE("a broken object of an answer is left out alone") {
  ConfigServer origin;
  origin.says(router("a") + "    broken:\n      rul: x\n");
  Edge edge(quick(origin.endpoint()));
  REQUIRE(edge.until([&] { return edge.routed("a"); }));
  CHECK_FALSE(edge.routed("broken"));
  CHECK_FALSE(edge.sink.latest.report.empty());
}

TEST_CASE("a server that is not there yet is asked until it is") {
  config::HttpProvider options = quick("http://127.0.0.1:1/none");
  Edge edge(options);
  REQUIRE(edge.until([&] { return edge.says(providers::http::code::kUnreachable); }));
  CHECK(edge.sink.latest.configuration == config::Dynamic());
}

TEST_CASE("an answer that does not come in time, or is too large, is trouble") {
  ConfigServer origin;
  origin.says(router("a"));
  config::HttpProvider options = quick(origin.endpoint());
  options.poll_timeout = 50ms;
  options.max_response_body_size = 200;
  Edge edge(options);
  REQUIRE(edge.until([&] { return edge.routed("a"); }));
  origin.says(router("b") + std::string(200, '#'));
  REQUIRE(edge.until([&] { return edge.says(providers::http::code::kUnreachable); }));
  origin.says(router("b"));
  REQUIRE(edge.until([&] { return edge.routed("b"); }));
  origin.goes_silent();
  REQUIRE(edge.until([&] { return edge.says(providers::http::code::kUnreachable); }));
  CHECK(edge.routed("b"));
}

TEST_CASE("headers, host, query and credentials go out as configured, and no message shows them") {
  ConfigServer origin;
  origin.says("[]");
  config::HttpProvider options = quick("http://user:p%40ss@" + origin.endpoint("/dyn?token=secret").substr(7));
  options.headers = {{"Host", "config.example"}, {"X-Key", "secret"}};
  Edge edge(options);
  REQUIRE(edge.until([&] { return !edge.sink.latest.report.empty(); }));
  ScriptedServer::Request request = origin.requests().at(0);
  CHECK(request.path == "/dyn?token=secret");
  CHECK(request.header("Host") == "config.example");
  CHECK(request.header("X-Key") == "secret");
  CHECK(request.header("Authorization") == "Basic dXNlcjpwQHNz");
  for (const config::Problem& problem : edge.sink.latest.report) {
    CHECK(config::to_line(problem).find("secret") == std::string::npos);
    CHECK(config::to_line(problem).find("p@ss") == std::string::npos);
  }
}

TEST_CASE("an answer with a validator is asked for conditionally, and 304 changes nothing") {
  ConfigServer origin;
  origin.says(router("a"), "ETag: \"1\"\r\n");
  Edge edge(quick(origin.endpoint()));
  REQUIRE(edge.until([&] { return edge.routed("a"); }));
  origin.answers_not_modified_to("\"1\"");
  origin.says(router("b"), "ETag: \"2\"\r\n");  // seen only by who does not have "1"
  std::size_t asked = origin.requests().size();
  REQUIRE(edge.until([&] { return origin.requests().size() > asked + 2; }));
  CHECK(edge.routed("a"));
  CHECK(edge.sink.published == 1);
  edge.provider().reread();
  REQUIRE(edge.until([&] { return edge.routed("b"); }));
  CHECK(origin.requests().back().header("If-None-Match") != "\"1\"");
}

TEST_CASE("a date does where there is no entity tag") {
  ConfigServer origin;
  origin.says(router("a"), "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
  Edge edge(quick(origin.endpoint()));
  REQUIRE(edge.until([&] { return origin.requests().size() > 1; }));
  CHECK(origin.requests().back().header("If-Modified-Since") == "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST_CASE("with `wait` the server is asked to hold its answer back, and asked again as soon as there was news") {
  ConfigServer origin;
  origin.says(router("a"), "ETag: \"1\"\r\n");
  config::HttpProvider options = quick(origin.endpoint("/c?x=1"));
  options.poll_interval = 1h;
  options.wait = 20s;
  Edge edge(options);
  REQUIRE(edge.until([&] { return origin.requests().size() == 2; }));
  CHECK(origin.requests()[0].path == "/c?x=1");
  CHECK(origin.requests()[1].path == "/c?x=1&wait=20s");
}

TEST_CASE("reread takes the same answer once more") {
  ConfigServer origin;
  origin.says(router("a"));
  Edge edge(quick(origin.endpoint()));
  REQUIRE(edge.until([&] { return edge.sink.published == 1; }));
  edge.provider().reread();
  REQUIRE(edge.until([&] { return edge.sink.published == 2; }));
}

TEST_CASE("endpoints that cannot be asked are refused with the reason") {
  Loop loop;
  rest::Client client("Sluice/test");
  for (const char* endpoint : {"", "config.example/x", "ftp://config.example", "http://", "http:///x", "http://a b/",
                               "http://h/a b", "unix:///run/x.sock"}) {
    CAPTURE(endpoint);
    config::HttpProvider options;
    options.endpoint = endpoint;
    config::Report report;
    CHECK(HttpProvider::make(options, client, report) == nullptr);
    REQUIRE(report.size() == 1);
    CHECK(report[0].code == providers::http::code::kEndpoint);
  }
}
