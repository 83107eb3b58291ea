#include "tls/client_hello.h"

#include "support/catch.h"
#include "unit/tls/hello.h"

using namespace sluice;
using namespace sluice::tls;
using test::Hello;
using State = ClientHelloReader::State;

TEST_CASE("a hello gives its name and protocols") {
  ClientHelloReader reader;
  REQUIRE(reader.read(Hello().name("www.example.com").protocols({"h2", "http/1.1"}).records()) == State::done);
  CHECK(reader.sni() == "www.example.com");
  REQUIRE(reader.alpn().size() == 2);
  CHECK(reader.alpn()[0] == "h2");
  CHECK(reader.alpn()[1] == "http/1.1");
}

TEST_CASE("a hello in any number of pieces and records is the same hello") {
  Hello hello = Hello().name("a.example").protocols({"http/1.1"}).padding(300);
  for (std::size_t fragment : {1000UL, 100UL, 40UL}) {
    std::string bytes = hello.records(fragment);
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
      ClientHelloReader reader;
      State first = reader.read(std::string_view(bytes).substr(0, cut));
      CHECK(first == (cut == bytes.size() ? State::done : State::need_more));
      if (first == State::need_more) REQUIRE(reader.read(bytes) == State::done);
      CHECK(reader.sni() == "a.example");
      CHECK(reader.alpn().size() == 1);
    }
    ClientHelloReader bytewise;
    for (std::size_t end = 0; end < bytes.size(); ++end) {
      REQUIRE(bytewise.read(std::string_view(bytes).substr(0, end)) == State::need_more);
    }
    CHECK(bytewise.read(bytes) == State::done);
  }
}

TEST_CASE("bytes behind the records of a hello do not matter") {
  ClientHelloReader reader;
  CHECK(reader.read(Hello().name("a.example").records() + "\x17\x03\x03more") == State::done);
}

TEST_CASE("names are canonical") {
  auto sni = [](const std::string& name) {
    ClientHelloReader reader;
    State state = reader.read(Hello().name(name).records());
    return state == State::done ? std::string(reader.sni()) : std::string("refused");
  };
  CHECK(sni("WWW.Example.COM") == "www.example.com");
  CHECK(sni("www.example.com.") == "www.example.com");
  CHECK(sni("under_score.xn--bcher-kva.example") == "under_score.xn--bcher-kva.example");
  CHECK(sni("192.0.2.1").empty());
  CHECK(sni("2001:db8::1").empty());
  for (std::string bad :
       {std::string("a..b"), std::string(".a"), std::string("a b"), std::string("a\0b", 3), std::string("b\xc3\xbc.de"),
        std::string("*.a"), std::string("a/b"), std::string(), std::string("."), std::string(254, 'a')}) {
    INFO(bad);
    CHECK(sni(bad) == "refused");
  }
}

TEST_CASE("a hello without extensions or without a name has no name") {
  ClientHelloReader bare;
  CHECK(bare.read(Hello().bare().records()) == State::done);
  CHECK(bare.sni().empty());
  ClientHelloReader nameless;
  CHECK(nameless.read(Hello().protocols({"h2"}).records()) == State::done);
  CHECK(nameless.sni().empty());
}

TEST_CASE("what is not TLS is told by its first byte") {
  for (const char* text : {"G", "GET / HTTP/1.1\r\n", "\x80\x2e", "SSH-2.0", "\x15\x03\x01"}) {
    ClientHelloReader reader;
    CHECK(reader.read(text) == State::not_tls);
  }
  ClientHelloReader nothing;
  CHECK(nothing.read("") == State::need_more);
}

TEST_CASE("a broken hello is refused and never read as one without a name") {
  auto refused = [](const std::string& bytes) {
    ClientHelloReader reader;
    return reader.read(bytes) == State::refused && !reader.why().empty();
  };
  std::string good = Hello().name("a.example").records();
  CHECK(refused(std::string("\x16\x02\x00", 3)));
  CHECK(refused(std::string("\x16\x03\x01\x00\x00", 5)));          // an empty fragment
  CHECK(refused(std::string("\x16\x03\x01\x40\x01", 5)));          // one above 2^14
  CHECK(refused(std::string("\x16\x03\x01\x00\x01\x02", 6)));      // a ServerHello
  CHECK(refused(std::string("\x16\x03\x01\x00\x01\x01\x15", 7)));  // an alert in between
  CHECK(refused(Hello().name("a.example").name("b.example").records()));
  CHECK(refused(Hello().protocols({"a"}).protocols({"b"}).records()));
  CHECK(refused(Hello().protocols({""}).records()));
  CHECK(refused(Hello()
                    .extension(0, std::string("\x00\x05\x00\x00\x09"
                                              "ab",
                                              7))
                    .records()));
  CHECK(refused(Hello().extension(0, "").records()));
  CHECK(refused(Hello().name("a.example").trailing("x").records()));
  // Every byte of the lengths inside, one too large.
  for (std::size_t at : {6UL, 7UL, 43UL}) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] + 1);
    ClientHelloReader reader;
    CHECK(reader.read(bad) != State::done);
  }
}

TEST_CASE("the size of a hello and the number of its records are bounded") {
  ClientHelloReader long_one;
  CHECK(long_one.read(Hello().name("a.example").padding(50'000).records(16'000)) == State::done);
  ClientHelloReader too_long;
  CHECK(too_long.read(Hello().name("a.example").padding(65'490).records(16'000)) == State::refused);
  ClientHelloReader too_many;
  CHECK(too_many.read(Hello().name("a.example").padding(500).records(20)) == State::refused);
  // The length alone decides, before the bytes are there.
  ClientHelloReader announced;
  CHECK(announced.read(std::string("\x16\x03\x01\x00\x04\x01\x01\x00\x00", 9)) == State::refused);
}
