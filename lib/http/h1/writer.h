// writer.h: writes heads, chunks and trailers of HTTP/1 messages, both sides, in one pass into memory of the caller.
//
// Framing and connection fields are written from the given form alone: Host, Content-Length, Transfer-Encoding,
// Connection and Upgrade among the message's fields are left out. Every name and value is checked while it is copied,
// because a middleware may have set it: a byte that would end a line early is an error, never written. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/arena.h"
#include "base/result.h"
#include "http/body.h"
#include "http/h1/framing.h"
#include "http/message.h"

namespace sluice::http::h1 {

struct RequestForm {
  std::string_view host;  // the Host to send: request.authority, or the server's with passHostHeader off
  Framing framing;        // request_framing(request)
  bool close = false;     // the upstream connection is not to be used again
};

struct ResponseForm {
  Framing framing;                   // response_framing(…); until_close needs keep_alive off
  Method method = Method::get;       // of the request
  Version client = Version::http11;  // of the request
  bool keep_alive = true;
  std::string_view date;     // http_date of now, for a response that has none
  std::string_view upgrade;  // with status 101: the protocol switched to
};

// Bytes that are enough for the head.
std::size_t bound_of_request_head(const Request& request, const RequestForm& form);
std::size_t bound_of_response_head(const Response& response, const ResponseForm& form);

// The bytes written; `out` must have the bound. Error: Code::invalid when the message cannot be written as HTTP/1.
Result<std::size_t> write_request_head(std::span<char> out, const Request& request, const RequestForm& form);
Result<std::size_t> write_response_head(std::span<char> out, const Response& response, const ResponseForm& form);
// The same into an arena.
Result<Bytes> write_request_head(Arena& arena, const Request& request, const RequestForm& form);
Result<Bytes> write_response_head(Arena& arena, const Response& response, const ResponseForm& form);
// A response of status 102 to 199 other than 101, ahead of the final one.
Result<Bytes> write_interim_head(Arena& arena, std::uint16_t status, const Fields& fields);
inline constexpr Bytes kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

// A chunk is its head, its data and kChunkEnd. The last chunk is kLastChunk, or what write_trailers gives; the head of
// a chunk without data has no bytes, so that it cannot end a message by accident.
class ChunkHead {
 public:
  ChunkHead() = default;
  explicit ChunkHead(std::uint64_t size);
  Bytes bytes() const { return {text_.data() + from_, text_.size() - from_}; }

 private:
  static constexpr std::uint8_t kSize = 18;  // 16 digits, CR and LF
  std::array<char, kSize> text_;
  std::uint8_t from_ = kSize;
};
inline constexpr Bytes kChunkEnd = "\r\n";
inline constexpr Bytes kLastChunk = "0\r\n\r\n";
// The last chunk with trailer fields, which the caller has chosen (may_be_trailer).
Result<Bytes> write_trailers(Arena& arena, const Fields& trailers);

}  // namespace sluice::http::h1
