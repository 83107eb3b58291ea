// What a name server answers: a message that is read can be written again and says the same; names are canonical; a
// signature nobody made is never taken.
#include "acme/dns/message.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "acme/dns/name.h"
#include "acme/dns/tsig.h"

using namespace sluice::acme::dns;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check_name(const std::string& name) {
  auto again = canonical_name(name);
  require(again.ok() && *again == name);
  auto wire = wire_name(name);
  require(wire.ok() && wire->size() <= 255);
  require(is_within(name, name) && is_within(name, parent_name(name)) && is_within(name, "."));
}

void check_record(const Record& record) {
  check_name(record.name);
  auto target = target_of(record);
  if (target.ok()) check_name(*target);
  auto text = text_of(record);
  require(!text.ok() || record.type == type::kTxt);
  auto address = address_of(record);
  require(!address.ok() || record.type == type::kA || record.type == type::kAaaa);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  auto message = decode(bytes);
  auto last = last_record_at(bytes);
  static const TsigKey kKey = *TsigKey::make("key", "hmac-sha256", "c2VjcmV0IGJ5dGVzIG9mIGEga2V5");
  require(!verify(bytes, kKey, std::string(32, 'm'), 1'700'000'000).ok());
  if (!message.ok()) return 0;
  bool has_records = !message->answers.empty() || !message->authorities.empty() || !message->additionals.empty();
  require(last.ok() == has_records);
  for (const Question& question : message->questions) {
    check_name(question.name);
    txt_values(*message, question.name);
    std::string cname = cname_of(*message, question.name);
    if (!cname.empty()) check_name(cname);
  }
  for (const auto* records : {&message->answers, &message->authorities, &message->additionals}) {
    for (const Record& record : *records) check_record(record);
  }
  auto encoded = encode(*message);
  if (!encoded.ok()) {
    require(encoded.error().code == sluice::Code::too_large);
    return 0;
  }
  auto again = decode(*encoded);
  require(again.ok() && *again == *message);
  return 0;
}
