#include "http/forwarded.h"

#include "base/text.h"
#include "http/authority.h"

namespace sluice::http {

namespace {

bool is_managed_alias(std::string_view name) {
  // All managed names begin with X, except Forwarded, which has no dash that could be an underscore.
  return name.size() > 2 && to_lower(name[0]) == 'x' && name.find('_') != std::string_view::npos &&
         is_managed(field_id_of_alias(name));
}

std::string_view remote_text(const Request& request) {
  if (!request.peer.remote_text.empty()) return request.peer.remote_text;
  return request.arena.copy(request.peer.remote.ip.to_string());
}

std::string_view scheme_of(const Request& request) {
  bool websocket = iequals(request.upgrade, "websocket");
  if (request.peer.tls) return websocket ? "wss" : "https";
  return websocket ? "ws" : "http";
}

// The port the client believes to talk to: the one in Host, else the scheme's.
std::string_view port_of(const Request& request, std::string_view scheme) {
  std::string_view authority = request.authority;
  std::size_t colon = authority.rfind(':');
  if (colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos) {
    return authority.substr(colon + 1);
  }
  bool secure = request.peer.tls || iequals(scheme, "https") || iequals(scheme, "wss");
  return secure ? "443" : "80";
}

constexpr std::uint64_t kManaged =
    bit_of(FieldId::forwarded) | bit_of(FieldId::x_forwarded_for) | bit_of(FieldId::x_forwarded_host) |
    bit_of(FieldId::x_forwarded_method) | bit_of(FieldId::x_forwarded_port) | bit_of(FieldId::x_forwarded_prefix) |
    bit_of(FieldId::x_forwarded_proto) | bit_of(FieldId::x_forwarded_scheme) | bit_of(FieldId::x_forwarded_server) |
    bit_of(FieldId::x_forwarded_tls_client_cert) | bit_of(FieldId::x_forwarded_tls_client_cert_info) |
    bit_of(FieldId::x_forwarded_uri) | bit_of(FieldId::x_real_ip) | bit_of(FieldId::x_scheme);

// One field with all values of that name, in order (RFC 9110 §5.3).
void join_values(Fields& fields, FieldId id) {
  std::size_t count = fields.count(id);
  if (count < 2) return;
  auto* pieces = fields.arena().array<std::string_view>(2 * count);
  std::size_t size = 0;
  for (const Field& field : fields) {
    if (field.id != id) continue;
    if (size != 0) pieces[size++] = ", ";
    pieces[size++] = field.value;
  }
  fields.set(id, fields.arena().join({pieces, size}));
}

}  // namespace

bool is_managed(FieldId id) { return (kManaged & bit_of(id)) != 0; }

void set_forwarded(Request& request, bool trusted, const ForwardedOptions& options) {
  Fields& fields = request.fields;
  std::uint64_t seen = 0;
  fields.remove_if([&](const Field& field) {
    if (field.id == FieldId::other) return is_managed_alias(field.name);
    if (!is_managed(field.id)) return false;
    if (!trusted || field.id == FieldId::x_forwarded_server) return true;
    seen |= bit_of(field.id);
    return false;
  });
  if ((seen & bit_of(FieldId::x_forwarded_for)) != 0) join_values(fields, FieldId::x_forwarded_for);
  auto add_if_absent = [&](FieldId id, std::string_view value) {
    if ((seen & bit_of(id)) == 0) fields.add(id, value);
  };
  std::string_view proto = scheme_of(request);
  if ((seen & bit_of(FieldId::x_forwarded_proto)) != 0) proto = *fields.get(FieldId::x_forwarded_proto);
  if ((seen & bit_of(FieldId::x_real_ip)) == 0) fields.add(FieldId::x_real_ip, remote_text(request));
  add_if_absent(FieldId::x_forwarded_proto, proto);
  add_if_absent(FieldId::x_forwarded_port, port_of(request, proto));
  if (!request.authority.empty()) add_if_absent(FieldId::x_forwarded_host, request.authority);
  if (!options.server_name.empty()) fields.add(FieldId::x_forwarded_server, options.server_name);
  if (options.scheme_fields) {
    fields.set(FieldId::x_forwarded_scheme, proto);
    fields.set(FieldId::x_scheme, proto);
  }
}

void append_forwarded_for(Request& request) {
  if (!request.append_forwarded_for) return;
  std::string_view peer = remote_text(request);
  Field* chain = const_cast<Field*>(request.fields.find(FieldId::x_forwarded_for));
  if (chain == nullptr) {
    request.fields.add(FieldId::x_forwarded_for, peer);
  } else if (chain->value.empty()) {
    chain->value = peer;
  } else {
    std::string_view pieces[] = {chain->value, ", ", peer};
    chain->value = request.arena.join(pieces);
  }
}

}  // namespace sluice::http
