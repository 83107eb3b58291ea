#include "route/vocabulary.h"

#include <array>

#include "base/text.h"

namespace sluice::route {
namespace {

constexpr std::array kHttpV3 = {
    MatcherSpec{"Host", Matcher::host, 1, 1, "Host(`example.com`)"},
    MatcherSpec{"HostRegexp", Matcher::host_regexp, 1, 1, "HostRegexp(`^.+\\.example\\.com$`)"},
    MatcherSpec{"Path", Matcher::path, 1, 1, "Path(`/status`)"},
    MatcherSpec{"PathPrefix", Matcher::path_prefix, 1, 1, "PathPrefix(`/api`)"},
    MatcherSpec{"PathRegexp", Matcher::path_regexp, 1, 1, "PathRegexp(`^/v[0-9]+/`)"},
    MatcherSpec{"Method", Matcher::method, 1, 1, "Method(`GET`)"},
    MatcherSpec{"Header", Matcher::header, 2, 2, "Header(`X-Name`, `value`)"},
    MatcherSpec{"HeaderRegexp", Matcher::header_regexp, 2, 2, "HeaderRegexp(`X-Name`, `^v`)"},
    MatcherSpec{"Query", Matcher::query, 1, 2, "Query(`name`, `value`)"},
    MatcherSpec{"QueryRegexp", Matcher::query_regexp, 1, 2, "QueryRegexp(`name`, `^v`)"},
    MatcherSpec{"ClientIP", Matcher::client_ip, 1, 1, "ClientIP(`10.0.0.0/8`)"},
};

constexpr std::array kHttpV2 = {
    MatcherSpec{"Host", Matcher::host_literal, 1, kUnlimited, "Host(`example.com`, `www.example.com`)"},
    MatcherSpec{"HostHeader", Matcher::host_literal, 1, kUnlimited, "HostHeader(`example.com`)"},
    MatcherSpec{"HostRegexp", Matcher::host_template, 1, kUnlimited, "HostRegexp(`{name:[a-z]+}.example.com`)"},
    MatcherSpec{"Path", Matcher::path_template, 1, kUnlimited, "Path(`/status`, `/user/{id:[0-9]+}`)"},
    MatcherSpec{"PathPrefix", Matcher::path_prefix_template, 1, kUnlimited, "PathPrefix(`/api`)"},
    MatcherSpec{"Method", Matcher::method, 1, kUnlimited, "Method(`GET`, `HEAD`)"},
    MatcherSpec{"Headers", Matcher::header, 2, kUnlimited, "Headers(`X-Name`, `value`)"},
    MatcherSpec{"HeadersRegexp", Matcher::header_regexp, 2, kUnlimited, "HeadersRegexp(`X-Name`, `^v`)"},
    MatcherSpec{"Query", Matcher::query_template, 1, kUnlimited, "Query(`name=value`)"},
    MatcherSpec{"ClientIP", Matcher::client_ip, 1, kUnlimited, "ClientIP(`10.0.0.0/8`, `::1`)"},
};

constexpr std::array kTcpV3 = {
    MatcherSpec{"HostSNI", Matcher::host, 1, 1, "HostSNI(`example.com`)"},
    MatcherSpec{"HostSNIRegexp", Matcher::host_regexp, 1, 1, "HostSNIRegexp(`^.+\\.example\\.com$`)"},
    MatcherSpec{"ClientIP", Matcher::client_ip, 1, 1, "ClientIP(`10.0.0.0/8`)"},
    MatcherSpec{"ALPN", Matcher::alpn, 1, 1, "ALPN(`h2`)"},
};

constexpr std::array kTcpV2 = {
    MatcherSpec{"HostSNI", Matcher::host_literal, 1, kUnlimited, "HostSNI(`example.com`, `www.example.com`)"},
    MatcherSpec{"HostSNIRegexp", Matcher::host_template, 1, kUnlimited, "HostSNIRegexp(`{name:[a-z]+}.example.com`)"},
    MatcherSpec{"ClientIP", Matcher::client_ip, 1, kUnlimited, "ClientIP(`10.0.0.0/8`, `::1`)"},
    MatcherSpec{"ALPN", Matcher::alpn, 1, kUnlimited, "ALPN(`h2`, `http/1.1`)"},
};

// The names of one thing in the rule languages, for a name that was right in another one.
struct Translation {
  std::string_view v2, v3;
};
constexpr std::array kTranslations = {
    Translation{"Headers", "Header"},
    Translation{"HeadersRegexp", "HeaderRegexp"},
    Translation{"HostHeader", "Host"},
};

// A matcher that v2 tells apart by its argument is named by the kind the vocabulary lists.
Matcher listed_kind(Matcher matcher, Syntax syntax) {
  if (syntax == Syntax::v3) return matcher;
  switch (matcher) {
    case Matcher::host: return Matcher::host_literal;
    case Matcher::path: return Matcher::path_template;
    case Matcher::path_prefix: return Matcher::path_prefix_template;
    case Matcher::query: return Matcher::query_template;
    default: return matcher;
  }
}

bool is_spelling_of(std::string_view name, std::string_view written) {
  if (!iequals(name, written)) return false;
  if (written == name || written == lowered(name) || written == uppered(name)) return true;
  return written.front() == to_upper(name.front()) && written.substr(1) == lowered(name.substr(1));
}

}  // namespace

std::span<const MatcherSpec> vocabulary(Family family, Syntax syntax) {
  if (family == Family::http) return syntax == Syntax::v3 ? std::span<const MatcherSpec>(kHttpV3) : kHttpV2;
  return syntax == Syntax::v3 ? std::span<const MatcherSpec>(kTcpV3) : kTcpV2;
}

const MatcherSpec* find_matcher(std::string_view name, Family family, Syntax syntax) {
  for (const MatcherSpec& spec : vocabulary(family, syntax)) {
    if (is_spelling_of(spec.name, name)) return &spec;
  }
  return nullptr;
}

std::string_view name_of(Matcher matcher, Family family, Syntax syntax) {
  matcher = listed_kind(matcher, syntax);
  for (const MatcherSpec& spec : vocabulary(family, syntax)) {
    if (spec.matcher == matcher) return spec.name;
  }
  return {};
}

std::string advice_for_name(std::string_view name, Family family, Syntax syntax) {
  for (const MatcherSpec& spec : vocabulary(family, syntax)) {
    if (iequals(spec.name, name)) return "write " + std::string(spec.name);
  }
  for (const Translation& pair : kTranslations) {
    if (syntax == Syntax::v3 && iequals(pair.v2, name) && family == Family::http) {
      return "this is v2 syntax: write " + std::string(pair.v3) + ", or set ruleSyntax to v2";
    }
    if (syntax == Syntax::v2 && iequals(pair.v3, name) && family == Family::http) {
      return "this is v3 syntax: write " + std::string(pair.v2) + ", or set ruleSyntax to v3";
    }
  }
  Syntax other_syntax = syntax == Syntax::v3 ? Syntax::v2 : Syntax::v3;
  for (const MatcherSpec& spec : vocabulary(family, other_syntax)) {
    if (!iequals(spec.name, name)) continue;
    std::string other = other_syntax == Syntax::v3 ? "v3" : "v2";
    return std::string(spec.name) + " exists in " + other + " rules only: set ruleSyntax to " + other;
  }
  Family other_family = family == Family::http ? Family::tcp : Family::http;
  for (const MatcherSpec& spec : vocabulary(other_family, syntax)) {
    if (!iequals(spec.name, name)) continue;
    if (family == Family::tcp) {
      return "TCP routers see no HTTP request: use HostSNI, HostSNIRegexp, ClientIP or ALPN, or an HTTP router";
    }
    return std::string(spec.name) + " is a matcher of TCP routers; HTTP routers use " +
           (spec.matcher == Matcher::host_regexp ? "HostRegexp" : "Host");
  }
  const MatcherSpec* nearest = nullptr;
  std::size_t least = 4;  // edits: more is another word, not a slip
  for (const MatcherSpec& spec : vocabulary(family, syntax)) {
    std::size_t edits = edit_distance(spec.name, name);
    if (edits < least && edits < spec.name.size()) {
      least = edits;
      nearest = &spec;
    }
  }
  if (nearest != nullptr) return "did you mean " + std::string(nearest->name) + "?";
  std::string known;
  for (const MatcherSpec& spec : vocabulary(family, syntax)) {
    known += (known.empty() ? "" : ", ") + std::string(spec.name);
  }
  return "the matchers are " + known;
}

}  // namespace sluice::route
