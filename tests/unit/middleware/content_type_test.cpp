#include "middleware/content_type.h"

#include "unit/middleware/middleware_test.h"

using namespace sluice;
using namespace std::string_literals;
using test::MiddlewareTest;
using test::Reply;

namespace {

struct ContentTypeTest : MiddlewareTest {
  ContentTypeTest() { use(control::MadeMiddleware::of(std::make_shared<middleware::ContentType>())); }
};

}  // namespace

TEST_CASE("a response without Content-Type gets the one its content suggests, and nothing else changes") {
  ContentTypeTest test;
  for (bool length : {true, false}) {
    test.handler.answers = {{.body = {"<html>one", " two"}, .length = length}};
    Reply reply = test.ask({});
    CHECK(reply.get("Content-Type") == "text/html; charset=utf-8");
    CHECK(reply.body == "<html>one two");
    CHECK(reply.length.has_value() == length);
    if (length) CHECK(*reply.length == reply.body.size());
  }
}

TEST_CASE("a response that has a Content-Type, an encoding or no content keeps what it has") {
  ContentTypeTest test;
  test.handler.answers = {{.fields = {{"Content-Type", "x/y"}}},
                          {.fields = {{"Content-Encoding", "gzip"}}},
                          {.status = 204, .body = {}},
                          {.body = {""}}};
  CHECK(test.ask({}).get("Content-Type") == "x/y");
  CHECK(test.ask({}).get("Content-Type").empty());
  CHECK(test.ask({}).get("Content-Type").empty());
  CHECK(test.ask({}).get("Content-Type").empty());
}

TEST_CASE("what content looks like") {
  auto type = [](std::string_view text) { return std::string(middleware::sniff_content_type(text)); };
  CHECK(type("hello") == "text/plain; charset=utf-8");
  CHECK(type("") == "text/plain; charset=utf-8");
  CHECK(type(" \n<!doctype html>") == "text/html; charset=utf-8");
  CHECK(type("<p>") == "text/html; charset=utf-8");
  CHECK(type("<pre>") == "text/plain; charset=utf-8");
  CHECK(type("<!-- x") == "text/html; charset=utf-8");
  CHECK(type("<?xml version") == "text/xml; charset=utf-8");
  CHECK(type("%PDF-1.7") == "application/pdf");
  CHECK(type("\x89PNG\r\n\x1a\n") == "image/png");
  CHECK(type("GIF89a...") == "image/gif");
  CHECK(type("\xff\xd8\xff\xe0") == "image/jpeg");
  CHECK(type("RIFF1234WEBPVP8 ") == "image/webp");
  CHECK(type("RIFF1234WAVEfmt ") == "audio/wave");
  CHECK(type("\x1f\x8b\x08\x00"s) == "application/x-gzip");
  CHECK(type("PK\x03\x04") == "application/zip");
  CHECK(type("\x00"s + "asm") == "application/wasm");
  CHECK(type("\x00\x00\x00\x10"s + "ftypisom0000mp42"s.substr(0, 8)) == "application/octet-stream");
  CHECK(type("\x00\x00\x00\x14"s + "ftypisom0000mp42") == "video/mp4");
  CHECK(type("\xef\xbb\xbftext") == "text/plain; charset=utf-8");
  CHECK(type("\xff\xfe\x01\x01") == "text/plain; charset=utf-16le");
  CHECK(type("a\x01") == "application/octet-stream");
  CHECK(type("{\"a\": 1}") == "text/plain; charset=utf-8");
}
