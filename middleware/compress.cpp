#include "middleware/compress.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "async/lent.h"
#include "base/text.h"
#include "http/chars.h"
#include "proxy/answering.h"
#include "proxy/body_around.h"

namespace sluice::middleware {
namespace {

// So much is encoded before others get their turn.
constexpr std::size_t kSlice = 64 * 1024;

// Types whose content is compressed already; SVG and bitmaps are not.
constexpr std::array<std::string_view, 12> kCompressed = {
    "application/zip",  "application/gzip",    "application/x-gzip",          "application/zstd",
    "application/x-xz", "application/x-bzip2", "application/x-7z-compressed", "application/x-rar-compressed",
    "font/woff",        "font/woff2",          "application/font-woff",       "application/font-woff2"};
constexpr std::array<std::string_view, 3> kUncompressedImages = {"image/svg+xml", "image/bmp", "image/x-icon"};

std::string_view media_type(std::string_view content_type) {
  return http::trim_blanks(content_type.substr(0, content_type.find(';')));
}

bool is_in(const std::vector<std::string>& types, std::string_view type) {
  return std::any_of(types.begin(), types.end(), [&](const std::string& listed) { return iequals(listed, type); });
}

bool gains_nothing(std::string_view type) {
  if (istarts_with(type, "video/") || istarts_with(type, "audio/")) return true;
  auto is_type = [&](std::string_view listed) { return iequals(listed, type); };
  if (istarts_with(type, "image/"))
    return std::none_of(kUncompressedImages.begin(), kUncompressedImages.end(), is_type);
  return std::any_of(kCompressed.begin(), kCompressed.end(), is_type);
}

bool is_grpc(std::string_view type) { return istarts_with(type, "application/grpc"); }

// The weight of one element, in thousandths (RFC 9110 §12.4.2); 0 for one that cannot be read.
int weight_of(std::string_view element) {
  for (;;) {
    std::size_t semicolon = element.find(';');
    if (semicolon == std::string_view::npos) return 1000;
    element.remove_prefix(semicolon + 1);
    std::string_view parameter = http::trim_blanks(element.substr(0, element.find(';')));
    if (!istarts_with(parameter, "q=")) continue;
    std::string_view text = parameter.substr(2);
    if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return 0;
    if (text.size() > 1 && text[1] != '.') return 0;
    int weight = (text[0] - '0') * 1000;
    int place = 100;
    for (std::size_t i = 2; i < text.size(); ++i, place /= 10) {
      if (!is_digit(text[i])) return 0;
      weight += (text[i] - '0') * place;
    }
    return std::min(weight, 1000);
  }
}

class CompressedBody final : public proxy::BodyAround {
 public:
  // `first` was read already; `ended`: and it is all there is.
  CompressedBody(std::unique_ptr<http::Body> inner, Coding coding, std::string_view first, bool ended)
      : BodyAround(std::move(inner)), encoder_(Encoder::make(coding, size_with(first))), first_(first), ended_(ended) {}

  Task<Result<http::Bytes>> read() override {
    out_.clear();
    while (out_.empty() && !finished_) {
      if (!first_.empty()) {
        std::string_view slice = first_.substr(0, kSlice);
        first_.remove_prefix(slice.size());
        Status encoded = encoder_->encode(slice, then(first_.empty()), out_);
        if (!encoded) co_return encoded.error();
        continue;
      }
      if (input_.empty() && !ended_) {
        Result<http::Bytes> piece = co_await inner().read();
        if (!piece) co_return piece.error();
        ended_ = piece->empty();
        input_.hold(*piece);
      }
      if (input_.empty()) {
        finished_ = true;
        Status encoded = encoder_->encode({}, Encoder::Then::finish, out_);
        if (!encoded) co_return encoded.error();
        break;
      }
      std::string_view slice = input_.bytes().substr(0, kSlice);
      bool last = slice.size() == input_.bytes().size();
      Status encoded = encoder_->encode(slice, then(last), out_);
      input_.drop_front(slice.size());
      if (!encoded) co_return encoded.error();
    }
    co_return http::Bytes(out_);
  }
  // What is lent is overwritten by the next piece.
  bool ready() const override { return false; }
  std::optional<std::uint64_t> remaining() const override { return std::nullopt; }
  net::Stream* direct() override { return nullptr; }

 private:
  std::optional<std::uint64_t> size_with(std::string_view first) const {
    std::optional<std::uint64_t> rest = inner().remaining();
    return rest ? std::optional(*rest + first.size()) : std::nullopt;
  }
  // What has come must not wait inside for what may take long to come.
  Encoder::Then then(bool last) const {
    return last && !ended_ && !inner().ready() ? Encoder::Then::flush : Encoder::Then::go_on;
  }

  std::unique_ptr<Encoder> encoder_;
  std::string_view first_;
  LentBytes input_;
  std::string out_;
  bool ended_;
  bool finished_ = false;
};

void add_vary(http::Response& response) {
  for (const http::Field& field : response.fields) {
    if (field.id == http::FieldId::vary &&
        (http::list_contains(field.value, "Accept-Encoding") || field.value == "*")) {
      return;
    }
  }
  response.fields.add(http::FieldId::vary, "Accept-Encoding");
}

}  // namespace

control::MadeMiddleware Compress::make(const config::Compress& settings) {
  using control::MadeMiddleware;
  auto made = std::make_shared<Compress>();
  for (const std::string& name : settings.encodings) {
    std::optional<Coding> coding = coding_of(name);
    if (!coding) return MadeMiddleware::refused(fmt::format("the encoding {} is none of gzip, br and zstd", name));
    made->codings_.push_back(*coding);
  }
  if (made->codings_.empty()) return MadeMiddleware::refused("encodings is empty: use gzip, br or zstd");
  if (!settings.default_encoding.empty()) {
    made->default_ = coding_of(settings.default_encoding);
    if (!made->default_) {
      return MadeMiddleware::refused(
          fmt::format("the defaultEncoding {} is none of gzip, br and zstd", settings.default_encoding));
    }
  }
  if (settings.min_response_body_bytes < 0) return MadeMiddleware::refused("minResponseBodyBytes is negative");
  made->smallest_ = static_cast<std::uint64_t>(settings.min_response_body_bytes);
  if (!settings.excluded_content_types.empty() && !settings.included_content_types.empty()) {
    return MadeMiddleware::refused("excludedContentTypes and includedContentTypes exclude each other: use one");
  }
  for (bool excluded : {true, false}) {
    for (const std::string& type : excluded ? settings.excluded_content_types : settings.included_content_types) {
      std::string_view name = media_type(type);
      if (name.find('/') == std::string_view::npos) {
        return MadeMiddleware::refused(fmt::format("{} is no content type", type));
      }
      (excluded ? made->excluded_ : made->included_).push_back(lowered(name));
    }
  }
  return MadeMiddleware::of(std::move(made));
}

std::optional<Coding> Compress::choose(const http::Request& request) const {
  std::array<int, 3> weights = {-1, -1, -1};
  int any = -1;
  int identity = -1;
  bool asked = false;
  for (const http::Field& field : request.fields) {
    if (field.id != http::FieldId::accept_encoding) continue;
    asked = true;
    http::for_each_in_list(field.value, [&](std::string_view element) {
      std::string_view name = http::trim_blanks(element.substr(0, element.find(';')));
      int weight = weight_of(element);
      if (name == "*") any = weight;
      if (iequals(name, "identity")) identity = weight;
      std::optional<Coding> coding = coding_of(lowered(name));
      if (coding) weights[static_cast<std::size_t>(*coding)] = weight;
    });
  }
  if (!asked) return default_;
  std::optional<Coding> best;
  int best_weight = 0;
  for (Coding coding : codings_) {
    int weight = weights[static_cast<std::size_t>(coding)];
    if (weight <= best_weight) continue;
    best = coding;
    best_weight = weight;
  }
  if (identity > (best ? best_weight : any)) return std::nullopt;
  if (best || any <= 0) return best;
  Coding wildcard = default_.value_or(codings_.front());
  return weights[static_cast<std::size_t>(wildcard)] == 0 ? std::nullopt : std::optional(wildcard);
}

bool Compress::eligible(const http::Response& response) const {
  if (response.body == nullptr || response.tunnel != nullptr) return false;
  if (response.status == 206 || response.status == 304 || response.status == 204) return false;
  if (response.fields.has(http::FieldId::content_encoding)) return false;
  std::optional<std::uint64_t> size = response.body->remaining();
  if (size && (*size < smallest_ || *size == 0)) return false;
  for (const http::Field& field : response.fields) {
    // RFC 9110 §7.7, RFC 9111 §5.2.2.6
    if (field.id == http::FieldId::cache_control && http::list_contains(field.value, "no-transform")) return false;
  }
  std::string_view type = media_type(response.fields.get(http::FieldId::content_type).value_or(""));
  if (is_grpc(type)) return false;
  if (!included_.empty()) return is_in(included_, type);
  return !is_in(excluded_, type) && !gains_nothing(type);
}

Task<Result<http::Response>> Compress::handle(http::Request& request, const proxy::Handler& next) const {
  std::string_view type = media_type(request.fields.get(http::FieldId::content_type).value_or(""));
  bool may = request.method != http::Method::head && !is_grpc(type) && !is_in(excluded_, type);
  // Handlers behind may change the fields, so the client's wish is read first.
  std::optional<Coding> coding = may ? choose(request) : std::nullopt;
  Result<http::Response> response = co_await next.handle(request);
  if (!may || !response || !eligible(*response) || proxy::failure_of(*response) != nullptr) co_return response;
  add_vary(*response);
  if (!coding) co_return response;
  // Whether content of unknown size is large enough shows when it comes. A stream of events is never held back for it.
  std::string first;
  bool ended = false;
  std::string_view response_type = media_type(response->fields.get(http::FieldId::content_type).value_or(""));
  bool wait = !response->body->remaining() && !iequals(response_type, "text/event-stream");
  while (wait && first.size() < smallest_) {
    Result<http::Bytes> piece = co_await response->body->read();
    if (!piece) co_return piece.error();
    first += *piece;
    ended = piece->empty();
    wait = !ended && response->body->ready();
  }
  if (ended && response->body->trailers() == nullptr) {
    response->body = std::make_unique<http::TextBody>(request.arena.copy(first));
    co_return response;
  }
  response->fields.remove(http::FieldId::content_length);
  response->fields.remove("Accept-Ranges");  // ranges would be of another representation
  response->fields.add(http::FieldId::content_encoding, coding_name(*coding));
  response->body =
      std::make_unique<CompressedBody>(std::move(response->body), *coding, request.arena.copy(first), ended);
  co_return response;
}

const control::MiddlewareKind Compress::kKind = {
    "compress", [](const config::Middleware& settings) { return settings.compress.has_value(); },
    [](const control::MiddlewareParts& parts) { return Compress::make(*parts.settings.compress); }};

}  // namespace sluice::middleware
