// session.h: one connection of HTTP/2, either side: bytes in, bytes out, events and pulls. The only place that knows
// nghttp2, which reads and writes frames, decodes header blocks and keeps windows; what it does not limit is limited
// here.
//
// Owned by a connection, used by its loop only. Events come from within `receive`, `produce` and nowhere else; whoever
// gets one takes note and wakes a task: it must not call `receive` or `produce` from there.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "http/body.h"
#include "http/h2/abuse.h"
#include "http/h2/head_block.h"
#include "http/h2/limits.h"
#include "http/h2/messages.h"

struct nghttp2_session;

namespace sluice::http::h2 {

// RFC 9113 §7.
enum class ErrorCode : std::uint32_t {
  no_error = 0,
  protocol_error = 1,
  internal_error = 2,
  flow_control_error = 3,
  stream_closed = 5,
  refused_stream = 7,
  cancel = 8,
  connect_error = 10,
  enhance_your_calm = 11,
};

// One stream, as its session sees it. It may end before the stream does (`detach` or `reset` first).
class Stream {
 public:
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // 0 when it is not open: not yet, or no more.
  std::int32_t id() const { return id_; }
  // What was offered and not framed yet.
  Bytes offered() const { return offered_; }
  // Everything that was offered has been framed, with the end if it was given.
  bool settled() const { return offered_.empty() && (!last_ || finished_); }
  // Our end has been framed.
  bool finished() const { return finished_; }

 protected:
  virtual ~Stream() = default;

  // Where the next header block of the stream is decoded to.
  virtual Arena& head_arena() = 0;
  // A request or a response, interim ones included, in order. `ended`: nothing follows; `on_end` is not called then.
  virtual void on_head(HeadBlock& block, bool ended) = 0;
  // At most once, in front of `on_end`.
  virtual void on_trailers(HeadBlock& block) = 0;
  // A piece of content, lent until this returns. The peer may send more for what is reported by `consumed`.
  virtual void on_data(Bytes bytes) = 0;
  virtual void on_end() = 0;
  // Some of what was offered has been framed, or the end.
  virtual void on_sent() = 0;
  // The last event: the stream is closed, by both ends or by a reset.
  virtual void on_closed(ErrorCode error) = 0;

 private:
  friend class Session;
  friend struct SessionCallbacks;

  std::int32_t id_ = 0;
  Bytes offered_;
  Block trailers_;
  bool last_ = false;      // nothing but trailers follows what is offered
  bool finished_ = false;  // our end has been framed
  bool opening_ = false;   // a request that is not on the wire yet
};

class Session {
 public:
  enum class Role : std::uint8_t { server, client };

  class Owner {
   public:
    // Servers: the peer opens a stream. Null: it is refused.
    virtual Stream* on_open() = 0;
    // The peer goes away and accepts no new stream; those it does not serve any more are closed as refused.
    virtual void on_goaway() = 0;
    // Clients: the peer has said how many streams it takes.
    virtual void on_settings() = 0;
    // The peer made us reset so many streams that it had better go on with a new connection, before this one has to be
    // ended; at most once.
    virtual void on_strain() = 0;
    // GOAWAY is on its way and the connection ends; at most once.
    virtual void on_abuse(Abuse abuse) = 0;

   protected:
    ~Owner() = default;
  };

  Session(Role role, const Settings& settings, Owner& owner);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  // Reads what came. Error: the peer broke the protocol or a limit; what `produce` still gives says so to it, and
  // nothing is read any more.
  Status receive(Bytes bytes, Time now);
  // Appends frames to `out` until there is none or `out` has kBatch bytes.
  void produce(std::string& out);
  static constexpr std::size_t kBatch = 64 * 1024;
  bool has_output() const;
  // Nothing is left to read or to write: the connection is over.
  bool over() const;
  // A header block has begun and not ended.
  bool in_head() const { return in_head_; }
  // The peer's first SETTINGS have come.
  bool greeted() const { return greeted_; }

  // `ended`: without content. Otherwise `offer` follows. Errors: Code::closed when the stream is not open any more.
  Status respond(Stream& stream, Block head, bool ended);
  Status interim(Stream& stream, Block head);
  // Opens the stream. Error, with nothing_sent: the connection takes no more.
  Status request(Stream& stream, Block head, bool ended);

  // The next bytes of content, valid until `settled`, and only when all before are; `last`: nothing follows.
  void offer(Stream& stream, Bytes bytes, bool last);
  // The content ends here; `trailers` may be empty and are valid until `settled`.
  void end(Stream& stream, Block trailers);
  // So many bytes that the stream received have left on the other side: it may receive as many again.
  void consumed(Stream& stream, std::size_t bytes);
  // Ends the stream at once; no event follows.
  void reset(Stream& stream, ErrorCode error);
  // The stream goes on without anybody to tell; no event follows.
  void detach(Stream& stream);

  // The two steps of an orderly end (RFC 9113 §6.8): no new streams soon, and none from here on.
  void announce_goaway();
  void goaway();
  // Asks the peer for a sign of life.
  void ping();

  // Clients: streams the peer takes at once.
  std::uint32_t most_streams() const;
  bool may_request() const;

 private:
  friend struct SessionCallbacks;
  struct Delete {
    void operator()(nghttp2_session* session) const;
  };

  bool reads() const;
  Status give_up(Abuse abuse);
  int abused(Abuse abuse);

  std::unique_ptr<nghttp2_session, Delete> session_;
  Settings settings_;
  Owner& owner_;
  AbuseGuard guard_;
  std::optional<HeadBlock> block_;  // while a header block arrives
  std::vector<Stream*> opening_;
  std::string* out_ = nullptr;  // while `produce` runs
  Time now_;
  bool in_head_ = false;
  bool greeted_ = false;
  bool given_up_ = false;  // nothing is read any more
  bool leaving_ = false;   // we have said that we go away, and still read
  bool strained_ = false;  // the owner was told
};

}  // namespace sluice::http::h2
