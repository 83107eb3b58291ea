// grpc_web_bodies.h: the content of gRPC-Web calls: gRPC's own frames, with the trailers as one more frame at the end
// of a response, and all of it in base64 for the text variant (the gRPC-Web protocol specification, PROTOCOL-WEB.md).
#pragma once

#include <memory>
#include <string>

#include "async/lent.h"
#include "http/body.h"
#include "proxy/body_around.h"

namespace sluice::middleware {

// A request's content out of base64. Padding may come anywhere: clients encode each piece by itself.
class Base64DecodedBody final : public http::Body {
 public:
  explicit Base64DecodedBody(http::Body& inner) : inner_(inner) {}
  Task<Result<http::Bytes>> read() override;
  const http::Fields* trailers() const override { return inner_.trailers(); }

 private:
  http::Body& inner_;
  std::string quad_;  // characters that are not four yet
  std::string out_;
};

// A response's content with its trailers behind, in base64 if wanted.
class GrpcWebBody final : public proxy::BodyAround {
 public:
  GrpcWebBody(std::unique_ptr<http::Body> inner, bool text) : BodyAround(std::move(inner)), text_(text) {}
  Task<Result<http::Bytes>> read() override;
  bool ready() const override { return false; }
  const http::Fields* trailers() const override { return nullptr; }
  std::optional<std::uint64_t> remaining() const override { return std::nullopt; }
  net::Stream* direct() override { return nullptr; }

 private:
  std::string trailer_frame() const;

  bool text_;
  bool ended_ = false;
  std::string out_;
};

}  // namespace sluice::middleware
