#include "proxy/h2_upstream.h"

#include <algorithm>

#include "net/relay.h"
#include "observe/log.h"
#include "observe/rate_limited.h"

namespace sluice::proxy {
namespace {

using http::Bytes;
using http::h2::ErrorCode;

// Of one server, whatever it offers: more share another connection.
constexpr std::uint32_t kMostCalls = 1000;
// A server that reads nothing for so long has no use of what waits for it.
constexpr Duration kWriteStall = 60s;
constexpr Duration kFarewell = 1s;
constexpr int kMostInterims = 16;
// The content of a call is worth keeping for a server that refuses it; what is larger is not.
constexpr std::size_t kMostKept = 16 * 1024;

http::h2::Settings session_settings() {
  http::h2::Settings settings;
  // As for responses of HTTP/1 (forward.cpp): what upstreams send, the operator runs.
  settings.heads.max_header_bytes = 256 * 1024;
  settings.heads.max_fields = 1000;
  return settings;
}

}  // namespace

H2Upstream::H2Upstream(std::unique_ptr<net::Stream> transport, const TransportSettings& settings)
    : link_(std::move(transport), http::h2::Session::Role::client, session_settings(), *this, kWriteStall),
      idle_timeout_(settings.idle_timeout),
      read_idle_timeout_(settings.read_idle_timeout),
      ping_timeout_(settings.ping_timeout),
      idle_since_(Loop::current().now()) {
  if (idle_timeout_ > 0s) Timer::set(idle_timeout_);
}

H2Upstream::~H2Upstream() = default;

std::optional<std::uint32_t> H2Upstream::room() const {
  if (!link_.session().greeted()) return std::nullopt;
  return std::min(link_.session().most_streams(), kMostCalls);
}

bool H2Upstream::has_room(std::uint32_t expected) const {
  return !leaving() && calls_ < room().value_or(expected) && link_.session().may_request();
}

void H2Upstream::tell() {
  if (watcher_ != nullptr) watcher_->upstream_changed();
}

void H2Upstream::joined(H2Call& call) {
  running_.push_back(call);
  ++calls_;
  ++served_;
}

void H2Upstream::left() {
  --calls_;
  if (calls_ == 0) {
    idle_since_ = Loop::current().now();
    if (leaving_) leave();
  }
  tell();
}

void H2Upstream::leave() {
  leaving_ = true;
  if (calls_ == 0 && !ended_) link_.transport().interrupt();
}

void H2Upstream::on_goaway() {
  leaving_ = true;
  tell();
}

void H2Upstream::on_abuse(http::h2::Abuse abuse) {
  static log::RateLimited limiter;
  if (auto pass = limiter.admit(name_of(abuse), Time::now())) {
    log::warn("a server misuses HTTP/2: its connection is ended",
              {{"reason", name_of(abuse)}, {log::field::kSuppressed, pass->suppressed}});
  }
}

void H2Upstream::on_timer() {
  Duration idle = calls_ == 0 ? Loop::current().now() - idle_since_ : Duration{0};
  if (ended_) return;
  if (idle >= idle_timeout_) {
    leave();
  } else {
    Timer::set(idle_timeout_ - idle);
  }
}

Task<Error> H2Upstream::read_all() {
  bool pinged = false;
  for (;;) {
    Duration quiet = pinged ? ping_timeout_ : read_idle_timeout_;
    Deadline deadline = read_idle_timeout_ > 0s ? Loop::current().now() + quiet : kNoDeadline;
    Result<bool> more = co_await link_.read(deadline);
    bool silent = !more && more.error().code == Code::timed_out;
    if (silent && calls_ > 0 && pinged) co_return Error::of(Code::timed_out, "no answer to a ping", Origin::upstream);
    if (silent) {
      pinged = calls_ > 0;
      if (pinged) {
        link_.session().ping();
        link_.push();
      }
      continue;
    }
    pinged = false;
    if (!more) co_return more.error();
    if (!*more) co_return Error::of(Code::closed, "the server closed the connection", Origin::upstream);
    if (link_.session().over()) co_return Error::of(Code::closed, "the server ended the session", Origin::upstream);
    if (leaving_ && calls_ == 0) co_return Error::of(Code::closed, "the server goes away", Origin::upstream);
  }
}

Task<void> H2Upstream::run(Ref<H2Upstream> self) {
  Scope* parent = co_await current_scope();
  Scope scope(parent);
  scope.spawn(self->link_.run_writer());
  self->link_.push();
  Error error = co_await self->read_all();
  self->ended_ = true;
  self->Timer::clear();
  if (error.code != Code::cancelled) error.origin = Origin::upstream;
  while (H2Call* call = self->running_.pop_front()) call->fail(error);
  self->tell();
  if (error.code == Code::closed || error.code == Code::too_large || error.code == Code::invalid) {
    co_await self->link_.finish_writing(Loop::current().now() + kFarewell);
  }
  scope.cancel(Error::of(Code::closed, "the connection has ended"));
  co_await scope.join();
}

H2Call::H2Call(Ref<H2Upstream> upstream, http::Request& request)
    : H2Stream(upstream->link(), Origin::upstream), upstream_(std::move(upstream)), request_(request) {
  upstream_->joined(*this);
}

H2Call::~H2Call() {
  if (id() != 0 && !(ended() && finished())) reset(ErrorCode::cancel);
  ListNode<>::unlink();
  upstream_->left();
}

Status H2Call::start(http::h2::Block head) {
  Status opened = link().session().request(*this, head, request_.body == nullptr);
  if (opened) link().push();
  return opened;
}

void H2Call::on_head(http::h2::HeadBlock& block, bool ended) {
  answered_ = true;
  http::Response response(request_.arena);
  std::optional<std::uint64_t> length;
  http::Reason reason = http::h2::read_response(block, response, length);
  bool interim = reason == http::Reason::none && response.status < 200;
  if (reason != http::Reason::none) {
    refused_ = Error::of(Code::invalid, http::text_of(reason), Origin::upstream);
  } else if (interim && ++interims_ > kMostInterims) {
    refused_ = Error::of(Code::invalid, "too many interim responses", Origin::upstream);
  } else if (!interim) {
    has_content_ = !ended;
    length_ = length;
  }
  heads_.push_back(std::move(response));
  if (ended) on_end();
  arrived_.notify_all();
}

void H2Call::fail(const Error& error) {
  H2Stream::fail(error);
  arrived_.notify_all();
}

Task<Result<http::Response>> H2Call::head(Deadline deadline) {
  for (;;) {
    if (upload == Upload::failed) co_return upload_error;
    if (!refused_) co_return refused_.error();
    if (!heads_.empty()) {
      http::Response first = std::move(heads_.front());
      heads_.erase(heads_.begin());
      co_return first;
    }
    if (closed()) co_return error();
    Status waited = co_await arrived_.wait(deadline);
    if (!waited) co_return waited.error();
  }
}

Task<void> pump_request(Ref<H2Call> call, http::Body& body) {
  call->upload = H2Call::Upload::running;
  call->pulled = true;
  for (;;) {
    Result<Bytes> piece = co_await body.read();
    if (!piece) {
      if (piece.error().code == Code::cancelled) {
        call->upload = H2Call::Upload::stopped;
      } else {
        // The content of a request comes from the client, whichever way it took.
        call->upload = H2Call::Upload::failed;
        call->upload_error = piece.error();
        call->upload_error.origin = Origin::client;
        call->reset(ErrorCode::cancel);
        call->fail(call->upload_error);
      }
      co_return;
    }
    bool last = piece->empty() || body.remaining() == std::uint64_t{0};
    std::size_t size = piece->size();
    if (call->kept.size() == call->uploaded && call->uploaded + size <= kMostKept) {
      call->kept += *piece;
    } else {
      call->kept = {};
    }
    call->kept_all = last && call->kept.size() == call->uploaded + size && body.trailers() == nullptr;
    bool framed = piece->empty() ? call->finish(body.trailers()) : call->write(*piece, last);
    if (!framed) {
      Status settled = co_await call->settle(net::kNoStall);
      if (!settled) {
        call->upload = H2Call::Upload::stopped;
        co_return;
      }
    }
    call->uploaded += size;
    if (last) break;
  }
  call->upload = H2Call::Upload::complete;
}

Task<Result<Bytes>> H2ResponseBody::read() {
  // No deadline: a stream of events may be silent for hours. The client's end, or a middleware, bounds it.
  Result<Bytes> piece = co_await call_->read(kNoDeadline);
  if (!piece) co_return piece;
  if (left_) *left_ -= std::min<std::uint64_t>(*left_, piece->size());
  ended_ = piece->empty();
  co_return piece;
}

// Content of known length has ended when its stream has: trailers may follow, and a stream that is let go before its
// end looks like a cancelled one.
std::optional<std::uint64_t> H2ResponseBody::remaining() const {
  if (ended_) return 0;
  if (left_ == std::uint64_t{0}) return std::nullopt;
  return left_;
}

}  // namespace sluice::proxy
