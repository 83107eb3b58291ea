#include "net/relay.h"

#include "async/scope.h"
#include "async/timer.h"
#include "net/socket_stream.h"
#include "net/splice.h"

namespace sluice::net {
namespace {

// A direction that keeps filling reads of this size is worth a pipe; short messages are slower spliced.
constexpr std::size_t kWorthSplicing = 32 * 1024;

Task<Moved> copy_exactly(Stream& from, Stream& to, std::uint64_t count, Duration stall) {
  Moved moved;
  while (moved.bytes < count) {
    Result<Bytes> bytes = co_await from.read(Loop::current().now() + stall);
    if (!bytes || bytes->empty()) {
      moved.source = bytes ? Status(Error::of(Code::closed, "ended early")) : Status(bytes.error());
      break;
    }
    SLUICE_CHECK(bytes->size() <= count - moved.bytes);
    std::size_t size = bytes->size();
    moved.sink = co_await write_all(to, *bytes, stall);
    if (!moved.sink) break;
    moved.bytes += size;
  }
  co_return moved;
}

// What the two directions of a joined pair share.
struct Pair {
  Pair(Scope* parent, const Stream& client_in, Joined& joined_in, AfterEnd after_in)
      : scope(parent), client(client_in), joined(joined_in), after(after_in) {}

  void broke() { scope.cancel(Error::of(Code::closed, "the other direction broke")); }

  Scope scope;
  const Stream& client;
  Joined& joined;
  AfterEnd after;
  bool one_ended = false;
};

Task<void> end_later(Pair& pair) {
  for (;;) {
    std::uint64_t moved = pair.joined.to_server + pair.joined.to_client;
    Status slept = co_await sleep_for(pair.after.delay);
    if (!slept) co_return;
    if (!pair.after.still_moving || moved == pair.joined.to_server + pair.joined.to_client) break;
  }
  pair.broke();
}

void ended(Pair& pair) {
  if (pair.one_ended) {
    pair.broke();  // nothing is left but the timer
    return;
  }
  pair.one_ended = true;
  if (pair.after.delay != kNoStall) pair.scope.spawn(end_later(pair));
}

// What a server said before it reset the connection is an answer that the client waits for: the other direction passes
// it on, and meets the end of the connection then.
void broke_writing(Pair& pair, const Stream& to, const Error& error) {
  if (error.code == Code::reset && &to != &pair.client) {
    ended(pair);
  } else {
    pair.broke();
  }
}

// One direction of a joined pair: copies at first and splices from two large reads in a row until little comes at once.
Task<void> pump(Stream& from, Stream& to, Duration idle, std::uint64_t& moved, Pair& pair) {
  int large_reads = 0;
  for (;;) {
    if (large_reads >= 2 && from.socket() != nullptr && to.socket() != nullptr) {
      Status ready = co_await from.wait_readable(Loop::current().now() + idle);
      Moved spliced;
      if (ready) spliced = co_await splice_until_quiet(*from.socket(), *to.socket(), idle);
      moved += spliced.bytes;
      if (!ready || !spliced.source) pair.broke();
      if (!spliced.sink) broke_writing(pair, to, spliced.sink.error());
      if (!ready || !spliced.source || !spliced.sink) co_return;
      if (spliced.bytes >= kWorthSplicing) continue;
      large_reads = 0;
    }
    Result<Bytes> bytes = co_await from.read(Loop::current().now() + idle);
    if (!bytes) {
      pair.broke();
      co_return;
    }
    if (bytes->empty()) break;
    // The server has said its last, and nobody is there any more to hear it: most often it is gone too.
    if (pair.one_ended && &from == &pair.client && from.reset()) {
      pair.broke();
      co_return;
    }
    std::size_t size = bytes->size();
    bool last = from.ended();  // then the end leaves in one packet with these
    Status written = co_await write_all(to, *bytes, idle, last ? Follows::more : Follows::unknown);
    if (!written) {
      broke_writing(pair, to, written.error());
      co_return;
    }
    moved += size;
    if (last) break;
    large_reads = size >= kWorthSplicing ? large_reads + 1 : 0;
  }
  to.shutdown();
  if (to.reset() && &to == &pair.client) {
    pair.broke();
  } else {
    ended(pair);
  }
}

}  // namespace

Task<Moved> move_exactly(Stream& from, Stream& to, std::uint64_t count, Duration stall) {
  if (from.socket() != nullptr && to.socket() != nullptr) {
    Moved moved = co_await splice_exactly(*from.socket(), *to.socket(), count, stall);
    co_return moved;
  }
  Moved moved = co_await copy_exactly(from, to, count, stall);
  co_return moved;
}

Task<Joined> join_streams(Stream& client, Stream& server, Duration idle, AfterEnd after) {
  Joined joined;
  Scope* current = co_await current_scope();
  Pair pair(current, client, joined, after);
  pair.scope.spawn(pump(client, server, idle, joined.to_server, pair));
  pair.scope.spawn(pump(server, client, idle, joined.to_client, pair));
  co_await pair.scope.join();
  co_return joined;
}

}  // namespace sluice::net
