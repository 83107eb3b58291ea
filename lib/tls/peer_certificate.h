// peer_certificate.h: what the other side of a session has shown. For this room.
#pragma once

#include <string>
#include <vector>

#include "tls/client_context.h"

struct ssl_st;

namespace sluice::tls {

// Whether the peer's certificate has one of these names, in full; DNS names in any case.
bool peer_has_name(ssl_st* session, const std::vector<ClientPolicy::PeerName>& wanted);

// In DER, the peer's own certificate first; empty when it showed none.
std::vector<std::string> peer_chain_of(ssl_st* session);

}  // namespace sluice::tls
