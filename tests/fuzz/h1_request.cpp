// A client's bytes on an HTTP/1 connection: heads and content, one request after the other.
//
// A head read in one piece and one cut in two are the same head. A request that is accepted and written for an upstream
// is read there as the same request, and written again as the same bytes. Content that is decoded and chunked again is
// the same content. In debug builds the parser also asks llhttp about each head it accepts.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/forwarded.h"
#include "http/h1/body_decoder.h"
#include "http/h1/request_parser.h"
#include "http/h1/writer.h"
#include "http/hop_by_hop.h"
#include "unit/http/describe.h"

using namespace sluice;
using namespace sluice::http;
using namespace sluice::http::h1;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

class FramedBody final : public Body {
 public:
  explicit FramedBody(const Framing& framing) : framing_(framing) {}
  Task<Result<Bytes>> read() override { co_return Bytes(); }
  std::optional<std::uint64_t> remaining() const override {
    if (framing_.kind == Framing::Kind::length) return framing_.length;
    return std::nullopt;
  }

 private:
  Framing framing_;
};

Limits limits_of(std::size_t variant) {
  Limits limits;
  limits.underscores = static_cast<Underscores>(variant % 3);
  limits.target.sanitize = variant / 3 % 2 == 0;
  limits.target.encode_query_semicolons = variant / 6 % 2 == 1;
  return limits;
}

// `cut` bytes first, then all, from memory of exactly that size.
void read_cut(ReadRequest& read, std::string_view raw, std::size_t cut, const Limits& limits) {
  RequestParser parser;
  for (std::size_t end : {cut, raw.size()}) {
    std::string bytes(raw.substr(0, end));
    read.result = parser.parse(bytes, read.arena, read.request, limits);
    if (read.result.state != HeadResult::State::need_more) return;
  }
}

void check_paths(const Target& target, const Limits& limits, Arena& arena) {
  if (target.path == "*") return;
  NormalPath again = normalize_path(target.path, limits.target, arena);
  require(again.reason == Reason::none && again.path == target.path);
  require(match_form(target.path, arena) == target.match_path);
  if (!limits.target.sanitize) return;
  require(target.path.find("//") == std::string_view::npos);
  require(target.path.find("/../") == std::string_view::npos && !target.path.ends_with("/.."));
}

std::string write(ReadRequest& read) {
  FramedBody body(read.result.framing);
  if (read.result.framing.has_content()) read.request.body = &body;
  remove_hop_by_hop_of_request(read.request.fields);
  RequestForm form{read.request.authority, request_framing(read.request), false};
  Result<Bytes> head = write_request_head(read.arena, read.request, form);
  read.request.body = nullptr;
  require(head.ok());  // what was read can be written
  return std::string(*head);
}

// What an upstream reads of the request.
void check_written(ReadRequest& first, const Limits& limits) {
  set_forwarded(first.request, false, ForwardedOptions{"edge", false});
  append_forwarded_for(first.request);
  std::string written = write(first);
  if (first.request.authority.empty()) return;  // HTTP/1.0: the forwarder has a Host for it
  Limits generous = limits;
  generous.max_fields += 10;
  generous.max_header_bytes *= 4;
  generous.max_target *= 4;
  ReadRequest second;
  read_cut(second, written, written.size(), generous);
  require(second.result.state == HeadResult::State::done && second.result.consumed == written.size());
  require(second.request.method_text == first.request.method_text);
  require(second.request.host == first.request.host);
  require(second.request.target.path == first.request.target.path);
  require(second.request.target.query == first.request.target.query);
  require(second.request.upgrade == first.request.upgrade);
  require(second.result.framing.has_content() == first.result.framing.has_content());
  require(second.result.framing.length == first.result.framing.length);
  require(second.result.keep_alive);
  require(write(second) == written);
}

struct Content {
  std::string bytes;
  std::size_t consumed = 0;
  BodyDecoder::State state = BodyDecoder::State::more;
};

Content decode(std::string_view raw, const Framing& framing, std::size_t cut) {
  Arena arena;
  Limits limits;
  BodyDecoder decoder(framing, arena, limits);
  Content content;
  for (std::size_t end : {cut, raw.size()}) {
    while (content.state == BodyDecoder::State::more) {
      std::string piece(raw.substr(content.consumed, end - content.consumed));
      BodyDecoder::Piece decoded = decoder.decode(piece);
      content.bytes.append(decoded.data);
      content.consumed += decoded.consumed;
      content.state = decoded.state;
      require((decoded.state == BodyDecoder::State::refused) == (decoded.reason != Reason::none));
      if (content.consumed == end) break;
      require(decoded.consumed != 0 || decoded.state != BodyDecoder::State::more);
    }
  }
  return content;
}

void check_content(const Content& whole, std::string_view raw, const Framing& framing, std::size_t cut) {
  Content in_two = decode(raw, framing, cut);
  require(in_two.state == whole.state);
  if (whole.state == BodyDecoder::State::refused) return;
  require(in_two.bytes == whole.bytes && in_two.consumed == whole.consumed);
  if (framing.kind != Framing::Kind::chunked || whole.state != BodyDecoder::State::end) return;
  std::string again(ChunkHead(whole.bytes.size()).bytes());
  if (!again.empty()) again.append(whole.bytes).append(kChunkEnd);
  again.append(kLastChunk);
  require(decode(again, framing, again.size()).bytes == whole.bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view raw(reinterpret_cast<const char*>(data), size);
  std::size_t seed = 14695981039346656037u;
  for (char c : raw) seed = (seed ^ static_cast<unsigned char>(c)) * 1099511628211u;
  Limits limits = limits_of(seed >> 32);
  while (!raw.empty()) {
    std::size_t cut = seed % (raw.size() + 1);
    ReadRequest whole;
    read_cut(whole, raw, raw.size(), limits);
    ReadRequest in_two;
    read_cut(in_two, raw, cut, limits);
    require(describe(in_two) == describe(whole));
    if (whole.result.state != HeadResult::State::done) break;
    require(whole.result.consumed <= limits.max_header_bytes + 4);
    check_paths(whole.request.target, limits, whole.arena);
    check_written(whole, limits);
    raw.remove_prefix(whole.result.consumed);
    Framing framing = whole.result.framing;
    require(framing.kind != Framing::Kind::until_close);  // a request never ends with the connection
    if (framing.has_content()) {
      Content content = decode(raw, framing, raw.size());
      check_content(content, raw, framing, seed % (raw.size() + 1));
      if (content.state != BodyDecoder::State::end) break;
      raw.remove_prefix(content.consumed);
    }
    if (!whole.result.keep_alive) break;
  }
  return 0;
}
