// response_parser.h: reads the head of an HTTP/1 response, client side, as strictly as a request's: what is refused is
// a 502 for the client and the end of the upstream connection.
//
// One parser reads one head, interim ones included; each of them wants a new parser. It lives in the exchange with the
// upstream. Not thread-safe.
#pragma once

#include <string_view>

#include "http/body.h"
#include "http/h1/framing.h"
#include "http/h1/head_reader.h"
#include "http/h1/limits.h"
#include "http/message.h"

namespace sluice::http::h1 {

class ResponseParser {
 public:
  // As RequestParser::parse. When done, `response` has status, version and fields, as views into the arena of its
  // fields. A status below 200 other than 101 is interim: another head follows at result.consumed (how many of them are
  // suffered is the caller's count). A 101 is only done when `question` offered the protocol it names.
  HeadResult parse(Bytes available, const Question& question, Response& response, const Limits& limits);

  // False: nothing of an answer has come yet, so on a used connection the request may be sent again.
  bool started() const { return reader_.started(); }

 private:
  HeadReader reader_;
  bool has_line_ = false;
};

}  // namespace sluice::http::h1
