#include "acme/dns/name.h"

#include "support/catch.h"

using namespace sluice;
using namespace sluice::acme::dns;

TEST_CASE("a name is canonical in lower case and with its final dot") {
  CHECK(*canonical_name("Example.COM") == "example.com.");
  CHECK(*canonical_name("_acme-challenge.example.com.") == "_acme-challenge.example.com.");
  CHECK(*canonical_name(".") == ".");
  CHECK(*canonical_name("*.example.com") == "*.example.com.");
}

TEST_CASE("bytes that would be taken for something else are escaped, and come back") {
  CHECK(*canonical_name("a\\.b.example") == "a\\.b.example.");
  CHECK(*canonical_name("a\\046b.example") == "a\\.b.example.");
  CHECK(*canonical_name("\\065b.example") == "ab.example.");
  CHECK(*canonical_name("sp\\032ace") == "sp\\032ace.");
  CHECK(*wire_name("a\\.b.c") == std::string("\3a.b\1c\0", 7));
}

TEST_CASE("what is no name is refused") {
  std::string label(64, 'a');
  std::string long_name;
  for (int i = 0; i < 64; ++i) long_name += "abc.";
  for (const std::string& bad : {std::string(), std::string("a..b"), std::string(".a"), label, long_name,
                                 std::string("a\\"), std::string("a\\25"), std::string("a\\256"), std::string("..")}) {
    CAPTURE(bad);
    CHECK_FALSE(canonical_name(bad).ok());
  }
  CHECK(canonical_name(std::string(63, 'a')).ok());
}

TEST_CASE("compressed names are followed backwards only") {
  const std::string message("\3foo\3bar\0\1x\xc0\4\xc0\x09", 15);
  std::size_t at = 9;
  CHECK(*read_name(message, at) == "x.bar.");
  CHECK(at == 13);
  CHECK(*read_name(message, at) == "x.bar.");
  CHECK(at == 15);

  for (const std::string& bad :
       {std::string("\xc0\0", 2), std::string("\1a\xc0\0", 4), std::string("\1a\xc0\2", 4), std::string("\xc0", 1),
        std::string("\3ab", 3), std::string("\1a", 2), std::string("\x80\0", 2), std::string("\xc0\5\0\0\0", 5)}) {
    std::size_t start = 0;
    CHECK_FALSE(read_name(bad, start).ok());
  }
}

TEST_CASE("a name that pointers make too long is refused") {
  // Each piece adds 64 bytes and points to the one before.
  std::string message;
  std::string label = '\x3f' + std::string(63, 'a');
  message = label + std::string(1, '\0');
  std::size_t before = 0;
  for (int i = 0; i < 3; ++i) {
    std::size_t here = message.size();
    message += label;
    message += static_cast<char>(0xc0 | before >> 8);
    message += static_cast<char>(before & 0xff);
    before = here;
  }
  std::size_t at = before;
  CHECK_FALSE(read_name(message, at).ok());
}

TEST_CASE("parents and zones follow labels, not text") {
  CHECK(parent_name("www.example.com.") == "example.com.");
  CHECK(parent_name("a\\.b.example.") == "example.");
  CHECK(parent_name("com.") == ".");
  CHECK(parent_name(".") == ".");
  CHECK(is_within("www.example.com.", "example.com."));
  CHECK(is_within("example.com.", "example.com."));
  CHECK(is_within("example.com.", "."));
  CHECK_FALSE(is_within("badexample.com.", "example.com."));
  CHECK_FALSE(is_within("a\\.example.com.", "example.com."));
  CHECK_FALSE(is_within("com.", "example.com."));
  CHECK(without_dot("example.com.") == "example.com");
}
