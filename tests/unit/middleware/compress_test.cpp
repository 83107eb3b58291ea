#include "middleware/compress.h"

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#include "unit/middleware/middleware_test.h"

using namespace sluice;
using test::Ask;
using test::MiddlewareTest;
using test::Reply;

namespace {

// What the decoder makes of as much as there is.
std::string decoded(const std::string& encoding, const std::string& bytes) {
  std::string out(1 << 20, '\0');
  if (encoding == "gzip") {
    z_stream state{};
    inflateInit2(&state, 15 + 16);
    state.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    state.avail_in = static_cast<uInt>(bytes.size());
    state.next_out = reinterpret_cast<Bytef*>(out.data());
    state.avail_out = static_cast<uInt>(out.size());
    inflate(&state, Z_SYNC_FLUSH);
    out.resize(out.size() - state.avail_out);
    inflateEnd(&state);
  } else if (encoding == "br") {
    BrotliDecoderState* state = BrotliDecoderCreateInstance(nullptr, nullptr, nullptr);
    std::size_t left = bytes.size();
    const auto* in = reinterpret_cast<const std::uint8_t*>(bytes.data());
    std::size_t room = out.size();
    auto* to = reinterpret_cast<std::uint8_t*>(out.data());
    BrotliDecoderDecompressStream(state, &left, &in, &room, &to, nullptr);
    out.resize(out.size() - room);
    BrotliDecoderDestroyInstance(state);
  } else if (encoding == "zstd") {
    ZSTD_DStream* state = ZSTD_createDStream();
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    ZSTD_outBuffer made{out.data(), out.size(), 0};
    ZSTD_decompressStream(state, &made, &in);
    out.resize(made.pos);
    ZSTD_freeDStream(state);
  } else {
    return bytes;
  }
  return out;
}

const std::string kText = [] {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += "line " + std::to_string(i * 7919 % 1000) + "\n";
  return text;
}();

struct CompressTest : MiddlewareTest {
  explicit CompressTest(const config::Compress& settings = {}) : MiddlewareTest(middleware::Compress::make(settings)) {
    answers(kText);
  }
  void answers(const std::string& text, test::FieldList fields = {{"Content-Type", "text/html; charset=utf-8"}},
               bool length = true) {
    std::vector<std::string> pieces;
    for (std::size_t at = 0; at < text.size(); at += 9973) pieces.push_back(text.substr(at, 9973));
    handler.answers = {{.fields = std::move(fields), .body = std::move(pieces), .length = length}};
  }
  Reply accepting(const std::string& encodings) { return ask({.fields = {{"Accept-Encoding", encodings}}}); }
  std::string chosen(const std::string& encodings) { return accepting(encodings).get("Content-Encoding"); }
};

bool refused(const config::Compress& settings) { return middleware::Compress::make(settings).middleware == nullptr; }

}  // namespace

TEST_CASE("each coding gives back what went in, with and without a known length") {
  for (const char* encoding : {"gzip", "br", "zstd"}) {
    for (bool length : {true, false}) {
      CompressTest test;
      test.answers(kText, {{"Content-Type", "text/plain"}, {"Content-Length", std::to_string(kText.size())}}, length);
      Reply reply = test.accepting(encoding);
      CHECK(reply.get("Content-Encoding") == encoding);
      CHECK(reply.get("Vary") == "Accept-Encoding");
      CHECK(reply.get("Content-Length").empty());
      CHECK_FALSE(reply.length.has_value());
      CHECK(reply.body.size() < kText.size() / 2);
      CHECK(decoded(encoding, reply.body) == kText);
    }
  }
}

TEST_CASE("the client's weights decide, then the order of encodings") {
  CompressTest test;
  CHECK(test.chosen("gzip, br, zstd") == "gzip");
  CHECK(test.chosen("br;q=1.0, gzip;q=0.8") == "br");
  CHECK(test.chosen("gzip;q=0.5, zstd ; Q=0.9") == "zstd");
  CHECK(test.chosen("gzip;q=0").empty());
  CHECK(test.chosen("identity").empty());
  CHECK(test.chosen("gzip;q=0.5, Identity").empty());
  CHECK(test.chosen("*;q=0.5, identity;q=0.6").empty());
  CHECK(test.chosen("identity, gzip") == "gzip");
  CHECK(test.chosen("deflate").empty());
  CHECK(test.chosen("gzip;q=nonsense").empty());
  CHECK(test.chosen("").empty());
  CHECK(test.chosen("*") == "gzip");
  CHECK(test.chosen("*;q=0").empty());
  CHECK(test.chosen("*, gzip;q=0").empty());
  CHECK(test.chosen("GZIP") == "gzip");
}

TEST_CASE("encodings limits the choice and orders it") {
  config::Compress settings;
  settings.encodings = {"zstd", "gzip"};
  CompressTest test(settings);
  CHECK(test.chosen("gzip, br, zstd") == "zstd");
  CHECK(test.chosen("br").empty());
  settings.encodings = {"lzma"};
  CHECK(refused(settings));
  settings.encodings = {};
  CHECK(refused(settings));
}

TEST_CASE("defaultEncoding is for clients that say nothing, and for *") {
  config::Compress settings;
  settings.default_encoding = "br";
  {
    CompressTest test(settings);
    CHECK(test.ask({}).get("Content-Encoding") == "br");
    CHECK(test.chosen("*") == "br");
    CHECK(test.chosen("gzip") == "gzip");
  }
  CompressTest none;
  CHECK(none.ask({}).get("Content-Encoding").empty());
  CHECK(none.ask({}).get("Vary") == "Accept-Encoding");
  settings.default_encoding = "lzma";
  CHECK(refused(settings));
}

TEST_CASE("small responses stay as they are, also when their size shows only at the end") {
  for (bool length : {true, false}) {
    CompressTest test;
    test.answers(std::string(1023, 'x'), {{"Content-Type", "text/plain"}}, length);
    Reply reply = test.accepting("gzip");
    if (length) {
      CHECK(reply.get("Content-Encoding").empty());
      CHECK(reply.body == std::string(1023, 'x'));
    } else {
      CHECK(decoded(reply.get("Content-Encoding"), reply.body) == std::string(1023, 'x'));
    }
    test.answers(std::string(1024, 'x'), {{"Content-Type", "text/plain"}}, length);
    CHECK(test.chosen("gzip") == "gzip");
  }
  config::Compress settings;
  settings.min_response_body_bytes = 10;
  CompressTest test(settings);
  test.answers("0123456789");
  CHECK(test.chosen("gzip") == "gzip");
  settings.min_response_body_bytes = -1;
  CHECK(refused(settings));
}

TEST_CASE("excludedContentTypes and includedContentTypes choose by media type, without parameters") {
  config::Compress settings;
  settings.excluded_content_types = {"text/HTML; charset=x"};
  {
    CompressTest test(settings);
    CHECK(test.chosen("gzip").empty());
    CHECK(test.accepting("gzip").get("Vary").empty());
    test.answers(kText, {{"Content-Type", "text/plain"}});
    CHECK(test.chosen("gzip") == "gzip");
    CHECK(test.ask({.fields = {{"Accept-Encoding", "gzip"}, {"Content-Type", "text/html"}}})
              .get("Content-Encoding")
              .empty());
  }
  settings.included_content_types = {"text/plain"};
  CHECK(refused(settings));
  settings.excluded_content_types.clear();
  {
    CompressTest test(settings);
    CHECK(test.chosen("gzip").empty());
    test.answers(kText, {{"Content-Type", "Text/Plain"}});
    CHECK(test.chosen("gzip") == "gzip");
    test.answers(kText, {});
    CHECK(test.chosen("gzip").empty());
  }
  settings.included_content_types = {"html"};
  CHECK(refused(settings));
}

TEST_CASE("what is compressed, partial, gRPC or not to be transformed stays as it is") {
  CompressTest test;
  CHECK(test.ask({.method = "HEAD", .fields = {{"Accept-Encoding", "gzip"}}}).get("Content-Encoding").empty());
  CHECK(test.ask({.fields = {{"Accept-Encoding", "gzip"}, {"Content-Type", "application/grpc+proto"}}})
            .get("Content-Encoding")
            .empty());
  for (const test::FieldList& fields :
       {test::FieldList{{"Content-Encoding", "gzip"}}, test::FieldList{{"Content-Type", "image/png"}},
        test::FieldList{{"Content-Type", "video/mp4"}}, test::FieldList{{"Content-Type", "font/woff2"}},
        test::FieldList{{"Content-Type", "application/grpc"}},
        test::FieldList{{"Cache-Control", "public, no-transform"}}}) {
    test.answers(kText, fields);
    Reply reply = test.accepting("br");
    CHECK(reply.body == kText);
  }
  test.answers(kText, {{"Content-Type", "image/svg+xml"}});
  CHECK(test.chosen("br") == "br");
  test.answers(kText);
  test.handler.answers[0].status = 206;
  CHECK(test.chosen("br").empty());
}

TEST_CASE("a stream gives the client at once what has come") {
  CompressTest test;
  test.handler.answers = {
      {.fields = {{"Content-Type", "text/event-stream"}}, .body = {"data: 1\n\n"}, .length = false}};
  Reply reply = test.accepting("gzip");
  CHECK(reply.get("Content-Encoding") == "gzip");
  CHECK(decoded("gzip", reply.body) == "data: 1\n\n");
}

TEST_CASE("trailers pass") {
  CompressTest test;
  test.handler.answers = {{.body = {std::string(2000, 'x')}, .length = false, .trailers = {{"X-Sum", "1"}}}};
  Reply reply = test.accepting("zstd");
  CHECK(decoded("zstd", reply.body) == std::string(2000, 'x'));
  CHECK(sluice::test::field_of(reply.trailers, "X-Sum") == "1");
}
