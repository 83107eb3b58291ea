#include "middleware/content_type.h"

#include <algorithm>

#include "async/lent.h"
#include "base/text.h"
#include "proxy/answering.h"
#include "proxy/body_around.h"

namespace sluice::middleware {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kLookedAt = 512;

// MIME Sniffing §7.1: tags that begin a document, behind white space, in any case, ended by a blank or '>'.
constexpr std::string_view kTags[] = {
    "<!DOCTYPE HTML", "<HTML",  "<HEAD", "<SCRIPT", "<IFRAME", "<H1", "<DIV", "<FONT", "<TABLE", "<A",
    "<STYLE",         "<TITLE", "<B",    "<BODY",   "<BR",     "<P",  "<!--"};

struct Signature {
  std::string_view mask;  // empty: every bit counts
  std::string_view pattern;
  std::string_view type;
};
// §6 and §7.1, in the order in which they are tried.
constexpr Signature kSignatures[] = {
    {{}, "%PDF-"sv, "application/pdf"},
    {{}, "%!PS-Adobe-"sv, "application/postscript"},
    {"\xff\xff\x00\x00"sv, "\xfe\xff\x00\x00"sv, "text/plain; charset=utf-16be"},
    {"\xff\xff\x00\x00"sv, "\xff\xfe\x00\x00"sv, "text/plain; charset=utf-16le"},
    {"\xff\xff\xff\x00"sv, "\xef\xbb\xbf\x00"sv, "text/plain; charset=utf-8"},
    {{}, "\x00\x00\x01\x00"sv, "image/x-icon"},
    {{}, "\x00\x00\x02\x00"sv, "image/x-icon"},
    {{}, "BM"sv, "image/bmp"},
    {{}, "GIF87a"sv, "image/gif"},
    {{}, "GIF89a"sv, "image/gif"},
    {"\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff"sv, "RIFF\x00\x00\x00\x00WEBPVP"sv, "image/webp"},
    {{}, "\x89PNG\x0d\x0a\x1a\x0a"sv, "image/png"},
    {{}, "\xff\xd8\xff"sv, "image/jpeg"},
    {"\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff"sv,
     "FORM\x00\x00\x00\x00"
     "AIFF"sv,
     "audio/aiff"},
    {{}, "ID3"sv, "audio/mpeg"},
    {{}, "OggS\x00"sv, "application/ogg"},
    {{}, "MThd\x00\x00\x00\x06"sv, "audio/midi"},
    {"\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff"sv,
     "RIFF\x00\x00\x00\x00"
     "AVI "sv,
     "video/avi"},
    {"\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff"sv, "RIFF\x00\x00\x00\x00WAVE"sv, "audio/wave"},
    {{}, "\x1a\x45\xdf\xa3"sv, "video/webm"},
    {{}, "\x00\x01\x00\x00"sv, "font/ttf"},
    {{}, "OTTO"sv, "font/otf"},
    {{}, "ttcf"sv, "font/collection"},
    {{}, "wOFF"sv, "font/woff"},
    {{}, "wOF2"sv, "font/woff2"},
    {{}, "\x1f\x8b\x08"sv, "application/x-gzip"},
    {{}, "PK\x03\x04"sv, "application/zip"},
    {{}, "Rar!\x1a\x07\x00"sv, "application/x-rar-compressed"},
    {{}, "Rar!\x1a\x07\x01\x00"sv, "application/x-rar-compressed"},
    {{},
     "\x00"
     "asm"sv,
     "application/wasm"},
};

bool fits(const Signature& signature, std::string_view bytes) {
  if (bytes.size() < signature.pattern.size()) return false;
  for (std::size_t i = 0; i < signature.pattern.size(); ++i) {
    char byte = signature.mask.empty() ? bytes[i] : static_cast<char>(bytes[i] & signature.mask[i]);
    if (byte != signature.pattern[i]) return false;
  }
  return true;
}

bool begins_with_tag(std::string_view text, std::string_view tag) {
  if (text.size() <= tag.size() || !istarts_with(text, tag)) return false;
  return text[tag.size()] == ' ' || text[tag.size()] == '>';
}

bool is_white(char c) { return c == '\t' || c == '\n' || c == '\x0c' || c == '\r' || c == ' '; }

// §6.2.1: an ISO media file whose brands say that it is MP4.
bool is_mp4(std::string_view bytes) {
  if (bytes.size() < 12) return false;
  auto byte = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(bytes[i])); };
  std::size_t box = byte(0) << 24 | byte(1) << 16 | byte(2) << 8 | byte(3);
  if (box % 4 != 0 || bytes.size() < box || bytes.substr(4, 4) != "ftyp") return false;
  for (std::size_t at = 8; at + 3 <= box; at += 4) {
    if (at != 12 && bytes.substr(at, 3) == "mp4") return true;  // at 12 is the version
  }
  return false;
}

// A response body whose first piece was read already.
class PeekedBody final : public proxy::BodyAround {
 public:
  PeekedBody(std::unique_ptr<http::Body> inner, http::Bytes first) : BodyAround(std::move(inner)) {
    first_.hold(first);
  }
  http::Bytes first() const { return first_.bytes(); }

  Task<Result<http::Bytes>> read() override {
    if (given_) return proxy::BodyAround::read();
    given_ = true;
    return lend(first_.bytes());
  }
  bool ready() const override { return !given_ || proxy::BodyAround::ready(); }
  std::optional<std::uint64_t> remaining() const override {
    std::optional<std::uint64_t> rest = proxy::BodyAround::remaining();
    if (rest && !given_) *rest += first_.bytes().size();
    return rest;
  }
  net::Stream* direct() override { return given_ ? proxy::BodyAround::direct() : nullptr; }

 private:
  static Task<Result<http::Bytes>> lend(http::Bytes bytes) { co_return bytes; }

  LentBytes first_;
  bool given_ = false;
};

}  // namespace

std::string_view sniff_content_type(std::string_view beginning) {
  std::string_view bytes = beginning.substr(0, kLookedAt);
  std::string_view text = bytes;
  while (!text.empty() && is_white(text.front())) text.remove_prefix(1);
  for (std::string_view tag : kTags) {
    bool comment = tag == "<!--";
    if (comment ? text.starts_with(tag) : begins_with_tag(text, tag)) return "text/html; charset=utf-8";
  }
  if (text.starts_with("<?xml")) return "text/xml; charset=utf-8";
  for (const Signature& signature : kSignatures) {
    if (fits(signature, bytes)) return signature.type;
  }
  if (is_mp4(bytes)) return "video/mp4";
  bool binary = std::any_of(text.begin(), text.end(), [](char c) {
    auto byte = static_cast<unsigned char>(c);
    return byte <= 0x08 || byte == 0x0b || (byte >= 0x0e && byte <= 0x1a) || (byte >= 0x1c && byte <= 0x1f);
  });
  return binary ? "application/octet-stream" : "text/plain; charset=utf-8";
}

Task<Result<http::Response>> ContentType::handle(http::Request& request, const proxy::Handler& next) const {
  Result<http::Response> response = co_await next.handle(request);
  if (!response || response->body == nullptr || response->fields.has(http::FieldId::content_type)) co_return response;
  // What is encoded says nothing about its type, and Go's server does not guess then either.
  std::optional<std::string_view> encoding = response->fields.get(http::FieldId::content_encoding);
  if ((encoding && !encoding->empty()) || request.method == http::Method::head) co_return response;
  Result<http::Bytes> first = co_await response->body->read();
  if (!first) co_return first.error();
  if (first->empty()) {
    response->body.reset();
    co_return response;
  }
  response->fields.add(http::FieldId::content_type, sniff_content_type(*first));
  response->body = std::make_unique<PeekedBody>(std::move(response->body), *first);
  co_return response;
}

const control::MiddlewareKind ContentType::kKind = {
    "contentType", [](const config::Middleware& settings) { return settings.content_type.has_value(); },
    [](const control::MiddlewareParts&) { return control::MadeMiddleware::of(std::make_shared<ContentType>()); }};

}  // namespace sluice::middleware
