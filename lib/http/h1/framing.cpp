#include "http/h1/framing.h"

#include <optional>

#include "base/text.h"
#include "http/authority.h"
#include "http/chars.h"

namespace sluice::http::h1 {

namespace {

// Enough for every honest client; without a bound the removal of nominated fields would be quadratic.
constexpr std::uint32_t kMaxConnectionOptions = 64;
// 18 digits stay below 2^63 whatever they are.
constexpr std::size_t kMaxLengthDigits = 18;

std::optional<std::uint64_t> parse_length(std::string_view value) {
  if (value.empty() || value.size() > kMaxLengthDigits) return std::nullopt;
  std::uint64_t length = 0;
  for (char c : value) {
    if (!is_digit(c)) return std::nullopt;
    length = length * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return length;
}

// Anything but a lone "chunked" is an attack or a coding that nobody uses (RFC 9112 §7): 400 when the list could be
// read in two ways, 501 when it names a coding that we do not have.
Reason judge_encoding(std::string_view value) {
  if (iequals(value, "chunked")) return Reason::none;
  Reason reason = Reason::encoding_invalid;
  for (;;) {
    std::size_t comma = value.find(',');
    std::string_view coding = trim_blanks(value.substr(0, comma));
    if (!is_token(coding)) return Reason::encoding_invalid;
    if (!iequals(coding, "chunked")) reason = Reason::encoding_unknown;
    if (comma == std::string_view::npos) return reason;
    if (iequals(coding, "chunked")) return Reason::encoding_invalid;  // chunked must be last
    value.remove_prefix(comma + 1);
  }
}

// The protocol, when the value names exactly one that may be forwarded. "h2c", "HTTP/2.0" and "TLS/1.0" would change
// what the following bytes mean for everybody on the way.
std::string_view offered_protocol(std::string_view value) {
  std::size_t slash = value.find('/');
  if (!is_token(value.substr(0, slash))) return {};
  if (slash != std::string_view::npos && !is_token(value.substr(slash + 1))) return {};
  if (iequals(value, "h2c") || istarts_with(value, "HTTP/") || istarts_with(value, "TLS/")) return {};
  return value;
}

bool persists(Version version, bool close, bool keep_alive) {
  return !close && (version != Version::http10 || keep_alive);
}

bool takes_no_content(Method method) {
  return method == Method::get || method == Method::head || method == Method::delete_;
}

bool forbids_content(std::uint16_t status) { return status < 200 || status == 204 || status == 304; }

}  // namespace

void FieldFacts::observe_connection(std::string_view value) {
  for_each_in_list(value, [&](std::string_view option) {
    ++connection_options_;
    FieldId id = field_id(option);  // two of the three are field names as well
    keep_alive_ = keep_alive_ || id == FieldId::keep_alive;
    upgrade_option_ = upgrade_option_ || id == FieldId::upgrade;
    close_ = close_ || (id == FieldId::other && iequals(option, "close"));
  });
}

void FieldFacts::observe(const Field& field) {
  switch (field.id) {
    case FieldId::host: host_.see(field.value); break;
    case FieldId::content_length: length_.see(field.value); break;
    case FieldId::transfer_encoding: encoding_.see(field.value); break;
    case FieldId::expect: expect_.see(field.value); break;
    case FieldId::upgrade: upgrade_.see(field.value); break;
    case FieldId::connection: observe_connection(field.value); break;
    default: break;
  }
}

void FieldFacts::observe_alias(FieldId aliased) {
  alias_ = alias_ || aliased == FieldId::host || aliased == FieldId::content_length ||
           aliased == FieldId::transfer_encoding || aliased == FieldId::connection;
}

// RFC 9112 §6.3, without its leniencies.
static Reason decide_framing(std::uint32_t lengths, std::string_view length, std::uint32_t encodings,
                             std::string_view encoding, Version version, Framing& framing) {
  if (lengths != 0 && encodings != 0) return Reason::length_and_encoding;
  if (encodings > 1) return Reason::encoding_invalid;
  if (encodings == 1) {
    if (version == Version::http10) return Reason::encoding_in_http10;
    framing.kind = Framing::Kind::chunked;
    return judge_encoding(encoding);
  }
  if (lengths > 1) return Reason::length_repeated;
  if (lengths == 1) {
    std::optional<std::uint64_t> bytes = parse_length(length);
    if (!bytes) return Reason::length_invalid;
    framing = Framing{Framing::Kind::length, *bytes};
  }
  return Reason::none;
}

static Reason decide_host(std::uint32_t hosts, std::string_view host, const NamedHost* named, Request& request) {
  if (named != nullptr) {
    request.authority = named->text;
    request.host = named->authority.host;
  }
  if (hosts > 1) return Reason::host_repeated;
  if (hosts == 0) return request.version == Version::http10 ? Reason::none : Reason::host_missing;
  std::optional<Authority> authority = parse_authority(host, request.arena);
  if (!authority) return Reason::host_invalid;
  if (named == nullptr) {
    request.authority = host;
    request.host = authority->host;
    return Reason::none;
  }
  // RFC 9112 §3.2.2 lets the URI win over Host; two names for one request are refused instead.
  auto port_of = [&](const Authority& of) { return of.port != 0 ? of.port : named->default_port; };
  bool same = authority->host == named->authority.host && port_of(*authority) == port_of(named->authority);
  return same ? Reason::none : Reason::host_mismatch;
}

Reason decide_request(const FieldFacts& facts, const NamedHost* named, Request& request, HeadResult& result) {
  if (facts.alias_) return Reason::field_alias;
  if (facts.connection_options_ > kMaxConnectionOptions) return Reason::connection_options;
  Reason reason = decide_framing(facts.length_.count, facts.length_.value, facts.encoding_.count, facts.encoding_.value,
                                 request.version, result.framing);
  if (reason != Reason::none) return reason;
  reason = decide_host(facts.host_.count, facts.host_.value, named, request);
  if (reason != Reason::none) return reason;

  bool has_content = result.framing.has_content();
  if (request.version == Version::http10 && has_content && takes_no_content(request.method)) {
    return Reason::content_in_http10;
  }
  if (facts.expect_.count != 0) {
    if (facts.expect_.count > 1 || !iequals(facts.expect_.value, "100-continue")) return Reason::expectation;
    result.expect_continue = has_content && request.version != Version::http10;
  }
  if (facts.upgrade_.count == 1 && facts.upgrade_option_ && request.version == Version::http11 &&
      request.method == Method::get && !has_content) {
    request.upgrade = offered_protocol(facts.upgrade_.value);
  }
  result.keep_alive = persists(request.version, facts.close_, facts.keep_alive_);
  return Reason::none;
}

Reason decide_response(const FieldFacts& facts, const Question& question, const Response& response,
                       HeadResult& result) {
  if (facts.connection_options_ > kMaxConnectionOptions) return Reason::connection_options;
  Reason reason = decide_framing(facts.length_.count, facts.length_.value, facts.encoding_.count, facts.encoding_.value,
                                 response.version, result.framing);
  if (reason != Reason::none) return reason;
  result.keep_alive = persists(response.version, facts.close_, facts.keep_alive_);
  bool framed = result.framing.kind != Framing::Kind::none;

  if (response.status == 101) {
    if (question.upgrade.empty()) return Reason::upgrade_not_asked;
    bool echoed = facts.upgrade_.count == 1 && facts.upgrade_option_ && iequals(facts.upgrade_.value, question.upgrade);
    return echoed && !result.framing.has_content() ? Reason::none : Reason::upgrade_mismatch;
  }
  if (question.method == Method::head || forbids_content(response.status)) {
    // A length here describes what a GET would have got. Content announced with 204 is content that may still come:
    // the bytes behind this head belong to nobody, so the connection is not used again.
    bool harmless = question.method == Method::head || response.status == 304 || !result.framing.has_content();
    result.keep_alive = result.keep_alive && harmless;
    result.framing = Framing{};
    return Reason::none;
  }
  if (!framed) {
    result.framing.kind = Framing::Kind::until_close;
    result.keep_alive = false;
  }
  return Reason::none;
}

Framing request_framing(const Request& request) {
  if (request.body == nullptr) {
    // RFC 9110 §8.6: methods that usually carry content say so when there is none.
    bool usual = request.method == Method::post || request.method == Method::put || request.method == Method::patch;
    return Framing{usual ? Framing::Kind::length : Framing::Kind::none, 0};
  }
  std::optional<std::uint64_t> size = request.body->remaining();
  return size ? Framing{Framing::Kind::length, *size} : Framing{Framing::Kind::chunked, 0};
}

Framing response_framing(const Response& response, Method method, Version client) {
  if (method == Method::head || forbids_content(response.status)) return Framing{};
  if (response.body == nullptr) return Framing{Framing::Kind::length, 0};
  std::optional<std::uint64_t> size = response.body->remaining();
  if (size) return Framing{Framing::Kind::length, *size};
  return Framing{client == Version::http10 ? Framing::Kind::until_close : Framing::Kind::chunked, 0};
}

}  // namespace sluice::http::h1
