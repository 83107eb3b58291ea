#include "proxy/mirroring.h"

#include "async/scope.h"
#include "async/signal.h"
#include "async/timer.h"
#include "observe/log.h"
#include "proxy/content_store.h"
#include "proxy/worker_local.h"

namespace sluice::proxy {
namespace {

// So much of a mirror's answer is read to keep its connection.
constexpr std::uint64_t kReadOfAnswer = 1024 * 1024;

void copy_head(const http::Request& from, http::Request& to) {
  Arena& arena = to.arena;
  to.method = from.method;
  to.method_text = arena.copy(from.method_text);
  to.version = from.version;
  to.authority = arena.copy(from.authority);
  to.host = arena.copy(from.host);
  to.target.path = arena.copy(from.target.path);
  to.target.match_path = arena.copy(from.target.match_path);
  to.target.query = arena.copy(from.target.query);
  to.target.has_query = from.target.has_query;
  to.target.raw = arena.copy(from.target.raw);
  to.append_forwarded_for = from.append_forwarded_for;
  to.router = arena.copy(from.router);
  to.fields.reserve(from.fields.size() + 1);
  for (const http::Field& field : from.fields) {
    to.fields.add(http::Field{arena.copy(field.name), arena.copy(field.value), field.id});
  }
}

Task<void> cancel_later(Scope& scope, Duration after) {
  Status slept = co_await sleep_for(after);
  if (slept) scope.cancel(Error::of(Code::timed_out, "the mirror took too long"));
}

}  // namespace

struct Mirroring::Plan {
  Options options;
  std::vector<Mirror> mirrors;
  std::shared_ptr<State> state;
};

// A request for the mirrors: nothing in it points into the exchange it was made of. Held by the exchange's scope until
// the exchange is over, then by the tasks that send it.
class Mirroring::Copy final : public RefCounted {
 public:
  Copy(std::shared_ptr<const Plan> plan, std::uint64_t mirrors, const http::Request& from)
      : plan_(std::move(plan)), mirrors_(mirrors), request_(arena_, peer_) {
    State::PerWorker& mine = room();
    ++mine.copies;
    peer_.remote = from.peer.remote;
    peer_.local = from.peer.local;
    peer_.entry_point = from.peer.entry_point;  // lives as long as the worker
    peer_.tls = from.peer.tls;
    peer_.sni = arena_.copy(from.peer.sni);
    peer_.remote_text = arena_.copy(from.peer.remote_text);
    copy_head(from, request_);
    if (from.body != nullptr && plan_->options.mirror_body) content_ = Ref<ContentStore>(new ContentStore);
    complete_ = !content_;
  }
  ~Copy() {
    room().kept -= kept();
    --room().copies;
  }

  // A piece of the content. Too much of it, and there will be no copy.
  void add(std::string_view piece) {
    if (!content_) return;
    std::int64_t limit = plan_->options.max_body_size;
    bool fits = limit < 0 || kept() + piece.size() <= static_cast<std::uint64_t>(limit);
    if (!fits || room().kept + piece.size() > kMostKept || !content_->append(piece)) {
      room().kept -= kept();
      content_ = Ref<ContentStore>();
      return;
    }
    room().kept += piece.size();
  }
  void end() { complete_ = static_cast<bool>(content_); }
  bool complete() const { return complete_; }

  const Plan& plan() const { return *plan_; }
  bool is_for(std::size_t mirror) const { return (mirrors_ >> mirror & 1) != 0; }
  const http::Peer& peer() const { return peer_; }

  // Makes `request`, whose peer is that of the copy, what the exchange's was. Both must not outlive the copy.
  void fill(http::Request& request) const {
    request.method = request_.method;
    request.method_text = request_.method_text;
    request.version = request_.version;
    request.authority = request_.authority;
    request.host = request_.host;
    request.target = request_.target;
    request.append_forwarded_for = request_.append_forwarded_for;
    request.router = request_.router;
    request.fields.reserve(request_.fields.size() + 1);
    for (const http::Field& field : request_.fields) request.fields.add(field);
    if (content_) request.body = content_->new_request_body(request.arena);
  }

 private:
  State::PerWorker& room() const { return plan_->state->per_worker_[WorkerLocal::current().index()]; }
  std::uint64_t kept() const { return content_ ? content_->size() : 0; }

  std::shared_ptr<const Plan> plan_;
  std::uint64_t mirrors_;
  Arena arena_;
  http::Peer peer_;
  http::Request request_;
  Ref<ContentStore> content_;  // null: there is none, or it is too large
  bool complete_ = false;
};

// The content on its way to the main service. In the exchange's arena; the exchange's scope holds the copy.
class Mirroring::CopiedBody final : public http::Body {
 public:
  CopiedBody(http::Body& inner, Copy& copy) : inner_(inner), copy_(copy) {}

  Task<Result<http::Bytes>> read() override {
    Result<http::Bytes> piece = co_await inner_.read();
    if (!piece) co_return piece;  // the exchange may be over, and the copy with it
    if (!piece->empty()) copy_.add(*piece);
    // RFC 9112 §6.3: content of known length ends with its last byte; nobody has to ask for more.
    if (piece->empty() || inner_.remaining() == std::uint64_t{0}) copy_.end();
    co_return piece;
  }
  bool ready() const override { return inner_.ready(); }
  const http::Fields* trailers() const override { return inner_.trailers(); }
  std::optional<std::uint64_t> remaining() const override { return inner_.remaining(); }

 private:
  http::Body& inner_;
  Copy& copy_;
};

Mirroring::Mirroring(Options options, std::shared_ptr<const Handler> service, std::vector<Mirror> mirrors,
                     std::shared_ptr<State> state)
    : service_(std::move(service)),
      plan_(std::make_shared<const Plan>(Plan{std::move(options), std::move(mirrors), std::move(state)})) {}

// After n requests a mirror has had the nth part of its percentage, rounded up: as evenly as it goes.
std::uint64_t Mirroring::take_turn() const {
  unsigned& turn = plan_->state->per_worker_[WorkerLocal::current().index()].turn;
  unsigned now = turn + 1;
  std::uint64_t chosen = 0;
  for (std::size_t i = 0; i < plan_->mirrors.size(); ++i) {
    unsigned percent = plan_->mirrors[i].percent;
    if ((now * percent + 99) / 100 != (turn * percent + 99) / 100) chosen |= std::uint64_t{1} << i;
  }
  turn = now % 100;
  return chosen;
}

Task<Result<http::Response>> Mirroring::handle(http::Request& request) const {
  // What speaks another protocol after its head has no copy that could be told apart from the original.
  std::uint64_t mirrors = request.upgrade.empty() ? take_turn() : 0;
  if (mirrors == 0) return service_->handle(request);
  const Options& options = plan_->options;
  const State::PerWorker& mine = plan_->state->per_worker_[WorkerLocal::current().index()];
  std::uint64_t size = request.body != nullptr && options.mirror_body ? request.body->remaining().value_or(0) : 0;
  bool too_large = options.max_body_size >= 0 && size > static_cast<std::uint64_t>(options.max_body_size);
  if (too_large || mine.copies >= kMostCopies || mine.kept + size > kMostKept) return service_->handle(request);
  return serve_and_copy(request, mirrors);
}

Task<Result<http::Response>> Mirroring::serve_and_copy(http::Request& request, std::uint64_t mirrors) const {
  Ref<Copy> copy(new Copy(plan_, mirrors, request));
  http::Body* body = request.body;
  if (!copy->complete()) {
    // It owns nothing, so that nobody has to destroy it.
    void* place = request.arena.allocate(sizeof(CopiedBody), alignof(CopiedBody));
    request.body = ::new (place) CopiedBody(*body, *copy);
  }
  Scope* scope = co_await current_scope();
  scope->spawn(send_afterwards(copy));
  Result<http::Response> response = co_await service_->handle(request);
  request.body = body;
  co_return response;
}

// Waits in the exchange's scope until the exchange is over.
Task<void> Mirroring::send_afterwards(Ref<Copy> copy) {
  Signal never;
  Status over = co_await never.wait();
  if (over.ok() || over.error().origin == Origin::client || !copy->complete()) co_return;
  Scope& worker = WorkerLocal::current().background();
  for (std::size_t i = 0; i < copy->plan().mirrors.size(); ++i) {
    if (copy->is_for(i)) worker.spawn(send(copy, copy->plan().mirrors[i]));
  }
}

Task<void> Mirroring::send(Ref<Copy> copy, const Mirror& mirror) {
  Arena arena;
  http::Request request(arena, copy->peer());
  copy->fill(request);
  Scope* worker = co_await current_scope();
  Scope scope(worker);
  scope.spawn(cancel_later(scope, kLongest));
  co_await in_scope(scope, ask(request, mirror));
  scope.cancel(Error::of(Code::cancelled, "the mirror has answered"));
  co_await scope.join();
}

Task<void> Mirroring::ask(http::Request& request, const Mirror& mirror) {
  Result<http::Response> answer = co_await mirror.service->handle(request);
  std::uint64_t seen = 0;
  while (answer && answer->body != nullptr && seen <= kReadOfAnswer) {
    Result<http::Bytes> piece = co_await answer->body->read();
    if (!piece || piece->empty()) break;
    seen += piece->size();
  }
  if (answer) co_return;
  log::debug("a mirror did not answer", {{log::field::kService, mirror.name}, {log::field::kError, answer.error()}});
}

}  // namespace sluice::proxy
