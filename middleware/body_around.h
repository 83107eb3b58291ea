// body_around.h: a response body that passes another one on: the base of those that add something to it.
//
// Owned by the response, on the worker of its request.
#pragma once

#include <memory>

#include "async/frames.h"
#include "http/body.h"

namespace sluice::middleware {

class BodyAround : public http::Body {
 public:
  static void* operator new(std::size_t size) { return async::allocate_frame(size); }
  static void operator delete(void* memory, std::size_t size) { async::release_frame(memory, size); }

  // `inner` is not null.
  explicit BodyAround(std::unique_ptr<http::Body> inner) : inner_(std::move(inner)) {}

  Task<Result<http::Bytes>> read() override { return inner_->read(); }
  bool ready() const override { return inner_->ready(); }
  const http::Fields* trailers() const override { return inner_->trailers(); }
  std::optional<std::uint64_t> remaining() const override { return inner_->remaining(); }
  net::Stream* direct() override { return inner_->direct(); }
  void moved(std::uint64_t bytes) override { inner_->moved(bytes); }

 protected:
  http::Body& inner() { return *inner_; }
  const http::Body& inner() const { return *inner_; }

 private:
  std::unique_ptr<http::Body> inner_;
};

}  // namespace sluice::middleware
