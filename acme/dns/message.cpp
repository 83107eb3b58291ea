#include "acme/dns/message.h"

#include <array>

#include "acme/dns/name.h"
#include "base/encoding.h"

namespace sluice::acme::dns {
namespace {

constexpr std::size_t kHeader = 12;
constexpr std::size_t kLargest = 65535;
constexpr std::uint16_t kPayload = 1232;  // fits every path without fragments
constexpr std::uint16_t kRecursionDesired = 0x0100;

Error malformed(std::string_view why) { return Error::of(Code::invalid, why); }

void put16(std::string& out, std::uint16_t value) {
  out += static_cast<char>(value >> 8);
  out += static_cast<char>(value & 0xff);
}

void put32(std::string& out, std::uint32_t value) {
  put16(out, static_cast<std::uint16_t>(value >> 16));
  put16(out, static_cast<std::uint16_t>(value & 0xffff));
}

std::uint16_t get16(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(static_cast<std::uint8_t>(bytes[at]) << 8 |
                                    static_cast<std::uint8_t>(bytes[at + 1]));
}

std::uint32_t get32(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint32_t>(get16(bytes, at)) << 16 | get16(bytes, at + 2);
}

Status put_record(std::string& out, const Record& record) {
  Result<std::string> name = wire_name(record.name);
  if (!name) return name.error();
  if (record.data.size() > kLargest) return Error::of(Code::too_large, "a record of more than 65,535 bytes");
  out += *name;
  put16(out, record.type);
  put16(out, record.cls);
  put32(out, record.ttl);
  put16(out, static_cast<std::uint16_t>(record.data.size()));
  out += record.data;
  return {};
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  std::size_t at() const { return at_; }
  bool at_end() const { return at_ == bytes_.size(); }
  void skip(std::size_t count) { at_ += count; }

  Result<Question> question() {
    Result<std::string> name = read_name(bytes_, at_);
    if (!name) return name.error();
    if (bytes_.size() - at_ < 4) return malformed("a question that breaks off");
    Question question{std::move(*name), get16(bytes_, at_), get16(bytes_, at_ + 2)};
    at_ += 4;
    return question;
  }

  Result<Record> record() {
    Result<std::string> name = read_name(bytes_, at_);
    if (!name) return name.error();
    if (bytes_.size() - at_ < 10) return malformed("a record that breaks off");
    Record record{std::move(*name), get16(bytes_, at_), get16(bytes_, at_ + 2), get32(bytes_, at_ + 4), {}};
    std::size_t size = get16(bytes_, at_ + 8);
    at_ += 10;
    if (bytes_.size() - at_ < size) return malformed("a record that breaks off");
    Result<std::string> data = data_of(record.type, at_ + size);
    if (!data) return data.error();
    record.data = std::move(*data);
    return record;
  }

 private:
  // The data up to `end`, with its names uncompressed where the type may have compressed ones.
  Result<std::string> data_of(std::uint16_t type, std::size_t end) {
    std::string data;
    int names = type == type::kNs || type == type::kCname ? 1 : type == type::kSoa ? 2 : 0;
    bool is_empty = at_ == end;  // an update may name a record without its data
    for (int i = 0; i < names && !is_empty; ++i) {
      Result<std::string> name = read_name(bytes_, at_);
      if (!name) return name.error();
      if (at_ > end) return malformed("a name that goes beyond its record");
      Result<std::string> wire = wire_name(*name);
      if (!wire) return wire.error();
      data += *wire;
    }
    data += bytes_.substr(at_, end - at_);
    at_ = end;
    return data;
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
};

Status read_records(Reader& reader, unsigned count, std::vector<Record>& records) {
  for (unsigned i = 0; i < count; ++i) {
    Result<Record> record = reader.record();
    if (!record) return record.error();
    records.push_back(std::move(*record));
  }
  return {};
}

}  // namespace

std::string rcode_name(int rcode) {
  static constexpr std::array<std::string_view, 11> kNames = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN",
                                                              "NOTIMP",  "REFUSED", "YXDOMAIN", "YXRRSET",
                                                              "NXRRSET", "NOTAUTH", "NOTZONE"};
  auto index = static_cast<std::size_t>(rcode);
  return index < kNames.size() ? std::string(kNames[index]) : "RCODE" + std::to_string(rcode);
}

Message make_query(std::string name, std::uint16_t type, bool recursive) {
  Message query;
  query.id = static_cast<std::uint16_t>(random_u64());
  query.flags = recursive ? kRecursionDesired : 0;
  query.questions.push_back({std::move(name), type, dns_class::kIn});
  query.additionals.push_back({".", type::kOpt, kPayload, 0, {}});
  return query;
}

Message make_txt_update(std::string zone, std::string name, std::string_view value, std::uint32_t ttl,
                        TxtChange change) {
  Message update;
  update.id = static_cast<std::uint16_t>(random_u64());
  update.flags = kOpcodeUpdate << 11;
  update.questions.push_back({std::move(zone), type::kSoa, dns_class::kIn});
  bool add = change == TxtChange::add;
  update.authorities.push_back(
      {std::move(name), type::kTxt, add ? dns_class::kIn : dns_class::kNone, add ? ttl : 0, txt_data(value)});
  return update;
}

Result<std::string> encode(const Message& message) {
  std::string out;
  put16(out, message.id);
  put16(out, message.flags);
  for (std::size_t count :
       {message.questions.size(), message.answers.size(), message.authorities.size(), message.additionals.size()}) {
    if (count > kLargest) return Error::of(Code::too_large, "a message of too many records");
    put16(out, static_cast<std::uint16_t>(count));
  }
  for (const Question& question : message.questions) {
    Result<std::string> name = wire_name(question.name);
    if (!name) return name.error();
    out += *name;
    put16(out, question.type);
    put16(out, question.cls);
  }
  for (const std::vector<Record>* records : {&message.answers, &message.authorities, &message.additionals}) {
    for (const Record& record : *records) {
      Status put = put_record(out, record);
      if (!put) return put.error();
      if (out.size() > kLargest) return Error::of(Code::too_large, "a message of more than 65,535 bytes");
    }
  }
  return out;
}

Result<Message> decode(std::string_view bytes) {
  if (bytes.size() < kHeader || bytes.size() > kLargest) return malformed("no message has this size");
  Message message;
  message.id = get16(bytes, 0);
  message.flags = get16(bytes, 2);
  Reader reader(bytes);
  reader.skip(kHeader);
  unsigned questions = get16(bytes, 4);
  for (unsigned i = 0; i < questions; ++i) {
    Result<Question> question = reader.question();
    if (!question) return question.error();
    message.questions.push_back(std::move(*question));
  }
  std::size_t counts_at = 6;
  for (std::vector<Record>* records : {&message.answers, &message.authorities, &message.additionals}) {
    Status read = read_records(reader, get16(bytes, counts_at), *records);
    if (!read) return read.error();
    counts_at += 2;
  }
  if (!reader.at_end()) return malformed("bytes after the message");
  return message;
}

Result<std::size_t> last_record_at(std::string_view bytes) {
  if (bytes.size() < kHeader) return malformed("no message has this size");
  Reader reader(bytes);
  reader.skip(kHeader);
  for (unsigned left = get16(bytes, 4); left > 0; --left) {
    Result<Question> question = reader.question();
    if (!question) return question.error();
  }
  unsigned records = 0U + get16(bytes, 6) + get16(bytes, 8) + get16(bytes, 10);
  if (records == 0) return Error::of(Code::not_found, "a message without records");
  std::size_t last = 0;
  for (; records > 0; --records) {
    last = reader.at();
    Result<Record> record = reader.record();
    if (!record) return record.error();
  }
  return last;
}

Result<std::string> target_of(const Record& record) {
  if (record.type != type::kCname && record.type != type::kNs && record.type != type::kSoa) {
    return malformed("a record of a type that holds no name");
  }
  std::size_t at = 0;
  return read_name(record.data, at);
}

Result<std::string> text_of(const Record& record) {
  if (record.type != type::kTxt) return malformed("a record that is no TXT");
  std::string text;
  for (std::size_t at = 0; at < record.data.size();) {
    std::size_t size = static_cast<std::uint8_t>(record.data[at++]);
    if (record.data.size() - at < size) return malformed("a string that breaks off");
    text.append(record.data, at, size);
    at += size;
  }
  return text;
}

Result<IpAddress> address_of(const Record& record) {
  if (record.type == type::kA && record.data.size() == 4) return IpAddress::v4(get32(record.data, 0));
  if (record.type == type::kAaaa && record.data.size() == 16) {
    std::array<std::uint8_t, 16> bytes;
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(record.data[i]);
    return IpAddress::v6(bytes);
  }
  return malformed("a record that is no address");
}

std::string txt_data(std::string_view value) {
  std::string data;
  do {
    std::string_view piece = value.substr(0, 255);
    data += static_cast<char>(piece.size());
    data += piece;
    value.remove_prefix(piece.size());
  } while (!value.empty());
  return data;
}

std::string cname_of(const Message& reply, std::string_view name) {
  for (const Record& record : reply.answers) {
    if (record.type != type::kCname || record.name != name) continue;
    Result<std::string> target = target_of(record);
    if (target) return *target;
  }
  return {};
}

std::vector<std::string> txt_values(const Message& reply, std::string_view name) {
  std::vector<std::string> values;
  for (const Record& record : reply.answers) {
    if (record.type != type::kTxt || record.name != name) continue;
    Result<std::string> text = text_of(record);
    if (text) values.push_back(std::move(*text));
  }
  return values;
}

}  // namespace sluice::acme::dns
