// h2_connection.h: one HTTP/2 client connection: its streams become exchanges, which run at the same time.
//
// Owned by the task that runs it, on the worker that accepted it. It ends in two steps (RFC 9113 §6.8): clients are
// told first that it will, and only then what was the last stream, so that no request is lost on the way; those that
// began are finished.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "async/lent.h"
#include "async/scope.h"
#include "async/timer.h"
#include "proxy/h2_link.h"
#include "server/connections.h"
#include "server/entry_point_settings.h"
#include "server/host.h"

namespace sluice::server {

class H2Exchange;

class H2Connection final : public ClientConnection, private http::h2::Session::Owner, private Timer {
 public:
  // `index` is the entry point's place in the snapshot.
  H2Connection(std::unique_ptr<net::Stream> stream, const http::Peer& peer, const EntryPointSettings& settings,
               std::size_t index, Host& host, Connections& all);
  ~H2Connection();

  // Before `run`: bytes already received, taken over, and what TLS settled.
  void begin_with(LentBytes& received) { received_.take(received); }
  void secured(std::unique_ptr<const TlsPeer> tls);

  // Until the connection has ended.
  Task<void> run();

  void finish() override;

  // How often connections were ended for this, in the whole process. Any thread.
  static std::uint64_t ended_for(http::h2::Abuse abuse);

 private:
  friend class H2Exchange;

  // From the announcement of the end to the end: a request that is on its way arrives in that time.
  static constexpr Duration kNotice = 1s;

  Task<Error> read_all();
  Task<void> start_arrived();
  Task<void> leave(Duration notice);
  Deadline read_deadline() const;
  void arrived(H2Exchange& exchange) { arrived_.push_back(&exchange); }
  void ended(H2Exchange& exchange);
  void discard(H2Exchange& exchange);
  void begin_to_leave(Duration notice);

  http::h2::Stream* on_open() override;
  void on_goaway() override {}
  void on_settings() override {}
  void on_strain() override { begin_to_leave(kNotice); }
  void on_abuse(http::h2::Abuse abuse) override;
  void on_timer() override;

  http::Peer peer_;
  std::string remote_text_;             // what peer_.remote_text points to
  std::unique_ptr<const TlsPeer> tls_;  // null: plaintext
  const EntryPointSettings& settings_;
  std::size_t index_;
  Host& host_;
  LentBytes received_;  // read before the session began
  Scope* tasks_ = nullptr;
  Scope* exchanges_ = nullptr;
  proxy::H2Link link_;
  List<H2Exchange> open_;
  std::vector<H2Exchange*> arrived_;  // heads that are complete
  std::vector<std::unique_ptr<H2Exchange>> discarded_;
  std::size_t count_ = 0;  // exchanges, those whose stream is gone but whose work is not among them
  std::uint64_t requests_ = 0;
  Time began_;
  Time idle_since_;
  Time head_since_;
  bool leaving_ = false;
  Signal none_open_;
};

}  // namespace sluice::server
