#include "tls/client_hello.h"

#include <algorithm>

#include "base/ip.h"
#include "base/text.h"

namespace sluice::tls {
namespace {

constexpr unsigned char kHandshakeRecord = 22;  // RFC 8446 §5.1
constexpr unsigned char kClientHello = 1;       // RFC 8446 §4
constexpr std::size_t kRecordHeader = 5;
constexpr std::size_t kMessageHeader = 4;
constexpr std::size_t kMostFragment = 1 << 14;
constexpr unsigned kServerName = 0;  // RFC 6066 §3
constexpr unsigned kAlpn = 16;       // RFC 7301 §3.1
constexpr std::size_t kMostName = 253;

// Takes fields from the front. A field that is not there makes everything after it fail too.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }
  std::size_t number(std::size_t bytes) {
    std::size_t value = 0;
    for (char c : take(bytes)) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }
  std::string_view take(std::size_t size) {
    if (size > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    std::string_view field = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return field;
  }
  // A field after its own length, which takes so many bytes.
  std::string_view counted(std::size_t length_bytes) { return take(number(length_bytes)); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace

bool canonical_server_name(std::string_view name, std::string& canonical) {
  canonical.clear();
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty() || name.size() > kMostName) return false;
  if (IpAddress::parse(name)) return true;
  char before = '.';
  for (char c : name) {
    bool label = is_alpha(c) || is_digit(c) || c == '-' || c == '_';
    if (!label && (c != '.' || before == '.')) return false;
    before = c;
  }
  if (before == '.') return false;
  canonical = lowered(name);
  return true;
}

ClientHelloReader::State ClientHelloReader::refuse(std::string_view why) {
  why_ = why;
  return State::refused;
}

ClientHelloReader::State ClientHelloReader::read(std::string_view bytes) {
  for (;;) {
    std::string_view rest = bytes.substr(next_record_);
    if (rest.empty()) return State::need_more;
    if (static_cast<unsigned char>(rest[0]) != kHandshakeRecord) {
      return records_ == 0 ? State::not_tls : refuse("another record inside the ClientHello");
    }
    if (rest.size() > 1 && rest[1] != 3) return refuse("not a version of TLS");
    if (rest.size() < kRecordHeader) return State::need_more;
    Fields header(rest.substr(3, 2));
    std::size_t size = header.number(2);
    if (size == 0 || size > kMostFragment) return refuse("a record of a wrong size");
    if (records_ == kMostRecords) return refuse("the ClientHello is in too many records");
    if (next_record_ + kRecordHeader + size > kMostBytes) return refuse("the ClientHello is too long");
    if (rest.size() < kRecordHeader + size) return State::need_more;
    message_.append(rest.substr(kRecordHeader, size));
    next_record_ += kRecordHeader + size;
    ++records_;
    if (static_cast<unsigned char>(message_[0]) != kClientHello) return refuse("not a ClientHello");
    if (message_.size() < kMessageHeader) continue;
    Fields length(std::string_view(message_).substr(1, 3));
    std::size_t total = kMessageHeader + length.number(3);
    if (total > kMostBytes) return refuse("the ClientHello is too long");
    // Nothing may share a record with it: whatever follows is under other keys (RFC 8446 §5.1).
    if (message_.size() > total) return refuse("bytes behind the ClientHello");
    if (message_.size() == total) return parse_message();
  }
}

ClientHelloReader::State ClientHelloReader::parse_message() {
  Fields fields(std::string_view(message_).substr(kMessageHeader));
  fields.take(2 + 32);  // legacy_version, random
  std::string_view session = fields.counted(1);
  std::string_view suites = fields.counted(2);
  std::string_view compression = fields.counted(1);
  if (!fields.ok() || session.size() > 32 || suites.size() < 2 || suites.size() % 2 != 0 || compression.empty()) {
    return refuse("a malformed ClientHello");
  }
  if (fields.at_end()) return State::done;  // TLS 1.2 lets a client send no extensions at all (RFC 5246 §7.4.1.2)
  std::string_view extensions = fields.counted(2);
  if (!fields.ok() || !fields.at_end()) return refuse("a malformed ClientHello");
  if (!parse_extensions(extensions)) return refuse(why_.empty() ? "a malformed extension" : why_);
  return State::done;
}

bool ClientHelloReader::parse_extensions(std::string_view extensions) {
  bool name_seen = false;
  bool alpn_seen = false;
  Fields fields(extensions);
  while (!fields.at_end()) {
    std::size_t type = fields.number(2);
    std::string_view extension = fields.counted(2);
    if (!fields.ok()) return false;
    if (type != kServerName && type != kAlpn) continue;
    bool& seen = type == kServerName ? name_seen : alpn_seen;
    if (seen) return false;  // RFC 8446 §4.2: one of each type
    seen = true;
    bool good = type == kServerName ? parse_server_name(extension) : parse_alpn(extension);
    if (!good) return false;
  }
  return fields.ok();
}

bool ClientHelloReader::parse_server_name(std::string_view extension) {
  Fields outer(extension);
  Fields list(outer.counted(2));
  if (!outer.ok() || !outer.at_end() || list.at_end()) return false;
  bool seen = false;
  while (!list.at_end()) {
    std::size_t type = list.number(1);
    std::string_view name = list.counted(2);
    if (!list.ok()) return false;
    if (type != 0) continue;
    if (seen) return false;  // one name of each type
    seen = true;
    if (!canonical_server_name(name, sni_)) {
      why_ = "a server name that is no host name";
      return false;
    }
  }
  return true;
}

bool ClientHelloReader::parse_alpn(std::string_view extension) {
  Fields outer(extension);
  Fields list(outer.counted(2));
  if (!outer.ok() || !outer.at_end() || list.at_end()) return false;
  while (!list.at_end()) {
    std::string_view protocol = list.counted(1);
    if (!list.ok() || protocol.empty() || alpn_.size() == kMostProtocols) return false;
    alpn_.push_back(protocol);
  }
  return true;
}

}  // namespace sluice::tls
