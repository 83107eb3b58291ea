// fields.h: the header or trailer fields of one message, in the order received.
//
// Names and values are views: into the exchange's arena, or static text. A `Fields` itself lives in an exchange and
// stores its entries in the exchange's arena. Well-known names carry an id, so that comparing them is comparing a byte.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "base/arena.h"

namespace sluice::http {

// One per field name the proxy itself reads, writes or removes. `field_name` gives the canonical spelling.
enum class FieldId : std::uint8_t {
  other,
  accept_encoding,
  authorization,
  cache_control,
  connection,
  content_encoding,
  content_length,
  content_type,
  cookie,
  date,
  expect,
  forwarded,
  host,
  http2_settings,
  keep_alive,
  location,
  origin,
  proxy_authenticate,
  proxy_authorization,
  proxy_connection,
  range,
  retry_after,
  sec_websocket_key,
  server,
  set_cookie,
  te,
  trailer,
  transfer_encoding,
  upgrade,
  user_agent,
  vary,
  via,
  x_forwarded_for,
  x_forwarded_host,
  x_forwarded_method,
  x_forwarded_port,
  x_forwarded_prefix,
  x_forwarded_proto,
  x_forwarded_scheme,
  x_forwarded_server,
  x_forwarded_tls_client_cert,
  x_forwarded_tls_client_cert_info,
  x_forwarded_uri,
  x_real_ip,
  x_scheme,
  x_traefik_router,
};

// Canonical spelling ("Content-Length"); empty for FieldId::other.
std::string_view field_name(FieldId id);
// The id of a name in any case; FieldId::other when the proxy has no interest in it.
FieldId field_id(std::string_view name);
// The id that `name` has for software which reads '_' as '-' (CGI, WSGI, PHP): what has to be watched for aliases.
// The same as field_id for a name without '_'.
FieldId field_id_of_alias(std::string_view name);

// Sets of ids are words.
constexpr std::uint64_t bit_of(FieldId id) { return std::uint64_t{1} << static_cast<unsigned>(id); }
static_assert(static_cast<unsigned>(FieldId::x_traefik_router) < 64);

struct Field {
  std::string_view name;
  std::string_view value;
  FieldId id = FieldId::other;
};

class Fields {
 public:
  explicit Fields(Arena& arena) : arena_(&arena) {}

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const Field* begin() const { return entries_; }
  const Field* end() const { return entries_ + size_; }
  // To change values in place; another name is for `set`.
  Field* begin() { return entries_; }
  Field* end() { return entries_ + size_; }

  // The first value of that name, or nothing.
  std::optional<std::string_view> get(FieldId id) const;
  std::optional<std::string_view> get(std::string_view name) const;
  bool has(FieldId id) const { return find(id) != nullptr; }
  // True when there may be a field whose id is in `ids` (bit_of): false costs nothing to know.
  bool may_have(std::uint64_t ids) const { return (ids_ & ids) != 0; }
  const Field* find(FieldId id) const;
  std::size_t count(FieldId id) const;

  // `name` and `value` must outlive the exchange: arena or static text.
  void add(std::string_view name, std::string_view value) { add(Field{name, value, field_id(name)}); }
  void add(FieldId id, std::string_view value) { add(Field{field_name(id), value, id}); }
  void add(const Field& field) {
    if (size_ == capacity_) reserve(std::max<std::size_t>(16, capacity_ * 2));
    ids_ |= bit_of(field.id);
    entries_[size_++] = field;
  }

  // Replaces all fields of that name by one, in place of the first.
  void set(FieldId id, std::string_view value);
  void set(std::string_view name, std::string_view value);

  // Removes every field of that name (case-insensitive); says how many.
  std::size_t remove(FieldId id);
  std::size_t remove(std::string_view name);
  // Removes every field for which `doomed(field)` is true.
  template <class Predicate>
  void remove_if(Predicate doomed) {
    std::size_t kept = 0;
    while (kept < size_ && !doomed(std::as_const(entries_[kept]))) ++kept;
    for (std::size_t i = kept + 1; i < size_; ++i) {
      if (!doomed(std::as_const(entries_[i]))) entries_[kept++] = entries_[i];
    }
    size_ = kept;
  }
  void clear() {
    size_ = 0;
    ids_ = 0;
  }
  // Room for `count` fields without growing again: what a parser knows ahead.
  void reserve(std::size_t count);

  Arena& arena() const { return *arena_; }

 private:
  Arena* arena_;
  std::uint64_t ids_ = 0;  // of the fields ever added, so a superset of those still here
  Field* entries_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

// True when the comma-separated list `value` (RFC 9110 §5.6.1) contains `token`, ignoring case.
bool list_contains(std::string_view value, std::string_view token);
// Calls `visit(element)` for every non-empty element of a comma-separated list, trimmed.
template <class Visit>
void for_each_in_list(std::string_view value, Visit visit) {
  while (!value.empty()) {
    std::size_t comma = value.find(',');
    std::string_view element = value.substr(0, comma);
    value = comma == std::string_view::npos ? std::string_view() : value.substr(comma + 1);
    while (!element.empty() && (element.front() == ' ' || element.front() == '\t')) element.remove_prefix(1);
    while (!element.empty() && (element.back() == ' ' || element.back() == '\t')) element.remove_suffix(1);
    if (!element.empty()) visit(element);
  }
}

}  // namespace sluice::http
