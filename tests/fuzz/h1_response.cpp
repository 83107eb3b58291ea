// An upstream's bytes on an HTTP/1 connection: interim heads, the final head and its content, as the answer to a GET, a
// HEAD and an offered upgrade.
//
// A head read in one piece and one cut in two are the same head; a response that is accepted and written for the client
// is read there as the same response.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/h1/body_decoder.h"
#include "http/h1/response_parser.h"
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

void read_cut(ReadResponse& read, std::string_view raw, std::size_t cut, const Question& question,
              const Limits& limits) {
  ResponseParser parser;
  for (std::size_t end : {cut, raw.size()}) {
    std::string bytes(raw.substr(0, end));
    read.result = parser.parse(bytes, question, read.response, limits);
    if (read.result.state != HeadResult::State::need_more) return;
  }
}

void check_written(ReadResponse& first, const Question& question) {
  Response& response = first.response;
  bool has_content = first.result.framing.has_content();
  if (has_content) response.body = std::make_unique<FramedBody>(first.result.framing);
  remove_hop_by_hop_of_response(response.fields);
  ResponseForm form;
  form.method = question.method;
  form.framing = response_framing(response, question.method, Version::http11);
  form.date = "Sun, 06 Nov 1994 08:49:37 GMT";
  form.upgrade = question.upgrade;
  Result<Bytes> head = write_response_head(first.arena, response, form);
  require(head.ok());  // what was read can be written
  Limits limits;
  limits.max_fields += 10;
  limits.max_header_bytes *= 2;
  ReadResponse second;
  read_cut(second, *head, head->size(), question, limits);
  require(second.result.state == HeadResult::State::done && second.result.consumed == head->size());
  require(second.response.status == response.status);
  require(second.result.framing.has_content() == has_content);
  require(second.result.framing.length == first.result.framing.length);
  require(second.result.framing.kind != Framing::Kind::until_close);
  require(second.result.keep_alive);
}

void check_content(std::string_view raw, const Framing& framing, std::size_t cut) {
  Arena arena;
  Limits limits;
  std::string contents[2];
  BodyDecoder::State states[2];
  for (int way = 0; way < 2; ++way) {
    BodyDecoder decoder(framing, arena, limits);
    std::size_t consumed = 0;
    BodyDecoder::State& state = states[way] = BodyDecoder::State::more;
    for (std::size_t end : {way == 0 ? raw.size() : cut, raw.size()}) {
      while (state == BodyDecoder::State::more && consumed < end) {
        BodyDecoder::Piece piece = decoder.decode(raw.substr(consumed, end - consumed));
        contents[way].append(piece.data);
        consumed += piece.consumed;
        state = piece.state;
      }
    }
    if (decoder.trailers() != nullptr) require(write_trailers(arena, *decoder.trailers()).ok());
  }
  require(states[0] == states[1]);
  if (states[0] != BodyDecoder::State::refused) require(contents[0] == contents[1]);
}

void answer(std::string_view raw, const Question& question, std::size_t seed) {
  Limits limits;
  for (int interim = 0; interim < 16 && !raw.empty(); ++interim) {
    ReadResponse whole;
    read_cut(whole, raw, raw.size(), question, limits);
    ReadResponse in_two;
    read_cut(in_two, raw, seed % (raw.size() + 1), question, limits);
    require(describe(in_two) == describe(whole));
    if (whole.result.state != HeadResult::State::done) return;
    raw.remove_prefix(whole.result.consumed);
    if (whole.response.status >= 200 || whole.response.status == 101) {
      check_written(whole, question);
      if (whole.result.framing.has_content()) check_content(raw, whole.result.framing, seed % (raw.size() + 1));
      return;
    }
    require(write_interim_head(whole.arena, whole.response.status, whole.response.fields).ok());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view raw(reinterpret_cast<const char*>(data), size);
  std::size_t seed = 14695981039346656037u;
  for (char c : raw) seed = (seed ^ static_cast<unsigned char>(c)) * 1099511628211u;
  answer(raw, Question{Method::get, {}}, seed);
  answer(raw, Question{Method::head, {}}, seed);
  answer(raw, Question{Method::get, "websocket"}, seed);
  return 0;
}
