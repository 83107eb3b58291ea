// h2_exchange.h: one request and its response on a stream of an HTTP/2 client connection.
//
// Made when a stream opens; its task begins when the head is complete and ends when the response has been framed, or
// when the client reset the stream, which cancels everything that works for it. Everything of the request points into
// its arena.
#pragma once

#include <optional>

#include "http/h2/messages.h"
#include "proxy/h2_stream.h"
#include "server/h2_connection.h"

namespace sluice::server {

class H2Exchange final : public proxy::H2Stream, public ListNode<>, private http::InterimSink {
 public:
  static void* operator new(std::size_t size) { return async::allocate_frame(size); }
  static void operator delete(void* memory, std::size_t size) { async::release_frame(memory, size); }

  explicit H2Exchange(H2Connection& connection);

  // From the head to the end; `exchange` is gone afterwards.
  static Task<void> run(H2Connection& connection, H2Exchange& exchange);

 private:
  using Bytes = http::Bytes;

  // The content of the request.
  class Content final : public http::Body {
   public:
    explicit Content(H2Exchange& exchange) : exchange_(exchange) {}
    Task<Result<Bytes>> read() override { return exchange_.read_content(); }
    bool ready() const override { return !exchange_.continue_owed_ && exchange_.ready(); }
    const http::Fields* trailers() const override { return exchange_.trailers(); }
    std::optional<std::uint64_t> remaining() const override;

   private:
    H2Exchange& exchange_;
  };

  Task<void> serve();
  Task<void> respond();
  Task<void> write(http::Response response);
  Task<void> write_content(http::Body& body);
  Task<void> tunnel(http::Response response);
  Task<void> refuse(std::uint16_t status, std::string_view why);
  Task<Result<Bytes>> read_content();
  void offer_key();

  Task<Status> send_interim(std::uint16_t status, const http::Fields& fields) override;

  Arena& head_arena() override { return arena_; }
  void on_head(http::h2::HeadBlock& block, bool ended) override;
  void on_closed(http::h2::ErrorCode error) override;

  H2Connection& connection_;
  const EntryPointSettings& settings_;
  Arena arena_;
  http::Request request_;
  http::h2::RequestFacts facts_;
  http::Reason reason_ = http::Reason::none;
  Content content_;
  Scope* scope_ = nullptr;
  std::uint64_t delivered_ = 0;  // bytes of content given out
  Time began_;
  bool arrived_ = false;        // the head is complete
  bool continue_owed_ = false;  // the client waits for 100 before it sends the content
};

}  // namespace sluice::server
