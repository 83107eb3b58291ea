#include "acme/dns/tsig.h"

#include "acme/dns/message.h"
#include "acme/dns/name.h"
#include "support/catch.h"

using namespace sluice;
using namespace sluice::acme::dns;

namespace {

constexpr std::int64_t kNow = 1'700'000'000;

TsigKey key(std::string_view algorithm = "hmac-sha256") {
  return *TsigKey::make("Sluice-Key", algorithm, "c2VjcmV0IGJ5dGVzIG9mIGEga2V5");
}

// What a server answers that has the same key: RFC 8945 §5.3 puts the request's MAC before the message.
std::string signed_reply(const Message& query, const TsigKey& key, const std::string& request_mac, std::int64_t now) {
  Message reply;
  reply.id = query.id;
  reply.flags = 0xa800;
  reply.questions = query.questions;
  std::string bytes = *encode(reply);
  // `sign` knows requests only. A message that begins with the length and the MAC has the right digest, and what it
  // appends is then put behind the real message.
  std::string prefix;
  prefix += static_cast<char>(request_mac.size() >> 8);
  prefix += static_cast<char>(request_mac.size() & 0xff);
  prefix += request_mac;
  std::string together = prefix + bytes;
  std::size_t size = together.size();
  REQUIRE(sign(together, key, now).ok());
  std::string tail = together.substr(size);
  // The original id is the last six bytes' first two.
  tail[tail.size() - 6] = bytes[0];
  tail[tail.size() - 5] = bytes[1];
  bytes[11] = 1;
  return bytes + tail;
}

}  // namespace

TEST_CASE("a signed message has one more record, and the rest of it unchanged") {
  Message update = make_txt_update("example.com.", "_acme-challenge.example.com.", "v", 120, TxtChange::add);
  std::string bytes = *encode(update);
  const std::string before = bytes;
  std::string mac = *sign(bytes, key(), kNow);
  CHECK(mac.size() == 32);
  Result<Message> decoded = decode(bytes);
  REQUIRE(decoded.ok());
  REQUIRE(decoded->additionals.size() == 1);
  const Record& tsig = decoded->additionals[0];
  CHECK(tsig.type == type::kTsig);
  CHECK(tsig.cls == dns_class::kAny);
  CHECK(tsig.name == "sluice-key.");
  CHECK(tsig.data.find(mac) != std::string::npos);
  decoded->additionals.clear();
  CHECK(*encode(*decoded) == before);
  CHECK(*last_record_at(bytes) == before.size());
}

TEST_CASE("every algorithm signs with the length of its hash") {
  const std::pair<const char*, std::size_t> all[] = {{"hmac-md5.sig-alg.reg.int.", 16},
                                                     {"hmac-md5", 16},
                                                     {"hmac-sha1.", 20},
                                                     {"HMAC-SHA224", 28},
                                                     {"hmac-sha256.", 32},
                                                     {"hmac-sha384", 48},
                                                     {"hmac-sha512.", 64}};
  for (const auto& [algorithm, size] : all) {
    std::string bytes = *encode(make_query("a.", type::kA, false));
    CHECK(sign(bytes, key(algorithm), kNow)->size() == size);
  }
  CHECK(TsigKey::make("k", "hmac-crc32", "AAAA").error().code == Code::unsupported);
  CHECK_FALSE(TsigKey::make("k", "hmac-sha256", "not base64!").ok());
  CHECK_FALSE(TsigKey::make("k..", "hmac-sha256", "AAAA").ok());
  CHECK_FALSE(TsigKey::make("k", "hmac-sha256", "").ok());
}

TEST_CASE("the answer of a server with the same key is taken, one with a changed byte is not") {
  Message query = make_query("example.com.", type::kSoa, false);
  std::string request = *encode(query);
  std::string mac = *sign(request, key(), kNow);
  const std::string reply = signed_reply(query, key(), mac, kNow + 2);
  CHECK(verify(reply, key(), mac, kNow + 2).ok());
  for (std::size_t i = 2; i < reply.size(); ++i) {  // the id of the message is not signed, the original id is
    CAPTURE(i);
    std::string changed = reply;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    CHECK_FALSE(verify(changed, key(), mac, kNow + 2).ok());
  }
}

TEST_CASE("an answer of another key, to another request, of another time, or unsigned is refused") {
  Message query = make_query("example.com.", type::kSoa, false);
  std::string request = *encode(query);
  std::string mac = *sign(request, key(), kNow);
  const std::string reply = signed_reply(query, key(), mac, kNow);
  CHECK(verify(reply, key("hmac-sha512"), mac, kNow).error().code == Code::security);
  CHECK(verify(reply, *TsigKey::make("other", "hmac-sha256", "AAAA"), mac, kNow).error().code == Code::security);
  CHECK(verify(reply, key(), std::string(32, 'x'), kNow).error().code == Code::security);
  CHECK(verify(reply, key(), mac, kNow + 301).error().code == Code::security);
  CHECK(verify(reply, key(), mac, kNow - 301).error().code == Code::security);
  CHECK(verify(*encode(query), key(), mac, kNow).error().code == Code::security);
  CHECK_FALSE(verify("short", key(), mac, kNow).ok());
}

TEST_CASE("what the server says about the key is in the error") {
  for (const auto& [code, word] : {std::pair{16, "BADSIG"}, std::pair{17, "BADKEY"}, std::pair{18, "BADTIME"}}) {
    Message reply = make_query("a.", type::kSoa, false);
    reply.flags = 0x8009;
    std::string data =
        *wire_name("hmac-sha256.") + std::string("\0\0\0\0\0\0\1\x2c\0\0", 10) + std::string("\0\1\0", 3);
    data += static_cast<char>(code);
    data += std::string("\0\0", 2);
    reply.additionals = {{"sluice-key.", type::kTsig, dns_class::kAny, 0, data}};
    Status verified = verify(*encode(reply), key(), std::string(32, 'x'), kNow);
    REQUIRE_FALSE(verified.ok());
    CHECK(verified.error().text.find(word) != std::string_view::npos);
  }
}

TEST_CASE("a key file is what tsig-keygen writes") {
  Result<TsigKey> parsed = TsigKey::parse_file(
      "key \"sluice\" {\n\talgorithm hmac-sha512;\n\tsecret \"c2VjcmV0IGJ5dGVzIG9mIGEga2V5\";\n};\n");
  REQUIRE(parsed.ok());
  CHECK(parsed->name == "sluice.");
  CHECK(parsed->algorithm == "hmac-sha512.");
  CHECK(parsed->secret == "secret bytes of a key");
  CHECK(TsigKey::parse_file("key sluice. { secret AAAA; algorithm hmac-sha256; };").ok());
  CHECK_FALSE(TsigKey::parse_file("").ok());
  CHECK_FALSE(TsigKey::parse_file("key \"sluice\" { algorithm hmac-sha512; };").ok());
}
