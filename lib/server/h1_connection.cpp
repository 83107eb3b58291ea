#include "server/h1_connection.h"

#include "server/h1_exchange.h"

namespace sluice::server {
namespace {

// After a last response the client is read for a moment: closing at once with unread bytes would reset the connection,
// and the client might never see the response (RFC 9112 §9.6).
constexpr Duration kLinger = 2s;
constexpr std::size_t kLingerBytes = 64 * 1024;

}  // namespace

H1Connection::H1Connection(std::unique_ptr<net::Stream> stream, const http::Peer& peer,
                           const EntryPointSettings& settings, std::size_t index, Host& host, Connections& all)
    : ClientConnection(all),
      stream_(std::move(stream)),
      peer_(peer),
      settings_(settings),
      index_(index),
      host_(host),
      began_(Loop::current().now()) {
  // Once per connection instead of once per request; it fits into the string itself for most clients.
  remote_text_ = peer_.remote.ip.to_string();
  peer_.remote_text = remote_text_;
}

void H1Connection::secured(std::unique_ptr<const TlsPeer> tls) {
  tls_ = std::move(tls);
  peer_.tls = true;
  peer_.sni = tls_->sni;
  peer_.client_chain = tls_->client_chain;
}

Task<void> H1Connection::run() {
  for (;;) {
    if (received_.empty()) {
      if (all().draining() && requests_ > 0) co_return;
      set_idle(true);
      Duration longest = requests_ > 0 ? settings_.idle_timeout : settings_.head_timeout();
      Deadline deadline = longest > 0s ? Loop::current().now() + longest : kNoDeadline;
      Status ready = co_await stream_->wait_readable(deadline);
      set_idle(false);
      if (!ready || stream_->broken()) co_return;
    }
    Next next = co_await H1Exchange::run(*this);
    ++requests_;
    if (next == Next::keep_alive) continue;
    if (next == Next::linger) co_await linger();
    // The response waits for the end to leave with it, and closing alone would drop it if bytes have come just now.
    if (next == Next::close) stream_->shutdown();
    co_return;
  }
}

Task<void> H1Connection::linger() {
  stream_->shutdown();
  Deadline deadline = Loop::current().now() + kLinger;
  std::size_t read = 0;
  while (read < kLingerBytes) {
    Result<net::Bytes> bytes = co_await stream_->read(deadline);
    if (!bytes || bytes->empty()) co_return;
    read += bytes->size();
  }
}

void H1Connection::finish() {
  if (is_idle()) stream_->interrupt();
}

}  // namespace sluice::server
