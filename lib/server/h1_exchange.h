// h1_exchange.h: one request and its response on an HTTP/1 client connection.
//
// Lives in the frame of the connection's task for as long as the exchange lasts; everything of the request points into
// its arena.
#pragma once

#include <optional>

#include "http/h1/request_parser.h"
#include "proxy/h1_content.h"
#include "server/h1_connection.h"

namespace sluice::server {

class H1Exchange final : private http::InterimSink, private http::Body, private async::BreakObserver {
 public:
  // One exchange, from its first byte to what may follow. The object lives in this coroutine's frame, so that the frame
  // of an idle connection does not hold one.
  static Task<Next> run(H1Connection& connection);

 private:
  explicit H1Exchange(H1Connection& connection);
  ~H1Exchange() override;

  Task<Result<bool>> read_head();
  const HttpRoutes* routes_of(const Snapshot& snapshot) const;
  Task<Next> respond_to(Scope& scope);
  Task<Next> write(http::Response response);
  Task<Next> tunnel(http::Response response);
  Task<Next> refuse(std::uint16_t status, std::string_view why);
  Task<bool> drain_content();
  void prepare();
  bool may_keep_alive() const;
  Duration write_stall() const;
  Deadline content_deadline() const;

  // InterimSink
  Task<Status> send_interim(std::uint16_t status, const http::Fields& fields) override;
  // Body of the request
  Task<Result<http::Bytes>> read() override;
  bool ready() const override;
  const http::Fields* trailers() const override { return content_->trailers(); }
  std::optional<std::uint64_t> remaining() const override { return content_->remaining(); }
  net::Stream* direct() override;
  void moved(std::uint64_t bytes) override { content_->bypassed(bytes); }
  // The client went away while nobody read from it.
  void connection_broke() override;

  H1Connection& connection_;
  net::Stream& stream_;
  const EntryPointSettings& settings_;
  Arena arena_;
  http::Request request_;
  http::h1::HeadResult head_;
  std::optional<proxy::H1Content> content_;
  Scope* scope_ = nullptr;
  Time began_;
  bool continue_owed_ = false;  // the client waits for 100 before it sends the content
  bool content_failed_ = false;
  bool client_gone_ = false;
};

}  // namespace sluice::server
