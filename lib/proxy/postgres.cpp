#include "proxy/postgres.h"

#include <algorithm>

namespace sluice::proxy {
namespace {

// Its length, and the code 1234 5679 where a protocol version would stand.
constexpr std::string_view kSslRequest("\0\0\0\x08\x04\xd2\x16\x2f", 8);

Error refusal(const Error& error) {
  Error refused = error;
  if (refused.code != Code::cancelled) refused.origin = Origin::upstream;
  refused.nothing_sent = true;
  return refused;
}

}  // namespace

bool may_be_postgres(std::string_view first) {
  std::size_t common = std::min(first.size(), kSslRequest.size());
  return first.substr(0, common) == kSslRequest.substr(0, common);
}

Task<Postgres> read_ssl_request(net::Stream& client, LentBytes& received, Deadline deadline) {
  while (received.bytes().size() < kSslRequest.size()) {
    if (!may_be_postgres(received.bytes())) co_return Postgres::something_else;
    received.keep();
    Result<net::Bytes> bytes = co_await client.read(deadline);
    if (!bytes || bytes->empty()) co_return Postgres::gone;
    received.append(*bytes);
  }
  if (!may_be_postgres(received.bytes())) co_return Postgres::something_else;
  // A client waits for the answer. What came with the question came in plaintext, perhaps from somebody else.
  if (received.bytes().size() > kSslRequest.size()) co_return Postgres::gone;
  received.clear();
  Status answered = co_await net::write_all(client, "S", deadline - Loop::current().now());
  if (!answered) co_return Postgres::gone;
  co_return Postgres::asks_for_tls;
}

Task<Status> ask_for_tls(net::Stream& server, Deadline deadline) {
  Duration left = deadline.is_never() ? Duration::max() : deadline - Loop::current().now();
  Status asked = co_await net::write_all(server, kSslRequest, left);
  if (!asked) co_return refusal(asked.error());
  Result<net::Bytes> answer = co_await server.read(deadline);
  if (!answer) co_return refusal(answer.error());
  if (*answer != "S") co_return refusal(Error::of(Code::unsupported, "the PostgreSQL server does not speak TLS"));
  co_return Status();
}

}  // namespace sluice::proxy
