// The names the proxy knows, found by a perfect hash: one table look-up and one comparison by words per name received.
#include <array>
#include <cstring>

#include "http/fields.h"

namespace sluice::http {

namespace {

// In the order of FieldId.
constexpr std::array<std::string_view, 46> kNames = {
    "",
    "Accept-Encoding",
    "Authorization",
    "Cache-Control",
    "Connection",
    "Content-Encoding",
    "Content-Length",
    "Content-Type",
    "Cookie",
    "Date",
    "Expect",
    "Forwarded",
    "Host",
    "HTTP2-Settings",
    "Keep-Alive",
    "Location",
    "Origin",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Proxy-Connection",
    "Range",
    "Retry-After",
    "Sec-WebSocket-Key",
    "Server",
    "Set-Cookie",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "User-Agent",
    "Vary",
    "Via",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Method",
    "X-Forwarded-Port",
    "X-Forwarded-Prefix",
    "X-Forwarded-Proto",
    "X-Forwarded-Scheme",
    "X-Forwarded-Server",
    "X-Forwarded-Tls-Client-Cert",
    "X-Forwarded-Tls-Client-Cert-Info",
    "X-Forwarded-Uri",
    "X-Real-Ip",
    "X-Scheme",
    "X-Traefik-Router",
};
static_assert(kNames.size() == static_cast<std::size_t>(FieldId::x_traefik_router) + 1);

constexpr std::size_t kShortest = 2;
constexpr std::size_t kLongest = 32;
constexpr std::size_t kSlots = 128;

// The factors were found by search; the static_assert below says that they still separate all names.
constexpr std::size_t slot_of(std::string_view name) {
  std::size_t size = name.size();
  std::size_t last = static_cast<unsigned char>(name[size - 1]) | 0x20;
  std::size_t second_last = static_cast<unsigned char>(name[size - 2]) | 0x20;
  return (size * 38 + last * 58 + second_last * 49) & (kSlots - 1);
}

constexpr std::array<FieldId, kSlots> make_slots() {
  std::array<FieldId, kSlots> slots{};
  for (std::size_t id = 1; id < kNames.size(); ++id) slots[slot_of(kNames[id])] = static_cast<FieldId>(id);
  return slots;
}
constexpr std::array<FieldId, kSlots> kSlotIds = make_slots();

constexpr bool every_name_has_its_slot() {
  for (std::size_t id = 1; id < kNames.size(); ++id) {
    if (kSlotIds[slot_of(kNames[id])] != static_cast<FieldId>(id)) return false;
    if (kNames[id].size() < kShortest || kNames[id].size() > kLongest) return false;
  }
  return true;
}
static_assert(every_name_has_its_slot());

template <class Word>
bool same_word(const char* a, const char* known) {
  Word x;
  Word y;
  std::memcpy(&x, a, sizeof x);
  std::memcpy(&y, known, sizeof y);
  // Case is bit 0x20, and only letters have bit 0x40: so the words may differ in 0x20 where `known` has a letter.
  constexpr Word kLetterBit = static_cast<Word>(0x4040404040404040u);
  return static_cast<Word>((x ^ y) & static_cast<Word>(~((y & kLetterBit) >> 1))) == 0;
}

// `known` is one of kNames and as long as `name`.
bool same_name(const char* name, const char* known, std::size_t size) {
  if (size >= 8) {
    for (std::size_t at = 0; at + 8 < size; at += 8) {
      if (!same_word<std::uint64_t>(name + at, known + at)) return false;
    }
    return same_word<std::uint64_t>(name + size - 8, known + size - 8);
  }
  if (size >= 4) {
    return same_word<std::uint32_t>(name, known) && same_word<std::uint32_t>(name + size - 4, known + size - 4);
  }
  return same_word<std::uint16_t>(name, known) && same_word<std::uint16_t>(name + size - 2, known + size - 2);
}

}  // namespace

std::string_view field_name(FieldId id) { return kNames[static_cast<std::size_t>(id)]; }

FieldId field_id(std::string_view name) {
  if (name.size() < kShortest || name.size() > kLongest) return FieldId::other;
  FieldId candidate = kSlotIds[slot_of(name)];
  std::string_view known = kNames[static_cast<std::size_t>(candidate)];
  if (known.size() != name.size() || !same_name(name.data(), known.data(), name.size())) return FieldId::other;
  return candidate;
}

FieldId field_id_of_alias(std::string_view name) {
  if (name.size() < kShortest || name.size() > kLongest) return FieldId::other;
  std::array<char, kLongest> dashed;
  for (std::size_t i = 0; i < name.size(); ++i) dashed[i] = name[i] == '_' ? '-' : name[i];
  return field_id(std::string_view(dashed.data(), name.size()));
}

}  // namespace sluice::http
