#include "base/text.h"
#include "h1_support.h"
#include "h2_support.h"
#include "http/h1/writer.h"
#include "http/hop_by_hop.h"

using namespace sluice;
using namespace sluice::http;
using namespace sluice::http::h2;

namespace {

using Lines = std::vector<std::pair<std::string, std::string>>;

struct Reading {
  explicit Reading(const Lines& lines, bool ended = true, h1::Limits limits_in = {})
      : limits(limits_in), request(arena, peer), block(arena, limits) {
    for (const auto& [name, value] : lines) block.add(name, value);
    reason = read_request(block, ended, limits, request, facts);
  }

  h1::Limits limits;
  Arena arena;
  Peer peer;
  Request request;
  HeadBlock block;
  RequestFacts facts;
  Reason reason;
};

Lines with(Lines more) {
  Lines lines = {{":method", "GET"}, {":scheme", "https"}, {":authority", "case.test"}, {":path", "/"}};
  lines.insert(lines.end(), more.begin(), more.end());
  return lines;
}

Lines changed(std::string_view name, std::string value) {
  Lines lines = with({});
  for (auto& line : lines) {
    if (line.first == name) line.second = value;
  }
  return lines;
}

Reason reason_of(const Lines& lines, bool ended = true) { return Reading(lines, ended).reason; }

}  // namespace

TEST_CASE("a head of HTTP/2 is refused for what a head of HTTP/1 is refused for") {
  CHECK(reason_of(with({})) == Reason::none);
  CHECK(reason_of(changed(":method", "CONNECT")) == Reason::method_connect);
  CHECK(reason_of(changed(":method", "TRACE")) == Reason::method_trace);
  CHECK(reason_of(changed(":method", "G ET")) == Reason::request_line);
  CHECK(reason_of(changed(":method", std::string(65, 'A'))) == Reason::method_unsupported);
  CHECK(reason_of(changed(":scheme", "ftp")) == Reason::target_form);
  CHECK(reason_of(changed(":path", "*")) == Reason::target_form);
  CHECK(reason_of(changed(":path", "no/slash")) == Reason::target_form);
  CHECK(reason_of(changed(":path", "http://case.test/")) == Reason::target_form);
  CHECK(reason_of(changed(":path", "/a b")) == Reason::target_byte);
  CHECK(reason_of(changed(":path", "/a#b")) == Reason::target_fragment);
  CHECK(reason_of(changed(":path", "/%00")) == Reason::target_null);
  CHECK(reason_of(changed(":path", "/..;/")) == Reason::target_dot_segment);
  CHECK(reason_of(changed(":path", "/" + std::string(20'000, 'a'))) == Reason::target_too_long);
  CHECK(reason_of(changed(":authority", "")) == Reason::host_missing);
  CHECK(reason_of(changed(":authority", "a@b")) == Reason::host_invalid);
  CHECK(reason_of(with({{"host", "other.test"}})) == Reason::host_mismatch);
  CHECK(reason_of(with({{"host", "case.test"}, {"host", "case.test"}})) == Reason::host_repeated);
  CHECK(reason_of(with({{"host", "CASE.test.:443"}})) == Reason::none);
  CHECK(reason_of(with({{"content-length", "5x"}})) == Reason::length_invalid);
  CHECK(reason_of(with({{"content-length", "5"}, {"content-length", "5"}})) == Reason::length_repeated);
  CHECK(reason_of(with({{"transfer_encoding", "chunked"}})) == Reason::field_alias);
  CHECK(reason_of(with({{"transfer-encoding", "chunked"}})) == Reason::connection_options);
  CHECK(reason_of(with({{"upgrade", "h2c"}})) == Reason::connection_options);
  CHECK(reason_of(with({{"expect", "x"}})) == Reason::expectation);
  CHECK(reason_of(with({{"x", "a\nb"}})) == Reason::field_syntax);
  CHECK(reason_of(with({{"x y", "a"}})) == Reason::field_syntax);
}

TEST_CASE("a block counts while it is decoded, in bytes and in fields") {
  Lines many;
  for (int i = 0; i < 100; ++i) many.emplace_back("x", "y");
  CHECK(reason_of(with(many)) == Reason::none);
  many.emplace_back("cookie", "a=b");
  CHECK(reason_of(with(many)) == Reason::too_many_fields);
  CHECK(reason_of(with({{"x", std::string(65'600, 'y')}})) == Reason::head_too_large);
  for (int i = 0; i < 300; ++i) many.emplace_back("x", "y");
  CHECK(Reading(with(many)).block.hopeless());
  CHECK(Reading(with(many)).arena.bytes_reserved() < 32 * 1024);
}

TEST_CASE("underscores in names follow the entry point's strategy") {
  h1::Limits limits;
  limits.underscores = h1::Underscores::remove;
  Reading removed(with({{"x_y", "1"}, {"x-y", "2"}}), true, limits);
  CHECK(removed.reason == Reason::none);
  CHECK(removed.request.fields.size() == 1);
  limits.underscores = h1::Underscores::reject;
  CHECK(Reading(with({{"x_y", "1"}}), true, limits).reason == Reason::field_underscore);
}

TEST_CASE("an extended CONNECT is the handshake of HTTP/1, and any other CONNECT is refused") {
  Lines lines = changed(":method", "CONNECT");
  lines.emplace_back(":protocol", "websocket");
  Reading read(lines, false);
  CHECK(read.reason == Reason::none);
  CHECK(read.facts.extended_connect);
  CHECK(read.request.method_text == "GET");
  CHECK(read.request.upgrade == "websocket");
  lines.back().second = "connect-udp";
  CHECK(reason_of(lines, false) == Reason::method_connect);
}

TEST_CASE("what HTTP/2 wrote, HTTP/1 reads as the same request, and back") {
  for (const Lines& lines :
       {with({}), with({{"cookie", "a=1"}, {"x", "y"}, {"cookie", "b=2"}}), changed(":path", "//a/../%7e%2f?x=%zz"),
        with({{"te", "trailers"}, {"x-empty", ""}}), changed(":authority", "CASE.test:8443")}) {
    Reading first(lines);
    REQUIRE(first.reason == Reason::none);
    remove_hop_by_hop_of_request(first.request.fields);
    h1::RequestForm form{first.request.authority, h1::request_framing(first.request), false};
    Result<Bytes> text = h1::write_request_head(first.arena, first.request, form);
    REQUIRE(text);
    auto second = h1::read_request(*text);
    REQUIRE(second->result.state == h1::HeadResult::State::done);
    CHECK(second->request.method_text == first.request.method_text);
    CHECK(second->request.target.path == first.request.target.path);
    CHECK(second->request.target.query == first.request.target.query);
    CHECK(second->request.host == first.request.host);
    CHECK(second->request.fields.get("cookie") == first.request.fields.get("cookie"));

    remove_hop_by_hop_of_request(second->request.fields);
    Result<Block> block = write_request(second->arena, second->request, {"https", second->request.authority});
    REQUIRE(block);
    Lines again;
    for (const Field& field : *block) again.emplace_back(lowered(field.name), std::string(field.value));
    Reading third(again);
    REQUIRE(third.reason == Reason::none);
    CHECK(third.request.target.path == first.request.target.path);
    CHECK(third.request.authority == first.request.authority);
    CHECK(third.request.fields.size() == first.request.fields.size());
  }
}

TEST_CASE("a response keeps its length and loses what is for one connection") {
  Arena arena;
  Response response(arena);
  response.fields.add("Connection", "close");
  response.fields.add("Content-Length", "3");
  response.fields.add("X", " padded ");
  response.body = std::make_unique<TextBody>("four");
  Result<Block> block = write_response(arena, response, {Method::get, "now"});
  REQUIRE(block);
  Lines lines;
  for (const Field& field : *block) lines.emplace_back(lowered(field.name), std::string(field.value));
  CHECK(lines == Lines{{":status", "200"}, {"x", "padded"}, {"date", "now"}, {"content-length", "4"}});

  response.fields.add("Bad", "a\r\nb");
  CHECK_FALSE(write_response(arena, response, {Method::get, "now"}));
}

TEST_CASE("an answer that HTTP/2 does not have is refused") {
  auto reason = [](const Lines& lines) {
    Arena arena;
    h1::Limits limits;
    HeadBlock block(arena, limits);
    for (const auto& [name, value] : lines) block.add(name, value);
    Response response(arena);
    std::optional<std::uint64_t> length;
    return read_response(block, response, length);
  };
  CHECK(reason({{":status", "200"}}) == Reason::none);
  for (std::string status : {"101", "99", "1000", "2x0", "", "-20"})
    CHECK(reason({{":status", status}}) == Reason::status_line);
  CHECK(reason({{":status", "200"}, {"connection", "close"}}) == Reason::connection_options);
  CHECK(reason({{":status", "200"}, {"content-length", "1"}, {"content-length", "2"}}) == Reason::length_repeated);
}
