#include "http/hop_by_hop.h"

#include <algorithm>

#include "base/text.h"
#include "http/forwarded.h"

namespace sluice::http {

namespace {

constexpr std::uint64_t kHopByHop =
    bit_of(FieldId::connection) | bit_of(FieldId::http2_settings) | bit_of(FieldId::keep_alive) |
    bit_of(FieldId::proxy_authenticate) | bit_of(FieldId::proxy_authorization) | bit_of(FieldId::proxy_connection) |
    bit_of(FieldId::te) | bit_of(FieldId::trailer) | bit_of(FieldId::transfer_encoding) | bit_of(FieldId::upgrade);

bool is_hop_by_hop(FieldId id) { return (kHopByHop & bit_of(id)) != 0; }

// Fields whose removal would change what the message is or whom it comes from; a nomination of one is ignored. Those
// that are hop-by-hop anyway are here too: they have rules of their own.
bool is_protected(std::string_view name) {
  FieldId id = field_id(name);
  if (id == FieldId::other) id = field_id_of_alias(name);
  if (is_hop_by_hop(id) || is_managed(id)) return true;
  switch (id) {
    case FieldId::host:
    case FieldId::authorization:
    case FieldId::cookie:
    case FieldId::cache_control:
    case FieldId::expect: return true;
    default: return istarts_with(name, "content-") || istarts_with(name, "sec-websocket-");
  }
}

// Calls `visit` for every name that the Connection fields nominate and that may be removed.
template <class Visit>
void for_each_nominated(const Fields& fields, Visit visit) {
  for (const Field& field : fields) {
    if (field.id != FieldId::connection) continue;
    for_each_in_list(field.value, [&](std::string_view option) {
      if (!is_protected(option) && !iequals(option, "close")) visit(option);
    });
  }
}

template <class Keep>
void remove_nominated_unless(Fields& fields, Keep keep) {
  if (!fields.may_have(bit_of(FieldId::connection))) return;
  std::size_t count = 0;
  for_each_nominated(fields, [&](std::string_view) { ++count; });
  if (count == 0) return;
  auto* names = fields.arena().array<std::string_view>(count);
  count = 0;
  for_each_nominated(fields, [&](std::string_view name) { names[count++] = name; });
  for (std::size_t i = 0; i < count; ++i) {
    if (!keep(names[i])) fields.remove(names[i]);
  }
}

}  // namespace

void remove_nominated(Fields& fields, std::span<const std::string> kept) {
  remove_nominated_unless(fields, [&](std::string_view option) {
    return std::any_of(kept.begin(), kept.end(), [&](const std::string& name) { return iequals(name, option); });
  });
}

void remove_hop_by_hop_of_request(Fields& fields) {
  constexpr std::uint64_t kDoomed = kHopByHop | bit_of(FieldId::expect);
  if (!fields.may_have(kDoomed)) return;
  remove_nominated_unless(fields, [](std::string_view) { return false; });
  bool trailers = false;
  fields.remove_if([&](const Field& field) {
    if (field.id == FieldId::te) trailers = trailers || list_contains(field.value, "trailers");
    return (kDoomed & bit_of(field.id)) != 0;
  });
  if (trailers) fields.add(FieldId::te, "trailers");
}

void remove_hop_by_hop_of_response(Fields& fields) {
  if (!fields.may_have(kHopByHop)) return;
  remove_nominated_unless(fields, [](std::string_view) { return false; });
  fields.remove_if([](const Field& field) { return is_hop_by_hop(field.id); });
}

}  // namespace sluice::http
