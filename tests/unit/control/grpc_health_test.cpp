// What the answer to a gRPC health check says.
#include "control/grpc_health.h"

#include "support/catch.h"

using namespace sluice;
using namespace sluice::control;

namespace {

rest::Reply reply(std::string message, std::string status = "0") {
  rest::Reply one;
  one.status = 200;
  one.body = std::string("\0\0\0\0", 4) + static_cast<char>(message.size()) + message;
  if (!status.empty()) one.trailers.emplace_back("Grpc-Status", std::move(status));
  return one;
}

}  // namespace

TEST_CASE("the question is one empty message to the health service, in HTTP/2") {
  rest::Call call;
  ask_grpc_health(call);
  CHECK(call.http2);
  CHECK(call.method == "POST");
  CHECK(call.path == "/grpc.health.v1.Health/Check");
  CHECK(call.body == std::string(5, '\0'));
}

TEST_CASE("only SERVING is healthy") {
  CHECK(grpc_health_of(reply("\x08\x01")).empty());
  CHECK(grpc_health_of(reply("\x08\x02")).find("NOT_SERVING") != std::string::npos);
  CHECK(grpc_health_of(reply("\x08\x03")).find("SERVICE_UNKNOWN") != std::string::npos);
  CHECK(grpc_health_of(reply("")).find("UNKNOWN") != std::string::npos);
  CHECK_FALSE(grpc_health_of(reply("\x08\x01", "14")).empty());
  CHECK_FALSE(grpc_health_of(reply("\x08\x01", "")).empty());
  CHECK(grpc_health_of(reply("", "12")).find("does not implement") != std::string::npos);
}

TEST_CASE("fields that nobody knows yet are passed over") {
  CHECK(grpc_health_of(reply("\x12\x03"
                             "abc"
                             "\x08\x01"
                             "\x1d"
                             "1234"
                             "\x21"
                             "12345678"))
            .empty());
  CHECK(grpc_health_of(reply("\x08\x02\x08\x01")).empty());  // the last one counts
}

TEST_CASE("an answer without a message may carry its status in the head") {
  rest::Reply one;
  one.status = 200;
  one.headers.emplace_back("grpc-status", "12");
  CHECK(grpc_health_of(one).find("does not implement") != std::string::npos);
}

TEST_CASE("what is no gRPC answer is no good health") {
  rest::Reply one = reply("\x08\x01");
  one.status = 404;
  CHECK_FALSE(grpc_health_of(one).empty());
  one.status = 200;
  for (std::size_t size = 0; size < 7; ++size) {
    rest::Reply cut = reply("\x08\x01");
    cut.body.resize(size);
    CHECK_FALSE(grpc_health_of(cut).empty());
  }
  CHECK_FALSE(grpc_health_of(reply("\x12\x7f"
                                   "abc"))
                  .empty());                                            // longer than the message
  CHECK_FALSE(grpc_health_of(reply("\x0f")).empty());                   // a wire type that does not exist
  CHECK_FALSE(grpc_health_of(reply(std::string(20, '\xff'))).empty());  // a number without an end
}
