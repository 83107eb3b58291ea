#include "proxy/sticky.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.h"
#include "base/text.h"
#include "http/chars.h"
#include "tls/digest.h"

namespace sluice::proxy {
namespace {

// Traefik before version 3 wrote the FNV-1 hash of the URL; older ones the URL itself.
std::string fnv1(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (char c : text) hash = (hash * 0x100000001b3) ^ static_cast<unsigned char>(c);
  return fmt::format("{:x}", hash);
}

std::string attributes_of(const Sticky::Cookie& cookie) {
  std::string text;
  if (!cookie.path.empty()) text += "; Path=" + cookie.path;
  if (!cookie.domain.empty()) text += "; Domain=" + cookie.domain;
  if (cookie.max_age != 0) text += fmt::format("; Max-Age={}", std::max<std::int64_t>(0, cookie.max_age));
  if (cookie.http_only) text += "; HttpOnly";
  if (cookie.secure) text += "; Secure";
  if (iequals(cookie.same_site, "none")) text += "; SameSite=None";
  if (iequals(cookie.same_site, "lax")) text += "; SameSite=Lax";
  if (iequals(cookie.same_site, "strict")) text += "; SameSite=Strict";
  return text;
}

// The value of the first cookie of that name (RFC 6265 §5.4 as servers read it); a pair of quotes around it is dropped.
std::string_view cookie_value(const http::Fields& fields, std::string_view name) {
  for (const http::Field& field : fields) {
    if (field.id != http::FieldId::cookie) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      std::size_t end = rest.find(';');
      std::string_view pair = trim(rest.substr(0, end));
      rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
      std::size_t equals = pair.find('=');
      if (equals == std::string_view::npos || trim(pair.substr(0, equals)) != name) continue;
      std::string_view value = trim(pair.substr(equals + 1));
      if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
      return value;
    }
  }
  return {};
}

}  // namespace

Sticky::Sticky(const Cookie& cookie, const std::vector<std::string>& choices) : name_(cookie.name) {
  std::string attributes = attributes_of(cookie);
  for (const std::string& choice : choices) {
    std::string value = hex_encode(tls::sha256(choice)).substr(0, 16);
    fields_.push_back(name_ + '=' + value + attributes);
    values_.push_back({std::move(value), choice, fnv1(choice)});
  }
}

Sticky::Wish Sticky::wish_of(const http::Request& request) const {
  if (!request.fields.may_have(http::bit_of(http::FieldId::cookie))) return {};
  std::string_view value = cookie_value(request.fields, name_);
  if (value.empty()) return {};
  for (std::size_t i = 0; i < values_.size(); ++i) {
    auto found = std::find(values_[i].begin(), values_[i].end(), value);
    if (found != values_[i].end()) return {static_cast<int>(i), found == values_[i].begin()};
  }
  return {};
}

void Sticky::remember(http::Response& response, std::size_t index) const {
  response.fields.add("Set-Cookie", response.fields.arena().copy(fields_[index]));
}

std::string Sticky::default_name(std::string_view service) {
  return ('_' + hex_encode(tls::sha1("_TRAEFIK_BACKEND_" + std::string(service)))).substr(0, 6);
}

std::string Sticky::sanitized_name(std::string_view name) {
  std::string clean(name);
  for (char& c : clean) {
    if (!http::is_token(std::string_view(&c, 1))) c = '_';
  }
  return clean;
}

}  // namespace sluice::proxy
