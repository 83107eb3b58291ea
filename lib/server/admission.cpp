#include "server/admission.h"

#include "async/loop.h"
#include "http/forwarded.h"
#include "http/hop_by_hop.h"
#include "observe/log.h"

namespace sluice::server {

void admit(http::Request& request, const EntryPointSettings& settings) {
  if (settings.forwards) {
    http::remove_nominated(request.fields, settings.kept_connection_fields);
    bool trusted = settings.trust_everyone || settings.trusted.contains(request.peer.remote.ip);
    http::ForwardedOptions options{settings.server_name, settings.scheme_fields};
    http::set_forwarded(request, trusted, options);
  }
  request.append_forwarded_for = settings.append_forwarded_for;
}

const HttpRoutes* routes_for(const EntryPointRoutes& here, const TlsPeer* tls, const http::Request& request) {
  if (tls == nullptr) return &here;
  if (here.tls == nullptr) return nullptr;
  const HttpsHosts::Policy& policy = *here.tls->hosts.find(request.host).policy;
  return policy.options == tls->options && policy.context != nullptr ? &here.tls->http : nullptr;
}

ClientFault client_fault(const Error& error) {
  switch (error.code) {
    case Code::timed_out: return {408, error.text};
    case Code::invalid:
    case Code::closed: return {400, error.text};
    default: return {};
  }
}

http::Response refusal(Arena& arena, const EntryPointSettings& settings, const http::Peer& peer, std::uint16_t status,
                       std::string_view why) {
  log::debug("request refused", {{log::field::kEntryPoint, settings.name},
                                 {"client", peer.remote.to_string()},
                                 {"status", status},
                                 {log::field::kError, why}});
  http::Response response(arena);
  response.status = status;
  response.fields.add(http::FieldId::content_type, "text/plain; charset=utf-8");
  // RFC 9110 §15.5.6: what else could have been asked.
  if (status == 405) response.fields.add("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  response.body = std::make_unique<http::TextBody>(http::reason_phrase(status));
  return response;
}

void log_cut_short(const http::Request& request, const Error& error) {
  log::error("the response was cut short", {{log::field::kRouter, request.router},
                                            {log::field::kService, request.service},
                                            {log::field::kServer, request.server},
                                            {log::field::kError, error}});
}

Deadline content_deadline(const EntryPointSettings& settings, Time began) {
  if (settings.read_timeout && *settings.read_timeout > 0s) return began + *settings.read_timeout;
  return Loop::current().now() + EntryPointSettings::kContentStall;
}

}  // namespace sluice::server
