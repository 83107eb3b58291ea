#include "middleware/grpc_web.h"

#include "base/encoding.h"
#include "unit/middleware/middleware_test.h"

using namespace sluice;
using namespace std::string_literals;
using test::Ask;
using test::MiddlewareTest;
using test::Reply;

namespace {

const std::string kFrame = "\x00\x00\x00\x00\x03"s + "abc";
const std::string kTrailers = "\x80\x00\x00\x00\x10"s + "grpc-status: 0\r\n";

struct GrpcWebTest : MiddlewareTest {
  explicit GrpcWebTest(std::vector<std::string> origins = {}) {
    use(control::MadeMiddleware::of(std::make_shared<middleware::GrpcWeb>(config::GrpcWeb{std::move(origins)})));
    handler.answers = {{.fields = {{"Content-Type", "application/grpc+proto"}},
                        .body = {kFrame},
                        .length = false,
                        .trailers = {{"Grpc-Status", "0"}}}};
  }
  Reply call(const std::string& type, const std::string& body, test::FieldList fields = {}) {
    fields.emplace_back("Content-Type", type);
    return ask({.method = "POST", .fields = std::move(fields), .body = body});
  }
};

}  // namespace

TEST_CASE("a binary call becomes gRPC, and the trailers of its response a frame") {
  GrpcWebTest test;
  Reply reply = test.call("application/grpc-web+proto", kFrame);
  CHECK(test.seen().get("Content-Type") == "application/grpc+proto");
  CHECK(test.seen().get("TE") == "trailers");
  CHECK(test.seen().body == kFrame);
  CHECK(reply.get("Content-Type") == "application/grpc-web+proto");
  CHECK(reply.body == kFrame + kTrailers);
  CHECK(reply.trailers.empty());
  CHECK_FALSE(reply.length.has_value());
}

TEST_CASE("a call as text is decoded piece by piece, and its response encoded") {
  GrpcWebTest test;
  std::string body;
  for (int i = 0; i < 500; ++i) body += base64_encode(kFrame.substr(0, 5)) + base64_encode(kFrame.substr(5));
  Reply reply = test.call("application/grpc-web-text", body);
  CHECK(test.seen().get("Content-Type") == "application/grpc");
  CHECK(test.seen().body.size() == kFrame.size() * 500);
  CHECK(test.seen().body.starts_with(kFrame + kFrame));
  CHECK_FALSE(test.seen().length.has_value());
  CHECK(reply.get("Content-Type") == "application/grpc-web-text+proto");
  CHECK(reply.body == base64_encode(kFrame) + base64_encode(kTrailers));
}

TEST_CASE("a call whose base64 is broken is the client's fault") {
  GrpcWebTest test;
  for (const char* body : {"????", "AAA"}) {
    Reply reply = test.call("application/grpc-web-text", body);
    CHECK(reply.status == 0);
    CHECK(reply.error.origin == Origin::client);
  }
}

TEST_CASE("everything else passes untouched") {
  GrpcWebTest test;
  test.handler.answers = {{.fields = {{"Content-Type", "application/json"}}, .body = {"{}"}}};
  for (const char* type : {"application/json", "application/grpc", "application/grpc-webx"}) {
    Reply reply = test.call(type, "x");
    CHECK(test.seen().get("Content-Type") == type);
    CHECK(reply.body == "{}");
  }
  CHECK(test.call("application/grpc-web", "x").body == "{}");  // the server did not answer in gRPC
  CHECK(test.ask({.method = "OPTIONS", .fields = {{"Origin", "https://a.test"}}}).body == "{}");
}

TEST_CASE("allowOrigins may call, and others learn nothing") {
  GrpcWebTest test({"https://a.test"});
  auto preflight = [&](const std::string& origin) {
    return test.ask({.method = "OPTIONS",
                     .fields = {{"Origin", origin},
                                {"Access-Control-Request-Method", "POST"},
                                {"Access-Control-Request-Headers", "content-type,x-grpc-web"}}});
  };
  Reply reply = preflight("https://a.test");
  CHECK(reply.status == 200);
  CHECK(reply.get("Access-Control-Allow-Origin") == "https://a.test");
  CHECK(reply.get("Access-Control-Allow-Methods") == "POST");
  CHECK(reply.get("Access-Control-Allow-Headers") == "content-type,x-grpc-web");
  CHECK(preflight("https://b.test").get("Access-Control-Allow-Origin").empty());
  CHECK(test.handler.seen.empty());
  reply = test.call("application/grpc-web", kFrame, {{"Origin", "https://a.test"}});
  CHECK(reply.get("Access-Control-Allow-Origin") == "https://a.test");
  CHECK(reply.get("Access-Control-Expose-Headers").find("grpc-status") != std::string::npos);
  CHECK(test.call("application/grpc-web", kFrame).get("Access-Control-Allow-Origin").empty());
}

TEST_CASE("the origin * is every origin") {
  GrpcWebTest test({"*"});
  Reply reply = test.call("application/grpc-web", kFrame, {{"Origin", "https://a.test"}});
  CHECK(reply.get("Access-Control-Allow-Origin") == "https://a.test");
}
