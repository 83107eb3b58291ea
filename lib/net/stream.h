// stream.h: an ordered transport of bytes: a plain socket, a TLS session, or memory in tests.
//
// One task reads and one task writes at a time. Destroying a stream closes it at once.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "async/readiness.h"
#include "async/task.h"
#include "base/result.h"
#include "base/time.h"

namespace sluice::net {

using Bytes = std::string_view;
class SocketStream;
class Writing;

// What the caller knows about the bytes after a write: with `more`, which come at once (or the end does), the transport
// may hold a packet back until it is full (10 % of the CPU of a relayed body of 100 KiB).
enum class Follows : std::uint8_t { unknown, more };

class Stream {
 public:
  virtual ~Stream() = default;

  // The next bytes: lent, valid until the caller's next suspension. Empty at the orderly end of the peer's direction.
  // Errors: timed_out, reset, or what the scope was cancelled with; the stream can still be read after timed_out.
  virtual Task<Result<Bytes>> read(Deadline deadline) = 0;

  // `co_await stream.write(pieces, stall)`: all of the pieces, in order. The bytes are only used until the call returns
  // or first suspends: what the transport does not take at once is copied. `stall` bounds each time without progress
  // (kNoStall: none). After an error the stream is of no further use; with nothing_sent, not a byte of this was taken.
  Writing write(std::span<const iovec> pieces, Duration stall, Follows follows = Follows::unknown);

  // Ends our direction; the peer reads the end after everything written.
  virtual void shutdown() = 0;

  // Gives up: whoever waits on this stream wakes with Code::reset, reading and writing fail, and once the stream is
  // destroyed the peer sees a reset, not an orderly end. For messages cut short.
  virtual void abort() = 0;

  // Whoever waits on this stream wakes with Code::closed, and nothing more is read or written; destroying it then ends
  // it in the orderly way.
  virtual void interrupt() = 0;

  // Waits until `readable`; an idle connection holds nothing but this.
  virtual Task<Status> wait_readable(Deadline deadline) = 0;

  // Told when the transport breaks or the peer ends while nobody reads. Null: nobody.
  virtual void observe(async::BreakObserver* observer) = 0;

  // True when something can be read without waiting: bytes, the end, or an error. May say so falsely, never miss it.
  virtual bool readable() const = 0;
  // True when what was read last is known to be the last: the orderly end follows. May miss it.
  virtual bool ended() const { return false; }
  // True when the transport knows that it is broken (reset); cheap, asks nobody.
  virtual bool broken() const = 0;
  // True when the peer is known to have reset it: it hears nothing more. May miss it.
  virtual bool reset() const { return false; }

  // Asks the system whether an idle stream is still open and silent.
  virtual bool alive() = 0;

  // The two halves of `write`. First what the transport takes at once of `total` bytes; then, if that was not all, the
  // rest.
  virtual Result<std::size_t> write_now(std::span<const iovec> pieces, std::size_t total, Follows follows) = 0;
  virtual Task<Status> write_rest(std::unique_ptr<char[]> rest, std::size_t size, Duration stall) = 0;

  // What ALPN agreed on (RFC 7301); empty without TLS, or when the peer has no ALPN.
  virtual std::string_view protocol() const { return {}; }

  // The plain socket underneath when its bytes are this stream's bytes, for moving them inside the kernel.
  virtual SocketStream* socket() { return nullptr; }
};

// A write in progress. Nearly always the transport takes everything at once; then no coroutine is made and nothing is
// copied.
class Writing {
 public:
  Writing(Stream& stream, std::span<const iovec> pieces, Duration stall, Follows follows)
      : stream_(stream), pieces_(pieces), stall_(stall), follows_(follows) {}
  Writing(Stream& stream, Bytes bytes, Duration stall, Follows follows)
      : stream_(stream), one_{const_cast<char*>(bytes.data()), bytes.size()}, stall_(stall), follows_(follows) {}

  bool await_ready();
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> parent) {
    awaiter_.child = rest_.handle();
    return awaiter_.await_suspend(parent);
  }
  Status await_resume() { return rest_.handle() ? awaiter_.await_resume() : outcome_; }

 private:
  Stream& stream_;
  iovec one_{};
  std::span<const iovec> pieces_;  // empty: `one_`
  Duration stall_;
  Follows follows_;
  Status outcome_;
  Task<Status> rest_;
  Task<Status>::Awaiter awaiter_{};
};

inline Writing Stream::write(std::span<const iovec> pieces, Duration stall, Follows follows) {
  return Writing(*this, pieces, stall, follows);
}

// One piece, for callers that have no list.
inline iovec piece(Bytes bytes) { return {const_cast<char*>(bytes.data()), bytes.size()}; }
inline Writing write_all(Stream& stream, Bytes bytes, Duration stall, Follows follows = Follows::unknown) {
  return Writing(stream, bytes, stall, follows);
}

}  // namespace sluice::net
