#include "net/proxy_protocol.h"

#include "support/catch.h"

using namespace sluice;
using namespace sluice::net;

namespace {

using State = ProxyHeader::State;

ProxyAddresses addresses(const char* source, const char* destination) {
  return {*SocketAddress::parse(source), *SocketAddress::parse(destination)};
}

const std::string kSignature("\r\n\r\n\0\r\nQUIT\n", 12);

// Version 2: command, family and what follows the length.
std::string v2(int command, int family, const std::string& rest) {
  std::string header = kSignature;
  header += static_cast<char>(command);
  header += static_cast<char>(family);
  header += static_cast<char>(rest.size() >> 8);
  header += static_cast<char>(rest.size() & 0xff);
  return header + rest;
}

const std::string kV4("\x0a\x01\x02\x03\xc0\x00\x02\x01\x9c\x40\x01\xbb", 12);  // 10.1.2.3:40000 to 192.0.2.1:443

State state_of(const std::string& bytes) { return read_proxy_header(bytes).state; }

}  // namespace

TEST_CASE("what is written is read again, split at every byte, with data behind it") {
  const ProxyAddresses cases[] = {addresses("10.1.2.3:40000", "192.0.2.1:443"),
                                  addresses("[2001:db8::1]:1", "[::1]:65535"),
                                  addresses("10.1.2.3:40000", "[2001:db8::2]:443")};
  for (const ProxyAddresses& written : cases) {
    for (int version : {1, 2}) {
      const std::string header = write_proxy_header(version, written);
      for (std::size_t size = 0; size < header.size(); ++size) {
        CHECK(state_of(header.substr(0, size)) == State::need_more);
      }
      ProxyHeader read = read_proxy_header(header + "\x16\x03\x01");
      REQUIRE(read.state == State::done);
      CHECK(read.size == header.size());
      CHECK(read.addresses == written);
    }
  }
}

TEST_CASE("the known bytes of both versions") {
  CHECK(write_proxy_header(1, addresses("10.1.2.3:40000", "192.0.2.1:443")) ==
        "PROXY TCP4 10.1.2.3 192.0.2.1 40000 443\r\n");
  CHECK(write_proxy_header(2, addresses("10.1.2.3:40000", "192.0.2.1:443")) == v2(0x21, 0x11, kV4));
}

TEST_CASE("what does not begin like a header is none, from the first byte that differs") {
  for (const char* other : {"GET / HTTP/1.1\r\n", "POST / HTTP/1.1\r\n", "PROPFIND / HTTP/1.1\r\n", "\x16\x03\x01",
                            "\r\n\r\nGET / HTTP/1.1\r\n", "PROXX"}) {
    CHECK(state_of(other) == State::absent);
  }
}

TEST_CASE("a proxy that speaks for itself leaves the connection its own addresses") {
  for (const std::string& header : {std::string("PROXY UNKNOWN\r\n"), std::string("PROXY UNKNOWN a b c\r\n"),
                                    v2(0x20, 0, ""), v2(0x20, 0x11, kV4), v2(0x21, 0, "")}) {
    ProxyHeader read = read_proxy_header(header);
    CHECK(read.state == State::done);
    CHECK(read.size == header.size());
    CHECK_FALSE(read.addresses.has_value());
  }
}

TEST_CASE("a line of version 1 that is not exactly right is malformed") {
  for (const char* line :
       {"PROXY\x20\r\n", "PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n", "PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n", "PROXY TCP4 1.2.3.4 ::1 1 2\r\n",
        "PROXY TCP4 1.2.3 1.2.3.4 1 2\r\n", "PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n", "PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 -1 2\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n",
        "PROXY tcp4 1.2.3.4 1.2.3.4 1 2\r\n"}) {
    ProxyHeader read = read_proxy_header(line);
    CHECK(read.state == State::malformed);
    CHECK_FALSE(read.why.empty());
  }
  std::string endless = "PROXY TCP4 " + std::string(200, '1');
  CHECK(state_of(endless.substr(0, 106)) == State::need_more);
  CHECK(state_of(endless.substr(0, 107)) == State::malformed);
  CHECK(state_of(endless + "\r\n") == State::malformed);
}

TEST_CASE("version 2: commands, families, lengths and extensions are checked") {
  CHECK(state_of(v2(0x22, 0x11, kV4)) == State::malformed);
  CHECK(state_of(v2(0x11, 0x11, kV4)) == State::malformed);
  CHECK(state_of(v2(0x21, 0x12, kV4)) == State::malformed);  // UDP
  CHECK(state_of(v2(0x21, 0x41, kV4)) == State::malformed);
  CHECK(state_of(v2(0x21, 0x11, kV4.substr(1))) == State::malformed);
  CHECK(state_of(v2(0x21, 0x21, kV4)) == State::malformed);
  CHECK(state_of(v2(0x21, 0x31, std::string(216, 'x'))) == State::done);

  const std::string extension(
      "\x05\x00\x03"
      "abc",
      6);
  ProxyHeader read = read_proxy_header(v2(0x21, 0x11, kV4 + extension + extension));
  CHECK(read.state == State::done);
  CHECK(read.addresses == addresses("10.1.2.3:40000", "192.0.2.1:443"));
  CHECK(state_of(v2(0x21, 0x11, kV4 + extension.substr(0, 5))) == State::malformed);
  CHECK(state_of(v2(0x21, 0x11, kV4 + extension.substr(0, 2))) == State::malformed);

  std::string longest = v2(0x20, 0x11, std::string(ProxyHeader::kMostV2 - 16, '\0'));
  CHECK(state_of(longest) == State::done);
  CHECK(state_of(v2(0x20, 0x11, std::string(ProxyHeader::kMostV2 - 15, '\0')).substr(0, 16)) == State::malformed);
}
