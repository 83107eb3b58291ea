#include "h1_support.h"

using namespace sluice;
using namespace sluice::http;
using namespace sluice::http::h1;

namespace {

std::string with_line(const std::string& line) { return line + "\r\nHost: case.test\r\n\r\n"; }
std::string with_target(const std::string& target) { return with_line("GET " + target + " HTTP/1.1"); }

Reason line_refusal(const std::string& line) { return refusal(with_line(line)); }
Reason target_refusal(const std::string& target) { return refusal(with_target(target)); }

}  // namespace

TEST_CASE("a plain request is read") {
  auto read = read_request("GET /a/b?c=d HTTP/1.1\r\nHost: Case.Test:8080\r\nAccept: */*\r\n\r\n");
  REQUIRE(read->result.state == HeadResult::State::done);
  CHECK(read->request.method == Method::get);
  CHECK(read->request.method_text == "GET");
  CHECK(read->request.version == Version::http11);
  CHECK(read->request.authority == "Case.Test:8080");
  CHECK(read->request.host == "case.test");
  CHECK(read->request.target.path == "/a/b");
  CHECK(read->request.target.query == "c=d");
  CHECK(read->request.target.raw == "/a/b?c=d");
  CHECK(describe(read->request.fields) == "Accept=*/*\n");
  CHECK(read->result.keep_alive);
  CHECK(read->result.framing == Framing{});
  CHECK(read->result.consumed == 60);
}

TEST_CASE("a method is a token in capital or small letters, at most 64 bytes, and forwarded as it is") {
  for (std::string method :
       {"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "PROPFIND", "BREW", "get", "M-SEARCH"}) {
    auto read = read_request(with_line(method + " / HTTP/1.1"));
    REQUIRE(read->result.state == HeadResult::State::done);
    CHECK(read->request.method_text == method);
    CHECK(read->request.method == method_of(method));
  }
  CHECK(method_of("get") == Method::other);
  CHECK(line_refusal(std::string(64, 'A') + " / HTTP/1.1") == Reason::none);
  CHECK(line_refusal(std::string(65, 'A') + " / HTTP/1.1") == Reason::method_unsupported);
  for (std::string method : {"GE(T", "GET:", "\"GET\"", "G/T", "{}", "G\xc9T", "G\x01T", "GET\t"}) {
    CHECK(line_refusal(method + " / HTTP/1.1") == Reason::request_line);
  }
  CHECK(line_refusal(std::string("G\0T / HTTP/1.1", 14)) == Reason::request_line);
}

TEST_CASE("CONNECT is not implemented and TRACE is not allowed") {
  CHECK(line_refusal("CONNECT case.test:443 HTTP/1.1") == Reason::method_connect);
  CHECK(status_of(Reason::method_connect) == 501);
  CHECK(line_refusal("TRACE / HTTP/1.1") == Reason::method_trace);
  CHECK(status_of(Reason::method_trace) == 405);
}

TEST_CASE("exactly one space separates the parts of a request line") {
  for (std::string line :
       {"GET  / HTTP/1.1", "GET /  HTTP/1.1", " GET / HTTP/1.1", "GET / x HTTP/1.1", "GET  HTTP/1.1"}) {
    CHECK(line_refusal(line) == Reason::request_line);
  }
  for (std::string line :
       {"GET / HTTP/1.1 ", "GET\t/ HTTP/1.1", "GET /\tHTTP/1.1", "GET / HTTP/1.1\t", "GET", "GET /"}) {
    CHECK(status_of(line_refusal(line)) == 400);
  }
}

TEST_CASE("only HTTP/1.0 and HTTP/1.1 are served") {
  for (std::string version : {"HTTP/2.0", "HTTP/1.2", "HTTP/0.9", "HTTP/9.9", "HTTP/3.0"}) {
    CHECK(line_refusal("GET / " + version) == Reason::version_unsupported);
  }
  for (std::string version : {"HTTP/1.10", "HTTP/01.1", "HTTP/11", "HTTP/1", "HTTP/1.", "HTTP/1,1", "http/1.1",
                              "HTTPS/1.1", "RTSP/1.0", "HTTP/-1.1", "HTTP/1.1x", "HTTP/1.\xb9", "/1.1", ""}) {
    CHECK(line_refusal("GET / " + version) == Reason::version_malformed);
  }
  CHECK(status_of(Reason::version_unsupported) == 505);
  CHECK(refusal("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == Reason::version_unsupported);
}

TEST_CASE("at most two empty lines may precede a request") {
  std::string request = with_target("/");
  CHECK(refusal("\r\n" + request) == Reason::none);
  auto read = read_request("\r\n\r\n" + request);
  CHECK(read->result.state == HeadResult::State::done);
  CHECK(read->result.consumed == request.size() + 4);
  CHECK(refusal("\r\n\r\n\r\n" + request) == Reason::leading_empty_lines);
  CHECK(refusal("\n" + request) == Reason::line_ending);
  CHECK(refusal("\r\n\n" + request) == Reason::line_ending);
  CHECK(refusal("\r" + request) == Reason::request_line);
}

TEST_CASE("a request has begun with its first byte, not with an empty line") {
  Arena arena;
  Peer peer;
  Request request(arena, peer);
  RequestParser parser;
  CHECK_FALSE(parser.started());
  (void)parser.parse("\r\n", arena, request, Limits());
  CHECK_FALSE(parser.started());
  (void)parser.parse("\r\nG", arena, request, Limits());
  CHECK(parser.started());
}

TEST_CASE("a target may have 16 KiB") {
  CHECK(target_refusal("/" + std::string(16 * 1024 - 1, 'a')) == Reason::none);
  CHECK(target_refusal("/" + std::string(16 * 1024, 'a')) == Reason::target_too_long);
  CHECK(target_refusal("/" + std::string(100 * 1024, 'a')) == Reason::target_too_long);
  CHECK(status_of(Reason::target_too_long) == 414);
  // Not only once the line is complete.
  CHECK(refusal("GET /" + std::string(17 * 1024, 'a')) == Reason::target_too_long);
}

TEST_CASE("the three forms of targets that a server is asked with are read") {
  auto read = read_request("GET http://Case.Test/g?x=1 HTTP/1.1\r\nHost: case.test\r\n\r\n");
  REQUIRE(read->result.state == HeadResult::State::done);
  CHECK(read->request.target.path == "/g");
  CHECK(read->request.target.query == "x=1");
  CHECK(read->request.authority == "Case.Test");
  CHECK(read->request.host == "case.test");

  CHECK(read_request(with_target("HTTPS://case.test"))->request.target.path == "/");
  CHECK(read_request(with_target("http://case.test?q"))->request.target.path == "/");
  CHECK(read_request(with_target("http://case.test?q"))->request.target.query == "q");
  CHECK(read_request(with_target("http://case.test:80/"))->result.state == HeadResult::State::done);
  CHECK(read_request("GET http://case.test/ HTTP/1.1\r\nHost: case.test:80\r\n\r\n")->result.state ==
        HeadResult::State::done);
  CHECK(read_request("GET http://case.test/g HTTP/1.0\r\n\r\n")->request.host == "case.test");
  CHECK(read_request(with_line("OPTIONS * HTTP/1.1"))->request.target.path == "*");
  CHECK(read_request(with_line("OPTIONS http://case.test HTTP/1.1"))->request.target.path == "*");
}

TEST_CASE("other forms of targets are refused") {
  for (std::string target : {"*", "g", "case.test", "case.test:80", "?x", "ftp://case.test/", "file:///etc/passwd",
                             "http:/case.test/g", "http:case.test", "javascript:alert(1)", "\\g"}) {
    CHECK(target_refusal(target) == Reason::target_form);
  }
  for (std::string target :
       {"http:///g", "http://", "http://user@case.test/", "http://user:pw@case.test/", "http://case.test:99999/",
        "http://case.test:x/", "http://case.test:/", "http://[::1/", "http://case.test\\@evil.test/"}) {
    CHECK(target_refusal(target) == Reason::target_authority);
  }
  CHECK(line_refusal("POST * HTTP/1.1") == Reason::target_form);
}

TEST_CASE("an absolute target that names another host than Host is refused") {
  CHECK(target_refusal("http://evil.test/") == Reason::host_mismatch);
  CHECK(target_refusal("http://case.test:81/") == Reason::host_mismatch);
  CHECK(target_refusal("https://case.test:80/") == Reason::host_mismatch);
  CHECK(refusal("GET http://case.test/ HTTP/1.1\r\n\r\n") == Reason::host_missing);
}

TEST_CASE("bytes that no target has are refused") {
  CHECK(target_refusal("/g#frag") == Reason::target_fragment);
  CHECK(target_refusal("/g?q#frag") == Reason::target_fragment);
  CHECK(target_refusal("http://case.test#frag") == Reason::target_fragment);
  CHECK(target_refusal("/g\\h") == Reason::target_byte);
  for (char byte : {'\x01', '\x0b', '\x0c', '\x1f', '\x7f'}) {
    CHECK(target_refusal(std::string("/g") + byte) == Reason::target_byte);
    CHECK(target_refusal(std::string("/g?") + byte) == Reason::target_byte);
  }
  CHECK(target_refusal(std::string("/g\0", 3)) == Reason::target_byte);
  CHECK(target_refusal("/g\rh") == Reason::target_byte);
}
