// postgres.h: the question for TLS with which PostgreSQL clients begin ("SSLRequest", PostgreSQL documentation, "SSL
// Session Encryption"): eight bytes, answered by one, and only then comes the TLS handshake.
#pragma once

#include "async/lent.h"
#include "net/stream.h"

namespace sluice::proxy {

// What begins with this may be the question.
bool may_be_postgres(std::string_view first);

// Reads on until it is clear whether it is the question, and answers yes if it is; the question is then gone from
// `received`, which holds nothing.
enum class Postgres : std::uint8_t {
  asks_for_tls,
  something_else,
  gone,  // the connection ended, stalled, or sent more before it was answered
};
Task<Postgres> read_ssl_request(net::Stream& client, LentBytes& received, Deadline deadline);

// Asks a server as a client would, before TLS is passed through to it. Error, of Origin::upstream: it does not want
// TLS.
Task<Status> ask_for_tls(net::Stream& server, Deadline deadline);

}  // namespace sluice::proxy
