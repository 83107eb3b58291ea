#include "acme/dns/message.h"

#include "acme/dns/name.h"
#include "support/catch.h"

using namespace sluice;
using namespace sluice::acme::dns;

namespace {

// example.com. IN TXT? answered with a CNAME to t.example.com., its TXT, and an SOA; names compressed as servers do.
std::string compressed_reply() {
  std::string m("\x12\x34\x84\x00\0\1\0\2\0\1\0\0", 12);
  m += std::string("\7example\3com\0\0\x10\0\1", 17);                 // at 12
  m += std::string("\xc0\x0c\0\5\0\1\0\0\0\x3c\0\4\1t\xc0\x0c", 16);  // CNAME t.example.com. at 29
  m += std::string("\xc0\x29\0\x10\0\1\0\0\0\x3c\0\6\2ab\2cd", 18);   // TXT at 45
  std::string soa = std::string("\2ns\xc0\x0c\1h\xc0\x0c", 9) + std::string(20, '\2');
  m += std::string("\xc0\x0c\0\6\0\1\0\0\0\x3c\0", 11) + static_cast<char>(soa.size()) + soa;
  return m;
}

}  // namespace

TEST_CASE("a query has its question, asks for recursion where wished, and takes 1232 bytes") {
  Message query = make_query("example.com.", type::kTxt, true);
  query.id = 0x0102;
  CHECK(*encode(query) ==
        std::string("\1\2\1\0\0\1\0\0\0\0\0\1\7example\3com\0\0\x10\0\1\0\0\x29\4\xd0\0\0\0\0\0\0", 40));
  CHECK((*encode(make_query("a.", type::kA, false)))[2] == '\0');
}

TEST_CASE("a compressed reply is read, and its data no longer depends on the message") {
  Result<Message> reply = decode(compressed_reply());
  REQUIRE(reply.ok());
  CHECK(reply->is_response());
  CHECK(reply->is_authoritative());
  CHECK(cname_of(*reply, "example.com.") == "t.example.com.");
  CHECK(txt_values(*reply, "t.example.com.") == std::vector<std::string>{"abcd"});
  CHECK(txt_values(*reply, "example.com.").empty());
  REQUIRE(reply->authorities.size() == 1);
  CHECK(*target_of(reply->authorities[0]) == "ns.example.com.");
  // Uncompressed, it says the same.
  CHECK(*decode(*encode(*reply)) == *reply);
}

TEST_CASE("a message cut off at any byte, or with bytes behind it, is refused") {
  const std::string whole = compressed_reply();
  for (std::size_t size = 0; size < whole.size(); ++size) CHECK_FALSE(decode(whole.substr(0, size)).ok());
  CHECK_FALSE(decode(whole + "x").ok());
}

TEST_CASE("counts that promise more than there is are refused") {
  std::string lying = compressed_reply();
  lying[6] = '\xff';
  CHECK_FALSE(decode(lying).ok());
}

TEST_CASE("an update adds one value, or removes it alone (RFC 2136)") {
  Message add = make_txt_update("example.com.", "_acme-challenge.example.com.", "v", 120, TxtChange::add);
  CHECK(add.opcode() == 5);
  CHECK(add.questions == std::vector<Question>{{"example.com.", type::kSoa, dns_class::kIn}});
  CHECK(add.authorities ==
        std::vector<Record>{{"_acme-challenge.example.com.", type::kTxt, dns_class::kIn, 120, "\1v"}});
  Message remove = make_txt_update("example.com.", "_acme-challenge.example.com.", "v", 120, TxtChange::remove);
  CHECK(remove.authorities ==
        std::vector<Record>{{"_acme-challenge.example.com.", type::kTxt, dns_class::kNone, 0, "\1v"}});
  CHECK((*encode(add))[2] == '\x28');
}

TEST_CASE("a long text is cut into strings of 255 bytes and joined again") {
  for (std::size_t size : {0U, 1U, 255U, 256U, 700U}) {
    std::string value(size, 'x');
    Record record{"a.", type::kTxt, dns_class::kIn, 0, txt_data(value)};
    CHECK(*text_of(record) == value);
  }
  CHECK_FALSE(text_of(Record{"a.", type::kTxt, dns_class::kIn, 0, "\5ab"}).ok());
}

TEST_CASE("addresses have the size of their type") {
  CHECK(address_of(Record{"a.", type::kA, 1, 0, std::string("\x7f\0\0\1", 4)})->to_string() == "127.0.0.1");
  CHECK(address_of(Record{"a.", type::kAaaa, 1, 0, std::string(15, '\0') + "\1"})->to_string() == "::1");
  CHECK_FALSE(address_of(Record{"a.", type::kA, 1, 0, std::string(16, '\0')}).ok());
  CHECK_FALSE(address_of(Record{"a.", type::kTxt, 1, 0, std::string(4, '\0')}).ok());
}

TEST_CASE("codes have their names") {
  CHECK(rcode_name(0) == "NOERROR");
  CHECK(rcode_name(9) == "NOTAUTH");
  CHECK(rcode_name(14) == "RCODE14");
}

TEST_CASE("a message that would not fit is refused") {
  Message message;
  for (int i = 0; i < 300; ++i) message.answers.push_back({"a.", type::kTxt, 1, 0, std::string(250, 'x')});
  CHECK_FALSE(encode(message).ok());
  message.answers = {{"not a name..", type::kTxt, 1, 0, {}}};
  CHECK_FALSE(encode(message).ok());
}
