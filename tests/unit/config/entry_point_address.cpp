#include "config/entry_point_address.h"

#include "support/catch.h"

using namespace sluice::config;

TEST_CASE("entry point addresses have an optional host, a port, and an optional transport") {
  using Address = EntryPointAddress;
  CHECK(parse_entry_point_address(":80") == Address{"", 80, Transport::tcp});
  CHECK(parse_entry_point_address(":53/udp") == Address{"", 53, Transport::udp});
  CHECK(parse_entry_point_address(":53/UDP") == Address{"", 53, Transport::udp});
  CHECK(parse_entry_point_address("127.0.0.1:8080/tcp") == Address{"127.0.0.1", 8080, Transport::tcp});
  CHECK(parse_entry_point_address("[::1]:443") == Address{"::1", 443, Transport::tcp});
  CHECK(parse_entry_point_address("edge.example:443") == Address{"edge.example", 443, Transport::tcp});
  CHECK(parse_entry_point_address(":0") == Address{"", 0, Transport::tcp});
}

TEST_CASE("other texts are no entry point addresses") {
  for (const char* text : {"", ":", "80", "host", ":65536", ":-1", ":8o", ":80/", ":80/sctp", "::1:80", "[1.2.3.4]:80",
                           "[::1:80", "::1]:80", ": 80", ":80 ", "[]:80"}) {
    INFO(text);
    CHECK_FALSE(parse_entry_point_address(text));
  }
}
