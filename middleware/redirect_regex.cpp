#include "middleware/redirect_regex.h"

#include <fmt/format.h>

#include <array>

#include "base/text.h"
#include "middleware/answers.h"
#include "middleware/redirecting.h"

namespace sluice::middleware {
namespace {

constexpr char kHex[] = "0123456789ABCDEF";

// The text as a URI reference: blanks and bytes beyond ASCII become escapes. Nothing when it has control bytes or
// an escape that is none.
std::optional<std::string_view> as_reference(std::string_view text, Arena& arena) {
  char* begin = arena.array<char>(text.size() * 3);
  char* to = begin;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7f) return std::nullopt;
    bool bad_escape =
        text[i] == '%' && (text.size() - i < 3 || hex_digit(text[i + 1]) < 0 || hex_digit(text[i + 2]) < 0);
    if (bad_escape) return std::nullopt;
    if (byte > 0x20 && byte < 0x80) {
      *to++ = text[i];
    } else {
      *to++ = '%';
      *to++ = kHex[byte >> 4];
      *to++ = kHex[byte & 15];
    }
  }
  return std::string_view(begin, static_cast<std::size_t>(to - begin));
}

}  // namespace

control::MadeMiddleware RedirectRegex::make(const config::RedirectRegex& settings) {
  if (settings.regex.empty()) return control::MadeMiddleware::refused("redirectRegex needs a regex");
  std::string error;
  std::shared_ptr<const Regexp> regexp = Regexp::compile(settings.regex, error);
  if (regexp == nullptr) {
    return control::MadeMiddleware::refused(fmt::format("the regex {} cannot be used: {}", settings.regex, error));
  }
  return control::MadeMiddleware::of(
      std::make_shared<RedirectRegex>(std::move(regexp), settings.replacement, settings.permanent));
}

Task<Result<http::Response>> RedirectRegex::handle(http::Request& request, const proxy::Handler& next) const {
  std::array<std::string_view, 6> pieces = {request.peer.tls ? "https" : "http",
                                            "://",
                                            request.authority,
                                            request.target.path,
                                            request.target.has_query ? "?" : "",
                                            request.target.query};
  std::string_view url = request.arena.join(pieces);
  if (!regexp_->matches(url)) return next.handle(request);
  std::string_view target = regexp_->replace_all(url, replacement_, request.arena);
  if (target == url) return next.handle(request);
  std::optional<std::string_view> location = as_reference(target, request.arena);
  if (!location) return answer(request, 500);
  return redirect(request, *location, permanent_);
}

const control::MiddlewareKind RedirectRegex::kKind = {
    "redirectRegex", [](const config::Middleware& settings) { return settings.redirect_regex.has_value(); },
    [](const control::MiddlewareParts& parts) { return RedirectRegex::make(*parts.settings.redirect_regex); }};

}  // namespace sluice::middleware
