// h2_upstream.h: a connection of HTTP/2 to an endpoint, shared by the requests that run on it at the same time.
//
// Belongs to its pool, to the calls that run on it and to the task that reads it, on one worker; the last of them to
// let go ends it. The task runs in the worker's scope.
#pragma once

#include <memory>
#include <string>

#include "async/scope.h"
#include "async/timer.h"
#include "base/ref.h"
#include "http/message.h"
#include "proxy/endpoint.h"
#include "proxy/h2_stream.h"

namespace sluice::proxy {

class H2Call;

class H2Upstream final : public RefCounted, private http::h2::Session::Owner, private Timer {
 public:
  // Who is told that there may be room again, or that the connection takes no more.
  class Watcher {
   public:
    virtual void upstream_changed() = 0;

   protected:
    ~Watcher() = default;
  };

  H2Upstream(std::unique_ptr<net::Stream> transport, const TransportSettings& settings);
  ~H2Upstream();

  // Until the connection has ended; to be spawned once.
  static Task<void> run(Ref<H2Upstream> self);

  // Another request may be started. `expected`: how many such a server takes, as long as it has not said so.
  bool has_room(std::uint32_t expected) const;
  // What the server has said; nothing yet before it did.
  std::optional<std::uint32_t> room() const;
  // Nothing can be started any more: it ends, or is about to.
  bool leaving() const { return leaving_ || ended_; }
  std::size_t calls() const { return calls_; }
  // Has carried a request before.
  bool reused() const { return served_ > 0; }
  // Ends it as soon as it carries nothing.
  void leave();
  // The same, but not before the next call has ended.
  void retire() { leaving_ = true; }
  void watch(Watcher* watcher) { watcher_ = watcher; }

  H2Link& link() { return link_; }

 private:
  friend class H2Call;

  void joined(H2Call& call);
  void left();
  void tell();
  Task<Error> read_all();

  http::h2::Stream* on_open() override { return nullptr; }  // a server pushes nothing
  void on_goaway() override;
  void on_strain() override { on_goaway(); }
  void on_settings() override { tell(); }
  void on_abuse(http::h2::Abuse abuse) override;
  void on_timer() override;

  H2Link link_;
  Duration idle_timeout_;
  Duration read_idle_timeout_;
  Duration ping_timeout_;
  List<H2Call> running_;
  std::size_t calls_ = 0;
  std::uint64_t served_ = 0;
  Time idle_since_;
  bool leaving_ = false;
  bool ended_ = false;
  Watcher* watcher_ = nullptr;
};

// One request and its response on a shared connection. Belongs to the task that waits for the response, to the one that
// pumps the request's content and to the response's body; the last of them to let go resets what is not complete.
class H2Call final : public H2Stream, public RefCounted, public ListNode<> {
 public:
  static void* operator new(std::size_t size) { return async::allocate_frame(size); }
  static void operator delete(void* memory, std::size_t size) { async::release_frame(memory, size); }

  // The request outlives it.
  H2Call(Ref<H2Upstream> upstream, http::Request& request);
  ~H2Call() override;

  // Error, with nothing_sent: the connection takes no more.
  Status start(http::h2::Block head);
  void fail(const Error& error) override;

  // The next response head, interim or final. Errors: those of H2Stream, invalid for a malformed one, or timed_out.
  Task<Result<http::Response>> head(Deadline deadline);
  // After the final head: whether content follows, and how much if that is known.
  bool has_content() const { return has_content_; }
  const std::optional<std::uint64_t>& length() const { return length_; }
  // Anything has come in answer.
  bool answered() const { return answered_; }

  enum class Upload : std::uint8_t {
    complete,
    running,
    stopped,  // by the upstream, or by the end of the exchange
    failed,   // the client broke its own request: nothing the upstream says matters
  };
  Upload upload = Upload::complete;
  Error upload_error;          // with `failed`
  std::uint64_t uploaded = 0;  // bytes of content passed on: progress
  bool pulled = false;         // content has been asked for, and perhaps taken from the client
  std::string kept;            // the content so far, as long as it is small
  bool kept_all = false;       // that was all of the content, so it can be sent again

 private:
  Arena& head_arena() override { return request_.arena; }
  void on_head(http::h2::HeadBlock& block, bool ended) override;

  Ref<H2Upstream> upstream_;
  http::Request& request_;
  std::vector<http::Response> heads_;  // arrived and not asked for
  std::optional<std::uint64_t> length_;
  Signal arrived_;
  Status refused_;  // why the answer is not to be used
  int interims_ = 0;
  bool has_content_ = true;
  bool answered_ = false;
};

// Sends the content of a request, as a child task of its exchange's scope.
Task<void> pump_request(Ref<H2Call> call, http::Body& body);

// The content of a response. The call stays with it: the last piece is the call's.
class H2ResponseBody final : public http::Body {
 public:
  static void* operator new(std::size_t size) { return async::allocate_frame(size); }
  static void operator delete(void* memory, std::size_t size) { async::release_frame(memory, size); }

  explicit H2ResponseBody(Ref<H2Call> call) : left_(call->length()), call_(std::move(call)) {}

  Task<Result<http::Bytes>> read() override;
  bool ready() const override { return ended_ || call_->ready(); }
  const http::Fields* trailers() const override { return call_->trailers(); }
  std::optional<std::uint64_t> remaining() const override;

 private:
  std::optional<std::uint64_t> left_;
  Ref<H2Call> call_;
  bool ended_ = false;
};

}  // namespace sluice::proxy
