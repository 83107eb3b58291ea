// head_block.h: one header block of HTTP/2 as it is decoded: pseudo-header fields and fields, with bounds on bytes and
// number that count while decoding, because one byte on the wire can stand for a whole field.
//
// Lives in a session while its frames arrive. Names and values are copied into the arena of the stream. Not
// thread-safe.
#pragma once

#include <cstdint>
#include <string_view>

#include "http/fields.h"
#include "http/h1/limits.h"
#include "http/rejection.h"

namespace sluice::http::h2 {

class HeadBlock {
 public:
  HeadBlock(Arena& arena, const h1::Limits& limits) : fields(arena), limits_(limits) {}

  // In the order of the block. What is beyond a bound is counted and not stored.
  void add(std::string_view name, std::string_view value);
  // True when the block is so far beyond its bounds that it is not worth an answer.
  bool hopeless() const;

  std::string_view method;
  std::string_view scheme;
  std::string_view authority;
  std::string_view path;
  std::string_view protocol;  // RFC 8441
  std::string_view status;
  Fields fields;
  Reason reason = Reason::none;  // why the message is refused, if fields alone say so

 private:
  void add_pseudo(std::string_view name, std::string_view value);

  const h1::Limits& limits_;
  std::size_t bytes_ = 0;
  std::size_t count_ = 0;
};

}  // namespace sluice::http::h2
