// messages.h: from decoded header blocks to messages in their normal form and back (RFC 9113 §8). Whatever HTTP/1
// refuses in a head is refused here too, with the same reasons, so that no request can be smuggled through the
// translation. Pure; any thread.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"
#include "http/h2/head_block.h"
#include "http/message.h"

namespace sluice::http::h2 {

// What a request's head says beyond the request.
struct RequestFacts {
  std::optional<std::uint64_t> length;  // of its content
  bool expect_continue = false;
  bool extended_connect = false;  // RFC 8441: `request` is the GET with Upgrade that means the same in HTTP/1
};

// Fills `request` (all but its body) from a complete block; `ended`: no content follows. Consumes the block's fields.
Reason read_request(HeadBlock& block, bool ended, const h1::Limits& limits, Request& request, RequestFacts& facts);

// Fills status, version and fields. `length` is that of the content, if the head says so.
Reason read_response(HeadBlock& block, Response& response, std::optional<std::uint64_t>& length);

// Those of the trailer fields that may be passed on (trailers.h); null for none.
const Fields* read_trailers(HeadBlock& block);

// A block to be sent: pseudo-header fields first. Views into arena, message or static text.
using Block = std::span<const Field>;

struct RequestForm {
  std::string_view scheme = "http";
  std::string_view authority;
};
// Errors: Code::invalid, for a byte that no field can carry.
Result<Block> write_request(Arena& arena, const Request& request, const RequestForm& form);

struct ResponseForm {
  Method method = Method::get;  // of the request
  std::string_view date;        // http_date of now, for a response that has none
};
Result<Block> write_response(Arena& arena, const Response& response, const ResponseForm& form);
// `status` is 100 to 199 but not 101.
Result<Block> write_interim(Arena& arena, std::uint16_t status, const Fields& fields);
Result<Block> write_trailers(Arena& arena, const Fields& trailers);

}  // namespace sluice::http::h2
