// request_parser.h: reads the head of an HTTP/1 request, server side. Strict: docs/http.md lists what is refused.
//
// One parser reads one head. It lives in the exchange; an idle connection has none. Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "http/body.h"
#include "http/h1/framing.h"
#include "http/h1/head_reader.h"
#include "http/h1/limits.h"
#include "http/message.h"

namespace sluice::http::h1 {

class RequestParser {
 public:
  // `available` begins with the first byte behind the previous message and holds all that has come since: after
  // `need_more` the same bytes again, with new ones behind them, at any address. When done, `request` has method,
  // version, authority, host, target, fields (all but Host) and upgrade, as views into `arena` (which must be the
  // request's): `available` is no longer needed. The content, if result.framing has any, begins at result.consumed.
  HeadResult parse(Bytes available, Arena& arena, Request& request, const Limits& limits);

  // True from the first byte of a head on: then the end of the connection is a truncated request, before it is an
  // orderly close. Empty lines count as nothing.
  bool started() const { return reader_.started(); }

 private:
  Reason split_line(std::string_view line, const Limits& limits);
  Reason finish(std::string_view head, const Limits& limits, Request& request, HeadResult& result) const;

  HeadReader reader_;
  bool has_line_ = false;
  Method method_ = Method::get;
  Version version_ = Version::http11;
  std::uint32_t method_size_ = 0;
  std::uint32_t target_size_ = 0;
};

}  // namespace sluice::http::h1
