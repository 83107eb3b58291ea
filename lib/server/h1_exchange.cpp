#include "server/h1_exchange.h"

#include "http/h1/writer.h"
#include "http/rejection.h"
#include "net/relay.h"
#include "observe/log.h"
#include "proxy/answering.h"
#include "proxy/h1_writing.h"
#include "server/admission.h"
#include "server/http_challenges.h"

namespace sluice::server {
namespace {

using http::Bytes;

// So much unread content is read and dropped to save the connection; more is not worth it.
constexpr std::uint64_t kDrainBytes = 256 * 1024;
constexpr Duration kDrainTime = 5s;

}  // namespace

H1Exchange::H1Exchange(H1Connection& connection)
    : connection_(connection),
      stream_(*connection.stream_),
      settings_(connection.settings_),
      request_(arena_, connection.peer_),
      began_(Loop::current().now()) {}

H1Exchange::~H1Exchange() { stream_.observe(nullptr); }

Task<Next> H1Exchange::run(H1Connection& connection) {
  H1Exchange self(connection);
  Result<bool> complete = co_await self.read_head();
  if (!complete) {
    if (complete.error().code != Code::timed_out) co_return Next::gone;
    Next next = co_await self.refuse(408, "the head of the request did not arrive in time");
    co_return next;
  }
  if (self.head_.state == http::h1::HeadResult::State::refused) {
    Next next = co_await self.refuse(http::status_of(self.head_.reason), http::text_of(self.head_.reason));
    co_return next;
  }
  if (!*complete) co_return Next::gone;
  self.prepare();
  Scope* connection_scope = co_await current_scope();
  Scope scope(connection_scope);
  self.scope_ = &scope;
  self.stream_.observe(&self);
  Next next = co_await self.respond_to(scope);
  if (scope.running() > 0) {
    // Whatever still works for this exchange (the pump of an upload that was answered early) ends with it.
    scope.cancel(Error::of(Code::cancelled, "the exchange is over"));
    co_await scope.join();
  }
  self.stream_.observe(nullptr);
  self.scope_ = nullptr;
  if (next == Next::keep_alive && self.content_) {
    bool drained = co_await self.drain_content();
    if (!drained) co_return Next::linger;
  }
  // Unread bytes at the time of closing would reset the connection and might take the response with them.
  bool unread = self.stream_.readable() || (self.content_ && !self.content_->ended());
  if (next == Next::close && unread) co_return Next::linger;
  if (self.content_) connection.received_.take(self.content_->rest());
  co_return next;
}

// True when `head_` is a complete head or a refusal; false when the client left between two requests.
Task<Result<bool>> H1Exchange::read_head() {
  http::h1::RequestParser parser;
  LentBytes& received = connection_.received_;
  Deadline deadline = began_ + settings_.head_timeout();
  for (;;) {
    if (!received.empty()) {
      head_ = parser.parse(received.bytes(), arena_, request_, settings_.limits);
      if (head_.state != http::h1::HeadResult::State::need_more) {
        received.drop_front(head_.state == http::h1::HeadResult::State::done ? head_.consumed
                                                                             : received.bytes().size());
        co_return true;
      }
    }
    received.keep();
    Result<net::Bytes> bytes = co_await stream_.read(deadline);
    if (!bytes) {
      if (bytes.error().code == Code::timed_out && !parser.started()) co_return false;
      co_return bytes.error();
    }
    if (bytes->empty()) co_return false;
    received.append(*bytes);
  }
}

void H1Exchange::prepare() {
  admit(request_, settings_);
  request_.interim = this;
  if (head_.framing.has_content()) {
    content_.emplace(stream_, head_.framing, arena_, settings_.limits, connection_.received_, Origin::client);
    request_.body = this;
    continue_owed_ = head_.expect_continue && content_->remaining() != 0;
  }
}

Task<Next> H1Exchange::respond_to(Scope& scope) {
  Ref<PinnedSnapshot> pinned = connection_.host_.snapshot();
  const HttpRoutes* routes = routes_for(*(**pinned).entry_points[connection_.index_], connection_.tls_.get(), request_);
  if (routes == nullptr) {
    Next next = co_await refuse(421, kMisdirected);
    co_return next;
  }
  Result<http::Response> response =
      co_await in_scope(scope, answer_request(*routes, **pinned, connection_.index_, connection_.host_, request_));
  if (client_gone_) {
    log::debug("499 the client closed the connection", {{log::field::kRouter, request_.router}});
    co_return Next::gone;
  }
  if (!response) {
    const Error& error = response.error();
    if (error.origin == Origin::client) {
      // The client broke its own request: too slow, cut short, or badly framed.
      ClientFault fault = client_fault(error);
      if (fault.status != 0) {
        Next next = co_await refuse(fault.status, fault.why);
        co_return next;
      }
      co_return Next::gone;
    }
    if (error.code == Code::cancelled && scope.cancelled()) co_return Next::gone;
    response = proxy::error_response(request_, error);
  }
  if (response->tunnel) {
    Next next = co_await in_scope(scope, tunnel(std::move(*response)));
    co_return next;
  }
  Next next = co_await in_scope(scope, write(std::move(*response)));
  co_return next;
}

bool H1Exchange::may_keep_alive() const {
  if (!head_.keep_alive || connection_.all().draining()) return false;
  std::int64_t most = settings_.keep_alive_max_requests;
  if (most > 0 && connection_.requests_ + 1 >= most) return false;
  Duration longest = settings_.keep_alive_max_time;
  if (longest > 0s && Loop::current().now() - connection_.began_ >= longest) return false;
  // A client that waits for 100 will never send its content now (RFC 9110 §10.1.1).
  return !continue_owed_;
}

Task<Next> H1Exchange::write(http::Response response) {
  http::h1::ResponseForm form;
  form.framing = http::h1::response_framing(response, request_.method, request_.version);
  form.method = request_.method;
  form.client = request_.version;
  form.date = connection_.host_.date();
  form.keep_alive = may_keep_alive() && form.framing.kind != http::h1::Framing::Kind::until_close;
  Result<Bytes> head = http::h1::write_response_head(arena_, response, form);
  if (!head) {
    Error error = head.error();
    response = proxy::error_response(request_, error);
    form.framing = http::h1::response_framing(response, request_.method, request_.version);
    head = http::h1::write_response_head(arena_, response, form);
    SLUICE_CHECK(head.ok());
  }
  bool with_content = response.body != nullptr && form.framing.kind != http::h1::Framing::Kind::none;
  if (!with_content) {
    Status sent = co_await net::write_all(stream_, *head, write_stall(settings_));
    if (!sent) co_return Next::gone;
    co_return form.keep_alive ? Next::keep_alive : Next::close;
  }
  std::uint64_t content = 0;
  proxy::H1Writing writing{stream_, write_stall(settings_), form.framing.kind == http::h1::Framing::Kind::chunked,
                           arena_};
  // A last response and the end of the connection leave together.
  if (!form.keep_alive) writing.follows = net::Follows::more;
  proxy::Written written = co_await proxy::write_message(writing, *head, *response.body, content);
  if (!written.source || !written.sink) {
    if (!written.source && written.sink && !client_gone_) {
      // The client must see that the response is cut short.
      log_cut_short(request_, written.source.error());
    }
    stream_.abort();
    co_return Next::gone;
  }
  co_return form.keep_alive ? Next::keep_alive : Next::close;
}

Task<Next> H1Exchange::tunnel(http::Response response) {
  http::h1::ResponseForm form;
  form.method = request_.method;
  form.client = request_.version;
  form.date = connection_.host_.date();
  form.upgrade = request_.upgrade;
  Result<Bytes> head = http::h1::write_response_head(arena_, response, form);
  if (!head) co_return Next::gone;
  Status sent = co_await net::write_all(stream_, *head, write_stall(settings_));
  if (!sent) co_return Next::gone;
  stream_.observe(nullptr);  // the tunnel reads both sides and sees for itself
  [[maybe_unused]] Status ended = co_await response.tunnel->run(stream_, connection_.received_.bytes());
  co_return Next::gone;
}

// Answers what we do not serve and closes.
Task<Next> H1Exchange::refuse(std::uint16_t status, std::string_view why) {
  http::Response response = refusal(arena_, settings_, connection_.peer_, status, why);
  http::h1::ResponseForm form;
  form.framing = http::h1::response_framing(response, request_.method, http::Version::http11);
  form.keep_alive = false;
  form.date = connection_.host_.date();
  Result<Bytes> head = http::h1::write_response_head(arena_, response, form);
  SLUICE_CHECK(head.ok());
  if (form.framing.kind == http::h1::Framing::Kind::none) response.body = std::make_unique<http::TextBody>("");  // HEAD
  std::uint64_t content = 0;
  proxy::H1Writing writing{stream_, write_stall(settings_), false, arena_};
  proxy::Written written = co_await proxy::write_message(writing, *head, *response.body, content);
  co_return written.sink ? Next::linger : Next::gone;
}

// Reads what the handler left of the content, so that the next request can be found. False: close instead.
Task<bool> H1Exchange::drain_content() {
  if (content_failed_) co_return false;
  Deadline deadline = Loop::current().now() + kDrainTime;
  std::uint64_t drained = 0;
  while (!content_->ended()) {
    if (content_->remaining().value_or(0) > kDrainBytes) co_return false;
    Result<Bytes> bytes = co_await content_->read(deadline);
    if (!bytes) co_return false;
    drained += bytes->size();
    if (drained > kDrainBytes) co_return false;
  }
  co_return true;
}

Task<Status> H1Exchange::send_interim(std::uint16_t status, const http::Fields& fields) {
  if (request_.version == http::Version::http10) co_return Status();
  Result<Bytes> head = http::h1::write_interim_head(arena_, status, fields);
  if (!head) co_return head.error();
  Status sent = co_await net::write_all(stream_, *head, write_stall(settings_));
  if (!sent) sent.error().origin = Origin::client;
  co_return sent;
}

Task<Result<Bytes>> H1Exchange::read() {
  if (continue_owed_) {
    continue_owed_ = false;
    Status sent = co_await net::write_all(stream_, http::h1::kContinue, write_stall(settings_));
    if (!sent) {
      Error error = sent.error();
      error.origin = Origin::client;
      content_failed_ = true;
      co_return error;
    }
  }
  Result<Bytes> bytes = co_await content_->read(content_deadline(settings_, began_));
  if (!bytes && bytes.error().code != Code::cancelled) {
    Error& error = bytes.error();
    error.origin = Origin::client;
    content_failed_ = true;
    if (error.code == Code::timed_out) error.text = "the content of the request did not arrive in time";
  }
  co_return bytes;
}

bool H1Exchange::ready() const { return !continue_owed_ && content_->ready(); }

net::Stream* H1Exchange::direct() {
  bool bypass = !continue_owed_ && !settings_.read_timeout && content_->may_bypass() && stream_.socket() != nullptr;
  return bypass ? &stream_ : nullptr;
}

void H1Exchange::connection_broke() {
  client_gone_ = true;
  if (scope_ != nullptr) scope_->cancel(Error::of(Code::cancelled, "the client closed the connection", Origin::client));
}

}  // namespace sluice::server
