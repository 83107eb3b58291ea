#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string>
#include <thread>

#include "base/arena.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/ip.h"
#include "base/list.h"
#include "base/text.h"
#include "base/time.h"
#include "support/catch.h"

using namespace sluice;

TEST_CASE("durations are Go's, and a bare number is seconds") {
  CHECK(*parse_duration("90") == 90s);
  CHECK(*parse_duration("1m30s") == 90s);
  CHECK(*parse_duration("500ms") == 500ms);
  CHECK(*parse_duration("1.5h") == 90min);
  CHECK(*parse_duration("-2s") == -2s);
  CHECK(*parse_duration("0") == 0s);
  for (const char* bad : {"", "-", "s", "1x", "1.s.", "10 s", "1m30", "9999999999999999999s", "."}) {
    CHECK_FALSE(parse_duration(bad).ok());
  }
}

TEST_CASE("durations print as Go prints them") {
  CHECK(format_duration(0s) == "0s");
  CHECK(format_duration(90s) == "1m30s");
  CHECK(format_duration(1500ms) == "1.5s");
  CHECK(format_duration(2h) == "2h0m0s");
  CHECK(format_duration(250us) == "250\xc2\xb5s");
  CHECK(format_duration(-1s) == "-1s");
  for (Duration d : {1ns, Duration(1234567891), Duration(3600s)}) CHECK(*parse_duration(format_duration(d)) == d);
}

TEST_CASE("an IPv4-mapped address is the IPv4 address") {
  CHECK(*IpAddress::parse("::ffff:10.1.2.3") == *IpAddress::parse("10.1.2.3"));
  CHECK(IpAddress::parse("::ffff:10.1.2.3")->is_v4());
  CHECK(IpAddress::parse("fe80::1%eth0")->to_string() == "fe80::1");
  for (const char* bad : {"", "1.2.3", "1.2.3.4.5", "::g", "1.2.3.4 ", "256.1.1.1"})
    CHECK_FALSE(IpAddress::parse(bad).ok());
}

TEST_CASE("networks contain what their prefix covers") {
  CHECK(Cidr::parse("10.0.0.0/8")->contains(*IpAddress::parse("10.255.0.1")));
  CHECK_FALSE(Cidr::parse("10.0.0.0/8")->contains(*IpAddress::parse("11.0.0.1")));
  CHECK(Cidr::parse("10.0.0.0/8")->contains(*IpAddress::parse("::ffff:10.0.0.1")));
  CHECK(Cidr::parse("192.168.1.129/25")->contains(*IpAddress::parse("192.168.1.200")));
  CHECK_FALSE(Cidr::parse("192.168.1.129/25")->contains(*IpAddress::parse("192.168.1.1")));
  CHECK(Cidr::parse("2001:db8::/33")->contains(*IpAddress::parse("2001:db8:7fff::")));
  CHECK_FALSE(Cidr::parse("2001:db8::/33")->contains(*IpAddress::parse("2001:db8:8000::")));
  CHECK(Cidr::parse("0.0.0.0/0")->contains(*IpAddress::parse("8.8.8.8")));
  CHECK_FALSE(Cidr::parse("0.0.0.0/0")->contains(*IpAddress::parse("::1")));
  CHECK(Cidr::parse("10.1.2.3/8")->to_string() == "10.0.0.0/8");
  for (const char* bad : {"10.0.0.0/33", "10.0.0.0/", "/8", "::/129", "10.0.0.0/-1"})
    CHECK_FALSE(Cidr::parse(bad).ok());
}

TEST_CASE("socket addresses need brackets around IPv6") {
  CHECK(SocketAddress::parse("[::1]:80")->to_string() == "[::1]:80");
  CHECK(SocketAddress::parse("127.0.0.1:65535")->port == 65535);
  for (const char* bad : {"::1:80", "[127.0.0.1]:80", "127.0.0.1:65536", "127.0.0.1", ":80"}) {
    CHECK_FALSE(SocketAddress::parse(bad).ok());
  }
}

TEST_CASE("base64 is strict both ways") {
  CHECK(base64_encode("any carnal pleas") == "YW55IGNhcm5hbCBwbGVhcw==");
  CHECK(*base64_decode("YW55IGNhcm5hbCBwbGVhcw==") == "any carnal pleas");
  CHECK(base64_encode("\xff\xfe", Base64::url) == "__4");
  CHECK(*base64_decode("__4", Base64::url) == "\xff\xfe");
  for (const char* bad : {"YQ", "YQ=", "YQ===", "Y?==", "YR=="}) CHECK_FALSE(base64_decode(bad).ok());
}

TEST_CASE("edit distance counts edits without regard to case") {
  CHECK(edit_distance("entryPoints", "entrypoint") == 1);
  CHECK(edit_distance("rule", "rlue") == 1);
  CHECK(edit_distance("", "abc") == 3);
}

TEST_CASE("text of strangers is printable in a log line") {
  CHECK(printable("a\r\nb\x1b[0m") == "a\\x0d\\x0ab\\x1b[0m");
  CHECK(printable("gr\xc3\xbc\xc3\x9f \xff") == "gr\xc3\xbc\xc3\x9f \\xff");
  CHECK(printable("abcdef", 3) == "abc…");
}

TEST_CASE("lists of options are split at commas and trimmed") {
  CHECK(split_list(" a, b ,,c ") == std::vector<std::string>{"a", "b", "c"});
  CHECK(split_list("").empty());
  CHECK(split("a,,b", ',').size() == 3);
}

TEST_CASE("an arena keeps what it holds in place while it grows") {
  Arena arena;
  std::vector<std::string_view> kept;
  for (int i = 0; i < 2000; ++i) kept.push_back(arena.copy(std::to_string(i)));
  std::string big(100'000, 'x');
  std::string_view big_copy = arena.copy(big);
  for (int i = 0; i < 2000; ++i) CHECK(kept[static_cast<std::size_t>(i)] == std::to_string(i));
  CHECK(big_copy == big);
  CHECK(reinterpret_cast<std::uintptr_t>(arena.allocate(8, 16)) % 16 == 0);
  arena.reset();
  CHECK(arena.bytes_reserved() == 0);
}

TEST_CASE("HTTP dates have their fixed form") { CHECK(http_date(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT"); }

TEST_CASE("an item that is in a list already is moved") {
  struct Item : ListNode<> {};
  Item a;
  Item b;
  List<Item> list;
  list.push_back(a);
  list.push_back(b);
  list.push_back(b);
  list.push_front(a);
  CHECK(list.front() == &a);
  CHECK(list.next(&a) == &b);
  CHECK(list.next(&b) == nullptr);
  list.push_back(a);
  CHECK(list.front() == &b);
  CHECK(list.back() == &a);
  List<Item> other;
  other.push_back(a);
  CHECK(list.back() == &b);
}

TEST_CASE("a descriptor is read to its end, and not past what is allowed") {
  for (std::size_t size : {0, 1, 16 * 1024, 50'000}) {
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    std::signal(SIGPIPE, SIG_IGN);
    const std::string written(size, 'k');
    std::thread writer([&] {
      for (std::size_t done = 0; done < size;) {
        const ssize_t got = ::write(ends[1], written.data() + done, std::min<std::size_t>(size - done, 7'000));
        if (got <= 0) break;
        done += static_cast<std::size_t>(got);
      }
      ::close(ends[1]);
    });
    Result<std::string> read = read_to_end(ends[0], 40'000);
    ::close(ends[0]);
    writer.join();
    if (size <= 40'000) {
      REQUIRE(read.ok());
      CHECK(*read == written);
    } else {
      REQUIRE_FALSE(read.ok());
      CHECK(read.error().code == Code::too_large);
    }
  }
  CHECK(read_to_end(-1, 10).error().sys == EBADF);
}
