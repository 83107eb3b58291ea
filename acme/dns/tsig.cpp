#include "acme/dns/tsig.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

#include "acme/dns/message.h"
#include "acme/dns/name.h"
#include "base/encoding.h"
#include "base/text.h"

namespace sluice::acme::dns {
namespace {

constexpr std::uint16_t kFudge = 300;  // seconds clocks may differ

struct Algorithm {
  std::string_view name;
  const EVP_MD* (*digest)();
};

constexpr std::array<Algorithm, 6> kAlgorithms = {{{"hmac-md5.sig-alg.reg.int.", EVP_md5},
                                                   {"hmac-sha1.", EVP_sha1},
                                                   {"hmac-sha224.", EVP_sha224},
                                                   {"hmac-sha256.", EVP_sha256},
                                                   {"hmac-sha384.", EVP_sha384},
                                                   {"hmac-sha512.", EVP_sha512}}};

const Algorithm* find_algorithm(std::string_view name) {
  for (const Algorithm& algorithm : kAlgorithms) {
    if (algorithm.name == name) return &algorithm;
  }
  return nullptr;
}

void put(std::string& out, std::uint64_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i) & 0xff);
}

std::uint64_t get(std::string_view bytes, std::size_t at, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value = value << 8 | static_cast<std::uint8_t>(bytes[at + i]);
  return value;
}

std::string mac_of(const TsigKey& key, std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac;
  unsigned size = 0;
  const Algorithm* algorithm = find_algorithm(key.algorithm);
  SLUICE_CHECK(algorithm != nullptr);
  SLUICE_CHECK(HMAC(algorithm->digest(), key.secret.data(), static_cast<int>(key.secret.size()),
                    reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), mac.data(), &size) != nullptr);
  return std::string(reinterpret_cast<const char*>(mac.data()), size);
}

// RFC 8945 §4.3.3: what is signed beside the message.
std::string variables(const TsigKey& key, std::uint64_t time, std::uint16_t fudge, std::uint16_t error,
                      std::string_view other) {
  std::string out = *wire_name(key.name);
  put(out, dns_class::kAny, 2);
  put(out, 0, 4);
  out += *wire_name(key.algorithm);
  put(out, time, 6);
  put(out, fudge, 2);
  put(out, error, 2);
  put(out, other.size(), 2);
  out += other;
  return out;
}

void set_additional_count(std::string& message, int change) {
  auto count = static_cast<std::uint16_t>(get(message, 10, 2) + static_cast<std::uint64_t>(change));
  message[10] = static_cast<char>(count >> 8);
  message[11] = static_cast<char>(count & 0xff);
}

struct TsigData {
  std::string algorithm;
  std::uint64_t time = 0;
  std::uint16_t fudge = 0;
  std::string mac;
  std::uint16_t original_id = 0;
  std::uint16_t error = 0;
  std::string other;
};

Result<TsigData> parse_data(std::string_view data) {
  const Error bad = Error::of(Code::invalid, "a malformed TSIG");
  std::size_t at = 0;
  Result<std::string> algorithm = read_name(data, at);
  if (!algorithm || data.size() - at < 10) return bad;
  TsigData parsed;
  parsed.algorithm = std::move(*algorithm);
  parsed.time = get(data, at, 6);
  parsed.fudge = static_cast<std::uint16_t>(get(data, at + 6, 2));
  std::size_t mac = get(data, at + 8, 2);
  at += 10;
  if (data.size() - at < mac || data.size() - at - mac < 6) return bad;
  parsed.mac = data.substr(at, mac);
  at += mac;
  parsed.original_id = static_cast<std::uint16_t>(get(data, at, 2));
  parsed.error = static_cast<std::uint16_t>(get(data, at + 2, 2));
  std::size_t other = get(data, at + 4, 2);
  at += 6;
  if (data.size() - at != other) return bad;
  parsed.other = data.substr(at);
  return parsed;
}

Status refused(std::uint16_t error) {
  switch (error) {
    case 0: return {};
    case 16: return Error::of(Code::security, "the server says BADSIG: the TSIG secret is another one there");
    case 17: return Error::of(Code::security, "the server says BADKEY: it has no TSIG key of this name and algorithm");
    case 18: return Error::of(Code::security, "the server says BADTIME: its clock and ours differ by minutes");
    default: return Error::of(Code::security, "the server refused the TSIG");
  }
}

// The word after `keyword` in `text`, without quotes.
std::string_view word_after(std::string_view text, std::string_view keyword) {
  std::size_t at = text.find(keyword);
  if (at == std::string_view::npos) return {};
  text = trim(text.substr(at + keyword.size()));
  if (text.starts_with('"')) {
    text.remove_prefix(1);
    return text.substr(0, text.find('"'));
  }
  return text.substr(0, text.find_first_of(" \t\r\n;{"));
}

}  // namespace

Result<TsigKey> TsigKey::make(std::string_view name, std::string_view algorithm, std::string_view secret) {
  TsigKey key;
  Result<std::string> key_name = canonical_name(trim(name));
  if (!key_name) return key_name.error();
  key.name = std::move(*key_name);
  Result<std::string> algorithm_name = canonical_name(trim(algorithm));
  if (!algorithm_name) return algorithm_name.error();
  key.algorithm = *algorithm_name == "hmac-md5." ? std::string(kAlgorithms[0].name) : std::move(*algorithm_name);
  if (find_algorithm(key.algorithm) == nullptr) return Error::of(Code::unsupported, "an unknown TSIG algorithm");
  Result<std::string> bytes = base64_decode(trim(secret));
  if (!bytes || bytes->empty()) return Error::of(Code::invalid, "a TSIG secret that is not base64");
  key.secret = std::move(*bytes);
  return key;
}

Result<TsigKey> TsigKey::parse_file(std::string_view text) {
  std::size_t block = text.find("key");
  if (block == std::string_view::npos) return Error::of(Code::invalid, "no TSIG key in the file");
  text.remove_prefix(block);
  std::string_view name = word_after(text, "key");
  std::string_view algorithm = word_after(text, "algorithm");
  std::string_view secret = word_after(text, "secret");
  if (name.empty() || algorithm.empty() || secret.empty()) {
    return Error::of(Code::invalid, "no whole TSIG key (name, algorithm, secret) in the file");
  }
  return make(name, algorithm, secret);
}

Result<std::string> sign(std::string& message, const TsigKey& key, std::int64_t now) {
  SLUICE_CHECK(message.size() >= 12);
  auto time = static_cast<std::uint64_t>(now);
  std::string mac = mac_of(key, message + variables(key, time, kFudge, 0, {}));
  Record record{key.name, type::kTsig, dns_class::kAny, 0, *wire_name(key.algorithm)};
  put(record.data, time, 6);
  put(record.data, kFudge, 2);
  put(record.data, mac.size(), 2);
  record.data += mac;
  record.data += message.substr(0, 2);  // the original id
  put(record.data, 0, 2);
  put(record.data, 0, 2);
  message += *wire_name(record.name);
  put(message, record.type, 2);
  put(message, record.cls, 2);
  put(message, 0, 4);
  put(message, record.data.size(), 2);
  message += record.data;
  set_additional_count(message, 1);
  return mac;
}

Status verify(std::string_view reply, const TsigKey& key, std::string_view request_mac, std::int64_t now) {
  Result<Message> decoded = decode(reply);
  if (!decoded) return decoded.error();
  const std::vector<Record>& additionals = decoded->additionals;
  if (additionals.empty() || additionals.back().type != type::kTsig) {
    return Error::of(Code::security, "the server did not sign its answer");
  }
  Result<TsigData> tsig = parse_data(additionals.back().data);
  if (!tsig) return tsig.error();
  // An answer about a key or a signature that the server does not accept is not signed (RFC 8945 §5.3.2).
  if (tsig->mac.empty()) {
    Status why = refused(tsig->error);
    return why ? Error::of(Code::security, "the server did not sign its answer") : why.error();
  }
  if (additionals.back().cls != dns_class::kAny || additionals.back().ttl != 0) {
    return Error::of(Code::invalid, "a malformed TSIG");
  }
  if (additionals.back().name != key.name || tsig->algorithm != key.algorithm) {
    return Error::of(Code::security, "the answer is signed with another key");
  }
  Result<std::size_t> at = last_record_at(reply);
  if (!at) return at.error();
  std::string signed_bytes;
  put(signed_bytes, request_mac.size(), 2);
  signed_bytes += request_mac;
  std::string unsigned_reply(reply.substr(0, *at));
  unsigned_reply[0] = static_cast<char>(tsig->original_id >> 8);
  unsigned_reply[1] = static_cast<char>(tsig->original_id & 0xff);
  set_additional_count(unsigned_reply, -1);
  signed_bytes += unsigned_reply;
  signed_bytes += variables(key, tsig->time, tsig->fudge, tsig->error, tsig->other);
  std::string mac = mac_of(key, signed_bytes);
  if (mac.size() != tsig->mac.size() || CRYPTO_memcmp(mac.data(), tsig->mac.data(), mac.size()) != 0) {
    return Error::of(Code::security, "the signature of the answer is wrong");
  }
  Status why = refused(tsig->error);
  if (!why) return why;
  std::int64_t difference = now - static_cast<std::int64_t>(tsig->time);
  if (difference > tsig->fudge || difference < -static_cast<std::int64_t>(tsig->fudge)) {
    return Error::of(Code::security, "the answer was signed at another time");
  }
  return {};
}

}  // namespace sluice::acme::dns
