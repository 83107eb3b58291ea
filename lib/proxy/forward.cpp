#include "proxy/forward.h"

#include <array>

#include "http/forwarded.h"
#include "http/h1/response_parser.h"
#include "http/h1/writer.h"
#include "http/hop_by_hop.h"
#include "net/relay.h"
#include "net/socket_stream.h"
#include "proxy/exchange.h"
#include "proxy/h2_attempt.h"
#include "proxy/response_body.h"
#include "proxy/worker_local.h"

namespace sluice::proxy {
namespace {

using http::Bytes;

constexpr int kMostInterimResponses = 16;
constexpr std::uint32_t kMostForStream = 64 * 1024;

// Upstreams get the same limits as clients, but for the number of fields: what they send, the operator runs.
const http::h1::Limits& response_limits() {
  static const http::h1::Limits limits = [] {
    http::h1::Limits upstream;
    upstream.max_header_bytes = 256 * 1024;
    upstream.max_fields = 1000;
    return upstream;
  }();
  return limits;
}

bool is_idempotent(http::Method method) {
  // RFC 9110 §9.2.2
  switch (method) {
    case http::Method::get:
    case http::Method::head:
    case http::Method::options:
    case http::Method::put:
    case http::Method::delete_:
    case http::Method::trace: return true;
    default: return false;
  }
}

Error upstream_error(Error error) {
  if (error.code != Code::cancelled) error.origin = Origin::upstream;
  return error;
}

// One attempt on one connection: sends the request and reads response heads until the final one.
class Attempt {
 public:
  // `answered` becomes true once a byte of an answer has come: then the request must not be repeated.
  // One coroutine for all of it: every one more costs as much as parsing a field.
  static Task<Result<http::Response>> run(std::unique_ptr<Connection> connection, http::Request& request,
                                          const Destination& destination, bool& answered) {
    Attempt self(request, Ref<Exchange>(new Exchange(*destination.endpoint, std::move(connection))));
    http::h1::RequestForm form;
    form.host =
        destination.pass_host_header ? request.authority : std::string_view(destination.endpoint->url().authority);
    form.framing = http::h1::request_framing(request);
    Result<Bytes> text = http::h1::write_request_head(request.arena, request, form);
    if (!text) co_return text.error();
    if (request.body == nullptr) {
      Status sent = co_await net::write_all(self.exchange_->stream(), *text, net::kNoStall);
      if (!sent) co_return upstream_error(sent.error());
    } else {
      bool chunked = form.framing.kind == http::h1::Framing::Kind::chunked;
      Scope* scope = co_await current_scope();
      scope->spawn(pump_request(self.exchange_, *request.body, *text, chunked, request.arena));
    }
    for (;;) {
      http::Response response(request.arena);
      http::h1::ResponseParser parser;
      http::h1::HeadResult head;
      for (;;) {
        if (!self.available_.empty()) {
          head = parser.parse(self.available_.bytes(), self.question_, response, response_limits());
          if (head.state != http::h1::HeadResult::State::need_more) break;
          self.available_.keep();
        }
        std::uint64_t uploaded = self.exchange_->uploaded;
        Result<Bytes> bytes = co_await self.exchange_->stream().read(self.deadline());
        if (bytes && !bytes->empty()) {
          answered = true;
          self.available_.append(*bytes);
          continue;
        }
        // The time to answer begins when the request is complete; an upload that makes progress is not.
        if (!bytes && bytes.error().code == Code::timed_out && self.exchange_->uploaded != uploaded) continue;
        co_return self.failure(bytes);
      }
      if (head.state == http::h1::HeadResult::State::refused) {
        co_return Error::of(Code::invalid, http::text_of(head.reason), Origin::upstream);
      }
      self.available_.drop_front(head.consumed);
      if (response.status >= 200 || response.status == 101) {
        self.finish(head, response);
        co_return response;
      }
      if (++self.interims_ > kMostInterimResponses) {
        co_return Error::of(Code::invalid, "too many interim responses", Origin::upstream);
      }
      if (response.status == 100 || request.interim == nullptr) continue;  // 100 is between us and the client
      http::remove_hop_by_hop_of_response(response.fields);
      self.available_.keep();
      Status sent = co_await request.interim->send_interim(response.status, response.fields);
      if (!sent) co_return sent.error();
    }
  }

 private:
  Attempt(http::Request& request, Ref<Exchange> exchange)
      : request_(request), exchange_(std::move(exchange)), question_{request.method, request.upgrade} {}

  Error failure(const Result<Bytes>& bytes) const {
    if (exchange_->upload == Exchange::Upload::failed) return exchange_->upload_error;
    if (bytes) return Error::of(Code::closed, "closed without a response", Origin::upstream);
    Error error = upstream_error(bytes.error());
    if (error.code == Code::timed_out) error.text = "no response within responseHeaderTimeout";
    return error;
  }

  Deadline deadline() const {
    Duration limit = exchange_->endpoint().settings().response_header_timeout;
    return limit > 0s ? Loop::current().now() + limit : kNoDeadline;
  }

  void finish(const http::h1::HeadResult& head, http::Response& response) {
    http::remove_hop_by_hop_of_response(response.fields);
    if (response.status == 101) {
      response.tunnel = std::make_unique<UpgradeTunnel>(std::move(exchange_), available_);
    } else if (head.framing.has_content()) {
      // Streams of one client wait for their windows at the same time, each with what it has read.
      net::SocketStream* socket = request_.version == http::Version::http2 ? exchange_->stream().socket() : nullptr;
      if (socket != nullptr) socket->limit_reads(kMostForStream);
      bool keep_alive = head.keep_alive && head.framing.kind != http::h1::Framing::Kind::until_close;
      response.body = std::make_unique<ResponseBody>(std::move(exchange_), head.framing, request_.arena,
                                                     response_limits(), available_, keep_alive);
    } else {
      exchange_->response_complete = available_.empty();
      exchange_->keep_alive = head.keep_alive;
    }
  }

  http::Request& request_;
  Ref<Exchange> exchange_;
  http::h1::Question question_;
  LentBytes available_;  // read and not parsed
  int interims_ = 0;
};

bool may_repeat(const http::Request& request, const Error& error) {
  if (error.origin != Origin::upstream || request.body != nullptr) return false;
  return error.nothing_sent || is_idempotent(request.method);
}

// Makes the request what the server gets; says what its path was.
std::string_view prepare(http::Request& request, const Destination& destination) {
  http::append_forwarded_for(request);
  request.append_forwarded_for = false;  // once, however often the request is repeated
  http::remove_hop_by_hop_of_request(request.fields);
  std::string_view path = request.target.path;
  if (destination.preserve_path && !destination.endpoint->url().path.empty()) {
    std::array<std::string_view, 2> pieces = {destination.endpoint->url().path, path};
    request.target.path = request.arena.join(pieces);
  }
  return path;
}

Task<Result<http::Response>> forward_http1(http::Request& request, const Destination& destination) {
  std::string_view path = prepare(request, destination);
  bool fresh = false;
  Upstreams& upstreams = WorkerLocal::current().upstreams();
  for (;;) {
    std::unique_ptr<Connection> connection = fresh ? nullptr : upstreams.take_idle(*destination.endpoint, request.host);
    if (connection == nullptr) {
      Result<std::unique_ptr<Connection>> dialled = co_await upstreams.dial(*destination.endpoint, request.host);
      if (!dialled) {
        request.target.path = path;
        co_return dialled.error();
      }
      connection = std::move(*dialled);
    }
    bool reused = connection->reused;
    if (reused && request.body != nullptr && !connection->stream->alive()) {
      // Content cannot be sent twice, so this one is worth a system call to learn that the upstream has gone.
      fresh = true;
      continue;
    }
    bool answered = false;
    Result<http::Response> response = co_await Attempt::run(std::move(connection), request, destination, answered);
    bool again = !response && reused && !fresh && !answered && may_repeat(request, response.error());
    if (!again) {
      request.target.path = path;
      co_return response;
    }
    fresh = true;
  }
}

// What one attempt may use: a part of a shared connection, or a connection of its own.
struct Way {
  Ref<H2Upstream> shared;
  std::unique_ptr<Connection> own;
  bool reused = false;
};

// `fresh`: a connection that failed has been seen, so no idle one is taken.
Task<Result<Way>> way_to(const Endpoint& endpoint, const http::Request& request, bool fresh) {
  WorkerLocal& local = WorkerLocal::current();
  Way way;
  bool secure = endpoint.url().scheme == ServerUrl::Scheme::https;
  if (secure && !request.upgrade.empty()) {
    Result<std::unique_ptr<Connection>> dialled = co_await local.upstreams().dial_http1(endpoint, request.host);
    if (!dialled) co_return dialled.error();
    way.own = std::move(*dialled);
    co_return way;
  }
  if (!fresh && local.h2_pool().chose_http1(endpoint)) {
    way.own = local.upstreams().take_idle(endpoint, request.host);
    if (way.own != nullptr && request.body != nullptr && !way.own->stream->alive()) way.own = nullptr;
  }
  if (way.own == nullptr) {
    Result<H2Pool::Way> acquired = co_await local.h2_pool().acquire(endpoint, request.host);
    if (!acquired) co_return acquired.error();
    way.shared = std::move(acquired->shared);
    if (!way.shared) way.own = local.upstreams().wrap(endpoint, request.host, std::move(acquired->http1));
  }
  way.reused = way.shared ? way.shared->reused() : way.own->reused;
  co_return way;
}

// For servers that speak HTTP/2, or choose a version when they are connected to.
Task<Result<http::Response>> forward_negotiated(http::Request& request, const Destination& destination) {
  // A server that leaves may refuse what was sent meanwhile, and so may the next connection it is asked on.
  constexpr int kMostAttempts = 3;
  std::string_view path = prepare(request, destination);
  if (destination.endpoint->url().scheme == ServerUrl::Scheme::h2c) request.upgrade = {};  // nothing to upgrade
  http::Body* body = request.body;
  // Content that was taken cannot be sent by somebody else.
  auto restored = [&](Result<http::Response> result) {
    request.target.path = path;
    if (!result && request.body != body) result.error().nothing_sent = false;
    request.body = body;
    return result;
  };
  bool fresh = false;
  for (int attempt = 1;; ++attempt) {
    Result<Way> way = co_await way_to(*destination.endpoint, request, fresh);
    if (!way) co_return restored(way.error());
    bool reused = way->reused;
    bool shared = static_cast<bool>(way->shared);
    H2Outcome outcome;
    Task<Result<http::Response>> attempted =
        shared ? attempt_h2(std::move(way->shared), request, destination, outcome)
               : Attempt::run(std::move(way->own), request, destination, outcome.answered);
    Result<http::Response> response = co_await std::move(attempted);
    bool again = false;
    if (!response && !outcome.answered && attempt < kMostAttempts && response.error().origin == Origin::upstream) {
      bool refused = shared && response.error().nothing_sent;
      again = refused || outcome.content || (reused && !fresh && may_repeat(request, response.error()));
    }
    if (!again) co_return restored(std::move(response));
    if (outcome.content) {
      // It owns nothing, so that nobody has to destroy it.
      void* place = request.arena.allocate(sizeof(http::TextBody), alignof(http::TextBody));
      request.body = ::new (place) http::TextBody(*outcome.content);
    }
    fresh = true;
  }
}

}  // namespace

// Not a coroutine: it only chooses whose task the caller awaits.
Task<Result<http::Response>> forward(http::Request& request, const Destination& destination) {
  if (destination.endpoint->may_multiplex()) return forward_negotiated(request, destination);
  return forward_http1(request, destination);
}

}  // namespace sluice::proxy
