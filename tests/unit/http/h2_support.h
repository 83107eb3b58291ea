// h2_support.h: two sessions of HTTP/2 back to back, in memory, and streams that write down what they were told.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "http/h2/session.h"
#include "support/catch.h"

namespace sluice::http::h2 {

class NotedStream final : public Stream {
 public:
  NotedStream() : request(arena, peer) {}

  Arena arena;
  Peer peer;
  Request request;
  RequestFacts facts;
  Reason reason = Reason::none;
  std::vector<std::uint16_t> statuses;
  std::optional<std::uint64_t> length;
  std::string fields;
  std::string content;
  std::string trailers;
  bool heard_end = false;
  bool is_closed = false;
  ErrorCode error = ErrorCode::no_error;
  bool server = false;
  int heads = 0;

 private:
  static std::string text(const Fields& fields) {
    std::string all;
    for (const Field& field : fields) all.append(field.name).append("=").append(field.value).append("\n");
    return all;
  }

  Arena& head_arena() override { return arena; }
  void on_head(HeadBlock& block, bool ended) override {
    ++heads;
    if (server) {
      reason = read_request(block, ended, h1::Limits(), request, facts);
      fields = text(request.fields);
    } else {
      Response response(arena);
      reason = read_response(block, response, length);
      statuses.push_back(response.status);
      fields = text(response.fields);
    }
    heard_end = ended;
  }
  void on_trailers(HeadBlock& block) override {
    const Fields* kept = read_trailers(block);
    if (kept != nullptr) trailers = text(*kept);
  }
  void on_data(Bytes bytes) override { content += bytes; }
  void on_end() override { heard_end = true; }
  void on_sent() override {}
  void on_closed(ErrorCode code) override {
    is_closed = true;
    error = code;
  }
};

class NotedSession final : public Session::Owner {
 public:
  explicit NotedSession(Session::Role role, const Settings& settings = {}) : session(role, settings, *this) {}
  ~NotedSession() {
    for (NotedStream& stream : streams) session.detach(stream);
  }

  std::deque<NotedStream> streams;  // of the server, in order
  std::vector<Abuse> abuses;
  int goaways = 0;
  int strains = 0;
  bool refuse = false;
  std::string sent;  // everything produced
  Session session;

  Stream* on_open() override {
    if (refuse) return nullptr;
    streams.emplace_back().server = true;
    return &streams.back();
  }
  void on_goaway() override { ++goaways; }
  void on_settings() override {}
  void on_strain() override { ++strains; }
  void on_abuse(Abuse abuse) override { abuses.push_back(abuse); }

  std::string produce() {
    std::string out;
    session.produce(out);
    sent += out;
    return out;
  }
};

// A connected pair; `exchange` carries bytes both ways until neither has any, in pieces of at most `piece`.
struct Wire {
  explicit Wire(std::size_t piece_in = SIZE_MAX, const Settings& settings = {})
      : piece(piece_in), client(Session::Role::client), server(Session::Role::server, settings) {}

  Status feed(NotedSession& to, std::string_view bytes) {
    while (!bytes.empty()) {
      Status fed = to.session.receive(bytes.substr(0, piece), now);
      if (!fed) return fed;
      bytes.remove_prefix(std::min(piece, bytes.size()));
    }
    return {};
  }
  void exchange() {
    for (;;) {
      std::string up = client.produce();
      std::string down = server.produce();
      if (up.empty() && down.empty()) return;
      if (Status fed = feed(server, up); !fed) server_fault = fed;
      if (Status fed = feed(client, down); !fed) client_fault = fed;
    }
  }

  std::size_t piece;
  Time now{1'000'000'000};
  NotedSession client;
  NotedSession server;
  Status client_fault;
  Status server_fault;
};

// A request of the client's, written by our own codec.
struct Asking {
  // `content`: some follows, of a length that is not known.
  explicit Asking(Method method = Method::get, std::string_view path = "/path", bool content = false)
      : request(arena, peer) {
    if (content) request.body = &unsized;
    request.method = method;
    request.method_text = method_name(method);
    request.target = Target{path, path, {}, false, path};
    request.authority = "case.test";
  }
  Block block() {
    Result<Block> written = write_request(arena, request, {"http", request.authority});
    REQUIRE(written);
    return *written;
  }

  struct Unsized final : Body {
    Task<Result<Bytes>> read() override { co_return Bytes(); }
  };

  Arena arena;
  Peer peer;
  Unsized unsized;
  Request request;
};

}  // namespace sluice::http::h2
