#include "middleware/grpc_web_bodies.h"

#include "base/encoding.h"
#include "base/text.h"
#include "http/fields.h"

namespace sluice::middleware {

Task<Result<http::Bytes>> Base64DecodedBody::read() {
  for (;;) {
    Result<http::Bytes> piece = co_await inner_.read();
    if (!piece) co_return piece.error();
    if (piece->empty()) {
      if (quad_.empty()) co_return http::Bytes();
      co_return Error::of(Code::invalid, "the base64 of a gRPC-Web request ends too early", Origin::client);
    }
    out_.clear();
    for (char c : *piece) {
      quad_ += c;
      if (quad_.size() < 4) continue;
      Result<std::string> bytes = base64_decode(quad_);
      quad_.clear();
      if (!bytes) co_return Error::of(Code::invalid, "a gRPC-Web request is not base64", Origin::client);
      out_ += *bytes;
    }
    if (!out_.empty()) co_return http::Bytes(out_);
  }
}

std::string GrpcWebBody::trailer_frame() const {
  std::string lines;
  if (const http::Fields* trailers = inner().trailers()) {
    for (const http::Field& field : *trailers) {
      lines += lowered(field.name);
      lines += ": ";
      lines += field.value;
      lines += "\r\n";
    }
  }
  std::string frame = {'\x80'};
  for (int shift = 24; shift >= 0; shift -= 8) frame += static_cast<char>(lines.size() >> shift & 0xff);
  return frame + lines;
}

Task<Result<http::Bytes>> GrpcWebBody::read() {
  if (ended_) co_return http::Bytes();
  Result<http::Bytes> piece = co_await inner().read();
  if (!piece) co_return piece.error();
  ended_ = piece->empty();
  if (!ended_ && !text_) co_return piece;
  out_ = ended_ ? trailer_frame() : std::string(*piece);
  if (text_) out_ = base64_encode(out_);
  co_return http::Bytes(out_);
}

}  // namespace sluice::middleware
