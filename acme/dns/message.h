// message.h: DNS messages (RFC 1035 §4), as much of them as asking for TXT records and changing them needs. Pure: bytes
// in, bytes out; whoever sends them is in exchange.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/result.h"

namespace sluice::acme::dns {

namespace type {
inline constexpr std::uint16_t kA = 1;
inline constexpr std::uint16_t kNs = 2;
inline constexpr std::uint16_t kCname = 5;
inline constexpr std::uint16_t kSoa = 6;
inline constexpr std::uint16_t kTxt = 16;
inline constexpr std::uint16_t kAaaa = 28;
inline constexpr std::uint16_t kOpt = 41;
inline constexpr std::uint16_t kTsig = 250;
inline constexpr std::uint16_t kCaa = 257;
}  // namespace type

namespace dns_class {
inline constexpr std::uint16_t kIn = 1;
inline constexpr std::uint16_t kNone = 254;  // RFC 2136 §2.5.4: delete this record
inline constexpr std::uint16_t kAny = 255;
}  // namespace dns_class

namespace rcode {
inline constexpr int kNoError = 0;
inline constexpr int kServFail = 2;
inline constexpr int kNxDomain = 3;
inline constexpr int kRefused = 5;
inline constexpr int kNotAuth = 9;
}  // namespace rcode

inline constexpr int kOpcodeUpdate = 5;

struct Question {
  std::string name;  // canonical
  std::uint16_t type = 0;
  std::uint16_t cls = dns_class::kIn;

  friend bool operator==(const Question&, const Question&) = default;
};

struct Record {
  std::string name;  // canonical
  std::uint16_t type = 0;
  std::uint16_t cls = dns_class::kIn;
  std::uint32_t ttl = 0;
  std::string data;  // names inside CNAME, NS and SOA are uncompressed

  friend bool operator==(const Record&, const Record&) = default;
};

struct Message {
  std::uint16_t id = 0;
  std::uint16_t flags = 0;
  std::vector<Question> questions;  // of an update: the zone
  std::vector<Record> answers;      // of an update: the prerequisites
  std::vector<Record> authorities;  // of an update: the changes
  std::vector<Record> additionals;

  bool is_response() const { return (flags & 0x8000) != 0; }
  bool is_truncated() const { return (flags & 0x0200) != 0; }
  bool is_authoritative() const { return (flags & 0x0400) != 0; }
  int opcode() const { return flags >> 11 & 15; }
  int rcode() const { return flags & 15; }

  friend bool operator==(const Message&, const Message&) = default;
};

// "NXDOMAIN", or "RCODE12" for one that has no name here.
std::string rcode_name(int rcode);

// A question as a resolver or a name server gets it, with EDNS (RFC 6891) and a payload that is not fragmented.
Message make_query(std::string name, std::uint16_t type, bool recursive);

// A change of one TXT record (RFC 2136): added beside others of that name, or removed alone.
enum class TxtChange { add, remove };
Message make_txt_update(std::string zone, std::string name, std::string_view value, std::uint32_t ttl,
                        TxtChange change);

// Error: invalid (a name that is none), too_large (over 65,535 bytes).
Result<std::string> encode(const Message& message);

// The whole of `bytes` must be one message. Error: invalid.
Result<Message> decode(std::string_view bytes);

// Where the last record of a message begins, which is where a TSIG stands. Error: invalid; not_found without records.
Result<std::size_t> last_record_at(std::string_view bytes);

// What a record says; Error: invalid when it is of another type or malformed.
Result<std::string> target_of(const Record& record);  // CNAME, NS: the name; SOA: the primary server
Result<std::string> text_of(const Record& record);    // TXT: its strings, joined
Result<IpAddress> address_of(const Record& record);   // A, AAAA
std::string txt_data(std::string_view value);         // the data of a TXT record, in strings of at most 255 bytes

// The target of the CNAME for `name` among the answers; empty when there is none.
std::string cname_of(const Message& reply, std::string_view name);
// The TXT values for `name` among the answers.
std::vector<std::string> txt_values(const Message& reply, std::string_view name);

}  // namespace sluice::acme::dns
