// describe.h: everything a parsed head says, as text, so that two readings can be compared. For unit tests and fuzz
// targets.
#pragma once

#include <string>
#include <string_view>

#include "http/h1/framing.h"
#include "http/message.h"
#include "http/rejection.h"

namespace sluice::http::h1 {

struct ReadRequest {
  Arena arena;
  Peer peer;
  Request request{arena, peer};
  HeadResult result;
};

struct ReadResponse {
  Arena arena;
  Response response{arena};
  HeadResult result;
};

inline std::string describe(const Fields& fields) {
  std::string text;
  for (const Field& field : fields) text.append(field.name).append("=").append(field.value).append("\n");
  return text;
}

inline std::string describe(const HeadResult& result) {
  if (result.state == HeadResult::State::refused) return "refused: " + std::string(name_of(result.reason));
  if (result.state == HeadResult::State::need_more) return "need more";
  return "done " + std::to_string(result.consumed) + " framing " +
         std::to_string(static_cast<int>(result.framing.kind)) + ":" + std::to_string(result.framing.length) +
         (result.keep_alive ? " keep-alive" : " close") + (result.expect_continue ? " expects 100" : "") + "\n";
}

inline std::string describe(const ReadRequest& read) {
  std::string text = describe(read.result);
  if (read.result.state != HeadResult::State::done) return text;
  const Request& request = read.request;
  for (std::string_view part : {request.method_text, request.authority, request.host, request.target.path,
                                request.target.match_path, request.target.query, request.upgrade}) {
    text.append(part).append("|");
  }
  return text + std::to_string(static_cast<int>(request.version)) + "\n" + describe(request.fields);
}

inline std::string describe(const ReadResponse& read) {
  std::string text = describe(read.result);
  if (read.result.state != HeadResult::State::done) return text;
  return text + std::to_string(read.response.status) + " " + std::to_string(static_cast<int>(read.response.version)) +
         "\n" + describe(read.response.fields);
}

}  // namespace sluice::http::h1
