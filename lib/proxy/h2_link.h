// h2_link.h: a connection of HTTP/2, either side, as tasks see it: the session of lib/http joined to a transport.
//
// Reading is done by the task that owns the connection; one task writes. What streams have to say is framed at once and
// leaves at the end of the turn, for all streams in one write. While the transport is full nothing is framed, so that
// streams wait instead of memory growing. Used by one loop; the output buffer is only held while there is output.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "async/signal.h"
#include "http/h2/session.h"
#include "net/stream.h"

namespace sluice::proxy {

// How urgent a response is (RFC 9218 §4.1), as far as streams that wait for room are told apart.
enum class Urgency : std::uint8_t { high, normal, low };

class H2Link {
 public:
  // `stall`: the longest time the peer may read nothing.
  H2Link(std::unique_ptr<net::Stream> transport, http::h2::Session::Role role, const http::h2::Settings& settings,
         http::h2::Session::Owner& owner, Duration stall);
  H2Link(const H2Link&) = delete;
  H2Link& operator=(const H2Link&) = delete;
  ~H2Link();

  http::h2::Session& session() { return session_; }
  const http::h2::Session& session() const { return session_; }
  net::Stream& transport() { return *transport_; }

  // Something was submitted to the session. Not from within its events.
  void push();

  // Content that is written now would wait in memory, or get ahead of somebody who waits already.
  bool crowded() const;
  // Until there is room, in the order of coming within one urgency. Whoever was let in writes, or pushes before it
  // waits for anything else: that lets the next one in. Errors: what the scope was cancelled with.
  Task<Status> room(Urgency urgency);

  // Writes until `finish_writing` was called and everything has left, or the transport fails. The transport is aborted
  // then, so that the reader wakes.
  Task<void> run_writer();
  // Returns when the writer has ended, or at the deadline.
  Task<void> finish_writing(Deadline deadline);

  // Reads once and feeds the session. False at the orderly end. Errors: of the transport, or of the session, which
  // accepts nothing any more.
  Task<Result<bool>> read(Deadline deadline);
  // Bytes that were read already.
  Status feed(net::Bytes bytes);

 private:
  void release_buffer();
  bool has_room() const { return !writing_ && out_.size() < http::h2::Session::kBatch; }
  void let_in();

  std::unique_ptr<net::Stream> transport_;
  http::h2::Session session_;
  Duration stall_;
  std::string out_;
  Signal wake_;
  Signal done_;
  std::array<Signal, 3> room_;  // by urgency
  bool writing_ = false;        // the transport is full
  bool finishing_ = false;      // nothing more will be submitted
  bool ended_ = false;          // the writer has
};

}  // namespace sluice::proxy
