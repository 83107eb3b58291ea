#include "server/h2_exchange.h"

#include <array>

#include "base/encoding.h"
#include "http/rejection.h"
#include "observe/log.h"
#include "proxy/answering.h"
#include "server/admission.h"
#include "server/h2_tunnel_stream.h"
#include "server/http_challenges.h"

namespace sluice::server {

using http::h2::ErrorCode;
using proxy::Urgency;

namespace {

// RFC 9218 §4: `priority: u=1, i`. Whoever says nothing has 3 of 0 to 7.
Urgency urgency_of(const http::Request& request) {
  const std::string_view priority = request.fields.get("Priority").value_or("");
  const std::size_t at = priority.find("u=");
  const char level = at != std::string_view::npos && at + 2 < priority.size() ? priority[at + 2] : '3';
  return level == '3' ? Urgency::normal : level < '3' ? Urgency::high : Urgency::low;
}

}  // namespace

H2Exchange::H2Exchange(H2Connection& connection)
    : H2Stream(connection.link_, Origin::client),
      connection_(connection),
      settings_(connection.settings_),
      request_(arena_, connection.peer_),
      content_(*this),
      began_(Loop::current().now()) {}

void H2Exchange::on_head(http::h2::HeadBlock& block, bool ended) {
  reason_ = http::h2::read_request(block, ended, settings_.limits, request_, facts_);
  if (ended) {
    on_end();
  } else if (!facts_.extended_connect) {
    request_.body = &content_;
  }
  arrived_ = true;
  connection_.arrived(*this);
}

void H2Exchange::on_closed(ErrorCode error) {
  H2Stream::on_closed(error);
  if (!arrived_) {
    connection_.discard(*this);
    return;
  }
  if (scope_ != nullptr && !finished()) {
    scope_->cancel(Error::of(Code::cancelled, "the client reset the stream", Origin::client));
  }
}

Task<void> H2Exchange::run(H2Connection& connection, H2Exchange& exchange) {
  std::unique_ptr<H2Exchange> self(&exchange);
  co_await self->serve();
  connection.ended(*self);
}

Task<void> H2Exchange::serve() {
  if (closed() && !finished()) co_return;  // reset before its turn came
  Scope* parent = co_await current_scope();
  Scope scope(parent);
  scope_ = &scope;
  if (reason_ != http::Reason::none) {
    co_await in_scope(scope, refuse(http::status_of(reason_), http::text_of(reason_)));
  } else {
    admit(request_, settings_);
    request_.interim = this;
    continue_owed_ = facts_.expect_continue;
    if (facts_.extended_connect) offer_key();
    co_await in_scope(scope, respond());
  }
  if (scope.running() > 0) {
    // Whatever still works for this exchange (the pump of an upload that was answered early) ends with it.
    scope.cancel(Error::of(Code::cancelled, "the exchange is over"));
    co_await scope.join();
  }
  scope_ = nullptr;
  if (id() == 0) co_return;
  // An answered upload is not wanted any more (RFC 9113 §8.1); anything else that is unfinished is a failure.
  if (!finished()) {
    reset(ErrorCode::internal_error);
  } else if (!ended()) {
    reset(ErrorCode::no_error);
  }
}

Task<void> H2Exchange::respond() {
  Ref<PinnedSnapshot> pinned = connection_.host_.snapshot();
  const HttpRoutes* routes = routes_for(*(**pinned).entry_points[connection_.index_], connection_.tls_.get(), request_);
  if (routes == nullptr) {
    co_await refuse(421, kMisdirected);
    co_return;
  }
  Result<http::Response> response =
      co_await answer_request(*routes, **pinned, connection_.index_, connection_.host_, request_);
  if (closed()) {
    log::debug("499 the client reset the stream", {{log::field::kRouter, request_.router}});
    co_return;
  }
  if (!response) {
    const Error& error = response.error();
    if (error.origin == Origin::client) {
      ClientFault fault = client_fault(error);
      if (fault.status != 0) co_await refuse(fault.status, fault.why);
      co_return;
    }
    if (error.code == Code::cancelled && scope_->cancelled()) co_return;
    response = proxy::error_response(request_, error);
  }
  if (response->tunnel) {
    co_await tunnel(std::move(*response));
    co_return;
  }
  // A success of CONNECT opens a tunnel, and this server has not opened one (RFC 8441 §5).
  if (facts_.extended_connect && response->status < 300) {
    response = proxy::error_response(request_,
                                     Error::of(Code::invalid, "the server did not switch protocols", Origin::upstream));
  }
  co_await write(std::move(*response));
}

Task<void> H2Exchange::write(http::Response response) {
  http::h2::ResponseForm form{request_.method, connection_.host_.date()};
  Result<http::h2::Block> head = http::h2::write_response(arena_, response, form);
  if (!head) {
    Error error = head.error();
    response = proxy::error_response(request_, error);
    head = http::h2::write_response(arena_, response, form);
    SLUICE_CHECK(head.ok());
  }
  bool with_content = response.body != nullptr && request_.method != http::Method::head && response.status != 204 &&
                      response.status != 304 && response.body->remaining() != std::uint64_t{0};
  Status begun = link().session().respond(*this, *head, !with_content);
  if (!begun) co_return;
  if (with_content) {
    co_await write_content(*response.body);
    co_return;
  }
  link().push();
  [[maybe_unused]] Status sent = co_await settle(write_stall(settings_));
}

Task<void> H2Exchange::write_content(http::Body& body) {
  for (;;) {
    // Content is fetched when it can leave: what waits for its turn waits in the upstream's socket.
    if (link().crowded()) {
      Status room = co_await link().room(urgency_of(request_));
      if (!room) co_return;
    }
    if (!body.ready()) link().push();
    Result<Bytes> piece = co_await body.read();
    if (!piece) {
      // The client must see that the response is cut short: its stream is reset.
      if (!closed() && piece.error().code != Code::cancelled) log_cut_short(request_, piece.error());
      link().push();
      co_return;
    }
    bool last = piece->empty() || body.remaining() == std::uint64_t{0};
    bool framed = piece->empty() ? finish(body.trailers()) : H2Stream::write(*piece, last);
    if (!framed) {
      Status settled = co_await settle(write_stall(settings_));
      if (!settled && settled.error().code == Code::timed_out) reset(ErrorCode::cancel);
      if (!settled) co_return;
    }
    if (last) co_return;
  }
}

// RFC 6455 §4.1: servers of HTTP/1 want a key, which clients of HTTP/2 do not send.
void H2Exchange::offer_key() {
  if (request_.fields.has(http::FieldId::sec_websocket_key)) return;
  std::array<char, 16> nonce{};
  random_bytes(nonce);
  request_.fields.add(http::FieldId::sec_websocket_key, arena_.copy(base64_encode({nonce.data(), nonce.size()})));
}

Task<void> H2Exchange::tunnel(http::Response response) {
  response.status = 200;
  response.fields.remove("Sec-WebSocket-Accept");
  response.fields.remove(http::FieldId::content_length);
  http::h2::ResponseForm form{request_.method, connection_.host_.date()};
  Result<http::h2::Block> head = http::h2::write_response(arena_, response, form);
  if (!head) co_return;
  Status begun = link().session().respond(*this, *head, false);
  if (!begun) co_return;
  link().push();
  H2TunnelStream client(*this);
  [[maybe_unused]] Status ended = co_await response.tunnel->run(client, {});
}

Task<void> H2Exchange::refuse(std::uint16_t status, std::string_view why) {
  http::Response response = refusal(arena_, settings_, connection_.peer_, status, why);
  co_await write(std::move(response));
}

Task<Status> H2Exchange::send_interim(std::uint16_t status, const http::Fields& fields) {
  Result<http::h2::Block> head = http::h2::write_interim(arena_, status, fields);
  if (!head) co_return head.error();
  Status sent = link().session().interim(*this, *head);
  if (!sent) sent.error().origin = Origin::client;
  link().push();
  co_return sent;
}

Task<Result<http::Bytes>> H2Exchange::read_content() {
  if (continue_owed_) {
    continue_owed_ = false;
    http::Fields none(arena_);
    Status sent = co_await send_interim(100, none);
    if (!sent) co_return sent.error();
  }
  Result<Bytes> bytes = co_await read(content_deadline(settings_, began_));
  if (bytes) {
    delivered_ += bytes->size();
  } else if (bytes.error().code != Code::cancelled) {
    bytes.error().origin = Origin::client;
    if (bytes.error().code == Code::timed_out) {
      bytes.error().text = "the content of the request did not arrive in time";
    }
  }
  co_return bytes;
}

// Content of known length ends with its stream, and trailers may come before that.
std::optional<std::uint64_t> H2Exchange::Content::remaining() const {
  if (!exchange_.facts_.length) return std::nullopt;
  std::uint64_t left = *exchange_.facts_.length - std::min(*exchange_.facts_.length, exchange_.delivered_);
  if (left == 0 && !(exchange_.ended() && exchange_.received() == exchange_.delivered_)) return std::nullopt;
  return left;
}

}  // namespace sluice::server
