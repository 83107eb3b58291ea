// forwarded.h: X-Forwarded-* and X-Real-Ip. What an untrusted peer says about itself is removed at the entry point, in
// every spelling, before anybody can believe it; then our own facts are added. Pure.
#pragma once

#include <string_view>

#include "http/message.h"

namespace sluice::http {

struct ForwardedOptions {
  std::string_view server_name;  // X-Forwarded-Server: the machine's host name; must outlive the exchange
  bool scheme_fields = false;    // addXForwardedSchemeHeaders: X-Forwarded-Scheme and X-Scheme as well
};

// X-Forwarded-{For,Proto,Host,Port,Server,Uri,Method,Prefix,Scheme,Tls-Client-Cert,Tls-Client-Cert-Info}, X-Real-Ip,
// X-Scheme and Forwarded.
bool is_managed(FieldId id);

// At the entry point, before middlewares. `trusted`: the peer is in forwardedHeaders.trustedIPs, or `insecure` is on;
// its values are kept, except X-Forwarded-Server and aliases with '_'. Several X-Forwarded-For become one.
void set_forwarded(Request& request, bool trusted, const ForwardedOptions& options);

// Before the request is sent to a server: adds the peer to X-Forwarded-For, unless request.append_forwarded_for is off.
// The caller leaves it out for notAppendXForwardedFor.
void append_forwarded_for(Request& request);

}  // namespace sluice::http
