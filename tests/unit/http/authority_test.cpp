#include <string>

#include "h1_support.h"
#include "http/authority.h"

using namespace sluice;
using namespace sluice::http;
using namespace sluice::http::h1;

namespace {

std::string canonical(std::string_view text) {
  Arena arena;
  std::optional<Authority> authority = parse_authority(text, arena);
  return authority ? std::string(authority->host) + " " + std::to_string(authority->port) : "refused";
}

std::string hosted(std::string_view host) { return "GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n"; }

}  // namespace

TEST_CASE("a host is compared in lower case, without port and without the dot at its end") {
  CHECK(canonical("Case.TEST") == "case.test 0");
  CHECK(canonical("case.test:8080") == "case.test 8080");
  CHECK(canonical("case.test.:80") == "case.test 80");
  CHECK(canonical("127.0.0.1:65535") == "127.0.0.1 65535");
  CHECK(canonical("my_case-1.test") == "my_case-1.test 0");
  CHECK(canonical("localhost") == "localhost 0");
  CHECK(canonical("[::1]:80") == "::1 80");
  CHECK(canonical("[2001:DB8:0:0:0:0:0:1]") == "2001:db8::1 0");
}

TEST_CASE("a host that is none is refused") {
  for (std::string text : {"",
                           ".",
                           "..",
                           "a..b",
                           ".a",
                           "a.test..",
                           "case.test/",
                           "case.test?x",
                           "case.test#x",
                           "user@case.test",
                           "case.test:",
                           "case.test:x",
                           "case.test:80x",
                           "case.test:-1",
                           "case.test:0",
                           "case.test:65536",
                           "case.test:000080",
                           "case.test:80:80",
                           "http://case.test",
                           "case.test\\x",
                           "[::1",
                           "::1]",
                           "::1",
                           "[]",
                           "[case.test]",
                           "[::g]",
                           "[1.2.3.4]",
                           "[::1%eth0]",
                           "[::1]x",
                           "[::1]:",
                           "[::1]80",
                           "a b",
                           "a,b",
                           "*.test",
                           "case;x",
                           "%41.test",
                           "caf\xc3\xa9.test",
                           "c\"ase",
                           "c<a>",
                           "c|t",
                           "c{}",
                           "a\x7f"}) {
    INFO(text);
    CHECK(canonical(text) == "refused");
  }
  CHECK(canonical(std::string_view("a\0b", 3)) == "refused");
}

TEST_CASE("a host may have 253 bytes") {
  std::string longest =
      std::string(63, 'a') + "." + std::string(63, 'b') + "." + std::string(63, 'c') + "." + std::string(61, 'd');
  REQUIRE(longest.size() == 253);
  CHECK(canonical(longest) != "refused");
  CHECK(canonical(longest + ".") != "refused");
  CHECK(canonical(longest + "e") == "refused");
}

TEST_CASE("an HTTP/1.1 request has exactly one valid Host") {
  CHECK(refusal("GET / HTTP/1.1\r\n\r\n") == Reason::host_missing);
  CHECK(refusal("GET / HTTP/1.1\r\nHost: case.test\r\nHost: case.test\r\n\r\n") == Reason::host_repeated);
  CHECK(refusal("GET / HTTP/1.1\r\nHost: case.test\r\nhOST: evil.test\r\n\r\n") == Reason::host_repeated);
  CHECK(refusal("GET / HTTP/1.0\r\nHost: case.test\r\nHost: evil.test\r\n\r\n") == Reason::host_repeated);
  CHECK(refusal(hosted("")) == Reason::host_invalid);
  CHECK(refusal(hosted(" ")) == Reason::host_invalid);
  CHECK(refusal(hosted("case.test, evil.test")) == Reason::host_invalid);
  CHECK(refusal(hosted("a@case.test")) == Reason::host_invalid);
}

TEST_CASE("an HTTP/1.0 request may have no Host, and then has an empty one") {
  auto read = read_request("GET / HTTP/1.0\r\n\r\n");
  CHECK(read->result.state == HeadResult::State::done);
  CHECK(read->request.host.empty());
  CHECK(read->request.authority.empty());
  CHECK(refusal("GET / HTTP/1.0\r\nHost:\r\n\r\n") == Reason::host_invalid);
}
