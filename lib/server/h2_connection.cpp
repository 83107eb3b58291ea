#include "server/h2_connection.h"

#include <array>
#include <atomic>

#include "observe/log.h"
#include "observe/rate_limited.h"
#include "server/admission.h"
#include "server/h2_exchange.h"

namespace sluice::server {
namespace {

using http::h2::Abuse;

// Requests of one read that begin before others of the loop have their turn.
constexpr int kStartsPerTurn = 32;
// After so many a connection is exchanged for a new one, so that clients spread again.
constexpr std::uint64_t kMostRequests = 10'000;
// After the last frame the client has so long to read it and to close.
constexpr Duration kLinger = 2s;

std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(Abuse::count)> abuses;

http::h2::Settings session_settings(const EntryPointSettings& from) {
  http::h2::Settings settings;
  settings.max_concurrent_streams = from.max_concurrent_streams;
  settings.decoder_table = from.decoder_table;
  settings.encoder_table = from.encoder_table;
  settings.heads = from.limits;
  return settings;
}

}  // namespace

H2Connection::H2Connection(std::unique_ptr<net::Stream> stream, const http::Peer& peer,
                           const EntryPointSettings& settings, std::size_t index, Host& host, Connections& all)
    : ClientConnection(all),
      peer_(peer),
      settings_(settings),
      index_(index),
      host_(host),
      link_(std::move(stream), http::h2::Session::Role::server, session_settings(settings), *this,
            write_stall(settings)),
      began_(Loop::current().now()),
      idle_since_(began_),
      head_since_(began_) {
  remote_text_ = peer_.remote.ip.to_string();
  peer_.remote_text = remote_text_;
}

H2Connection::~H2Connection() {
  while (H2Exchange* exchange = open_.pop_front()) delete exchange;
}

void H2Connection::secured(std::unique_ptr<const TlsPeer> tls) {
  tls_ = std::move(tls);
  peer_.tls = true;
  peer_.sni = tls_->sni;
  peer_.client_chain = tls_->client_chain;
}

Task<void> H2Connection::run() {
  Scope* parent = co_await current_scope();
  Scope tasks(parent);
  Scope exchanges(parent);
  tasks_ = &tasks;
  exchanges_ = &exchanges;
  tasks.spawn(link_.run_writer());
  link_.push();
  set_idle(true);
  if (settings_.idle_timeout > 0s) Timer::set(settings_.idle_timeout);
  if (all().draining()) begin_to_leave(kNotice);
  Error error = co_await read_all();
  Timer::clear();
  set_idle(false);
  leaving_ = true;
  if (error.code == Code::timed_out) link_.session().goaway();
  exchanges.cancel(Error::of(Code::cancelled, "the client closed the connection", Origin::client));
  co_await exchanges.join();
  bool ours = error.code == Code::invalid || error.code == Code::too_large || error.code == Code::timed_out;
  if (ours || error.code == Code::closed) {
    // What is still to be said (GOAWAY with its reason), and time to hear it: closing at once with unread bytes would
    // reset the connection.
    co_await link_.finish_writing(Loop::current().now() + kLinger);
    link_.transport().shutdown();
    Deadline deadline = Loop::current().now() + kLinger;
    std::size_t read = 0;
    while (ours && read < 64 * 1024) {
      Result<net::Bytes> bytes = co_await link_.transport().read(deadline);
      if (!bytes || bytes->empty()) break;
      read += bytes->size();
    }
  }
  tasks.cancel(Error::of(Code::closed, "the connection has ended"));
  co_await tasks.join();
}

Deadline H2Connection::read_deadline() const {
  const http::h2::Session& session = link_.session();
  if (!session.in_head() && session.greeted()) return kNoDeadline;
  Duration longest = settings_.head_timeout();
  return longest > 0s ? head_since_ + longest : kNoDeadline;
}

// Until nothing more is read; says why. Code::closed: it ended as it should.
Task<Error> H2Connection::read_all() {
  if (!received_.empty()) {
    Status fed = link_.feed(received_.bytes());
    received_.clear();
    if (!fed) co_return fed.error();
    co_await start_arrived();
  }
  for (;;) {
    if (link_.session().over()) co_return Error::of(Code::closed, "the session is over");
    bool in_head = link_.session().in_head();
    Result<bool> more = co_await link_.read(read_deadline());
    if (!more) co_return more.error();
    if (!*more) co_return Error::of(Code::cancelled, "the client closed the connection");
    if (!in_head) head_since_ = Loop::current().now();
    co_await start_arrived();
  }
}

// Exchanges run from here and not from within the session, which must not be re-entered.
Task<void> H2Connection::start_arrived() {
  discarded_.clear();
  int started = 0;
  std::vector<H2Exchange*> arrived = std::move(arrived_);
  arrived_.clear();
  for (H2Exchange* exchange : arrived) {
    if (++started % kStartsPerTurn == 0) co_await yield_turn();
    exchanges_->spawn(H2Exchange::run(*this, *exchange));
  }
}

http::h2::Stream* H2Connection::on_open() {
  // A stream that was reset counts until its work has ended, or opening and resetting would be free (CVE-2023-44487).
  if (count_ >= settings_.max_concurrent_streams) return nullptr;
  auto* exchange = new H2Exchange(*this);
  open_.push_back(*exchange);
  if (++count_ == 1) set_idle(false);
  ++requests_;
  std::int64_t most = settings_.keep_alive_max_requests;
  bool enough = requests_ >= kMostRequests || (most > 0 && requests_ >= static_cast<std::uint64_t>(most));
  Duration longest = settings_.keep_alive_max_time;
  enough = enough || (longest > 0s && Loop::current().now() - began_ >= longest);
  if (enough) begin_to_leave(kNotice);
  return exchange;
}

void H2Connection::ended(H2Exchange& exchange) {
  exchange.ListNode<>::unlink();
  if (--count_ > 0) return;
  idle_since_ = Loop::current().now();
  set_idle(true);
  none_open_.notify_all();
}

// Its stream was closed before its head was complete. It is destroyed later: the session is at work on it.
void H2Connection::discard(H2Exchange& exchange) {
  ended(exchange);
  discarded_.emplace_back(&exchange);
}

void H2Connection::begin_to_leave(Duration notice) {
  if (leaving_ || tasks_ == nullptr) return;
  leaving_ = true;
  tasks_->spawn(leave(notice));
}

Task<void> H2Connection::leave(Duration notice) {
  // Not from within the session, which may have asked for this.
  co_await yield_turn();
  if (notice > 0s) {
    link_.session().announce_goaway();
    link_.push();
    Status slept = co_await sleep_for(notice);
    if (!slept) co_return;
  }
  link_.session().goaway();
  link_.push();
  while (count_ > 0) {
    Status none = co_await none_open_.wait();
    if (!none) co_return;
  }
  co_await link_.finish_writing(Loop::current().now() + kLinger);
  link_.transport().shutdown();
  Status slept = co_await sleep_for(kLinger);  // the client closes when it has read it all
  if (slept) link_.transport().interrupt();
}

void H2Connection::finish() {
  if (all().draining()) {
    begin_to_leave(kNotice);
  } else if (is_idle()) {
    link_.transport().interrupt();  // descriptors are short
  }
}

void H2Connection::on_timer() {
  Duration idle = count_ == 0 ? Loop::current().now() - idle_since_ : Duration{0};
  if (idle >= settings_.idle_timeout) {
    begin_to_leave(0s);
  } else {
    Timer::set(settings_.idle_timeout - idle);
  }
}

void H2Connection::on_abuse(Abuse abuse) {
  std::uint64_t total = abuses[static_cast<std::size_t>(abuse)].fetch_add(1, std::memory_order_relaxed) + 1;
  static log::RateLimited limiter;
  if (auto pass = limiter.admit(name_of(abuse), Time::now())) {
    log::warn("a client misuses HTTP/2: its connection is ended", {{log::field::kEntryPoint, settings_.name},
                                                                   {"client", remote_text_},
                                                                   {"reason", name_of(abuse)},
                                                                   {"total", total},
                                                                   {log::field::kSuppressed, pass->suppressed}});
  }
}

std::uint64_t H2Connection::ended_for(Abuse abuse) {
  return abuses[static_cast<std::size_t>(abuse)].load(std::memory_order_relaxed);
}

}  // namespace sluice::server
