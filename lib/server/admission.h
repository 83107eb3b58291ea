// admission.h: what every request goes through at an entry point, whichever version of HTTP it came by: the fields of
// untrusted clients, the routers that may answer it, and the answers to what is not served.
#pragma once

#include <cstdint>
#include <string_view>

#include "server/entry_point_settings.h"
#include "server/host.h"

namespace sluice::server {

// Makes the fields of a new request what middlewares and servers may believe.
void admit(http::Request& request, const EntryPointSettings& settings);

// The routers that may answer. Null: the request's host has other TLS options than the handshake was made with, so who
// passed one host's client authentication does not get into another's (RFC 9110 §15.5.20). `tls` is null for plaintext.
const HttpRoutes* routes_for(const EntryPointRoutes& here, const TlsPeer* tls, const http::Request& request);
inline constexpr std::string_view kMisdirected = "the TLS options of the host are not those of the connection";

// What the client itself is answered when it broke its own request; status 0 when there is nobody to answer.
struct ClientFault {
  std::uint16_t status = 0;
  std::string_view why;
};
ClientFault client_fault(const Error& error);

// The answer to what we do not serve; logged.
http::Response refusal(Arena& arena, const EntryPointSettings& settings, const http::Peer& peer, std::uint16_t status,
                       std::string_view why);

// The client was told a length or shown a beginning, and the rest did not come.
void log_cut_short(const http::Request& request, const Error& error);

// How long a client may take none of its response.
inline Duration write_stall(const EntryPointSettings& settings) {
  Duration limit = settings.write_timeout;
  return limit > 0s && limit < EntryPointSettings::kWriteStall ? limit : EntryPointSettings::kWriteStall;
}
// By when the next piece of content has to come, for a request that began at `began`.
Deadline content_deadline(const EntryPointSettings& settings, Time began);

}  // namespace sluice::server
