// exchange.h: one request and its response on one leased HTTP/1 connection to an upstream.
//
// Shared by the task that pumps the request's content and by the response's body, on one worker; the last of them to
// let go returns the connection to the pool, if both messages are complete, or closes it.
#pragma once

#include <memory>

#include "async/task.h"
#include "base/arena.h"
#include "base/ref.h"
#include "http/body.h"
#include "proxy/upstreams.h"

namespace sluice::proxy {

class Exchange final : public RefCounted {
 public:
  // From the frame lists: a steady stream of requests allocates nothing.
  static void* operator new(std::size_t size) { return async::allocate_frame(size); }
  static void operator delete(void* memory, std::size_t size) { async::release_frame(memory, size); }

  Exchange(const Endpoint& endpoint, std::unique_ptr<Connection> connection)
      : endpoint_(endpoint), connection_(std::move(connection)) {}
  ~Exchange();

  net::Stream& stream() { return *connection_->stream; }
  const Endpoint& endpoint() const { return endpoint_; }

  enum class Upload : std::uint8_t {
    complete,  // the whole request was written (or it has no content)
    running,
    stopped,  // the upstream or the response ended it; the response may still be good
    failed,   // the client broke its own request: nothing the upstream says matters
  };
  Upload upload = Upload::complete;
  Error upload_error;              // with `failed`
  std::uint64_t uploaded = 0;      // bytes of content written so far: progress
  bool response_complete = false;  // with nothing behind it
  bool keep_alive = false;         // the upstream lets the connection be used again

 private:
  const Endpoint& endpoint_;
  std::unique_ptr<Connection> connection_;
};

// Sends head and content of `request`, as a child task of its exchange's scope.
Task<void> pump_request(Ref<Exchange> exchange, http::Body& body, http::Bytes head, bool chunked, Arena& arena);

}  // namespace sluice::proxy
