#include "http/h2/messages.h"

#include <array>
#include <charconv>
#include <utility>

#include "base/text.h"
#include "http/authority.h"
#include "http/chars.h"
#include "http/h1/framing.h"
#include "http/trailers.h"

namespace sluice::http::h2 {
namespace {

// 18 digits stay below 2^63 whatever they are.
constexpr std::size_t kMaxLengthDigits = 18;
constexpr std::size_t kMaxMethod = 64;

// RFC 9113 §8.2.2: these speak about a connection of HTTP/1.
constexpr std::uint64_t kConnectionSpecific = bit_of(FieldId::connection) | bit_of(FieldId::transfer_encoding) |
                                              bit_of(FieldId::upgrade) | bit_of(FieldId::keep_alive) |
                                              bit_of(FieldId::proxy_connection) | bit_of(FieldId::http2_settings);

Reason read_length(const Fields& fields, std::optional<std::uint64_t>& length) {
  const Field* field = fields.find(FieldId::content_length);
  if (field == nullptr) return Reason::none;
  if (fields.count(FieldId::content_length) > 1) return Reason::length_repeated;
  if (field->value.size() > kMaxLengthDigits) return Reason::length_invalid;
  length = parse_u64(field->value);
  return length ? Reason::none : Reason::length_invalid;
}

// RFC 9113 §8.2.3: a client may cut its cookies into pieces; everybody behind us gets one field.
void join_cookies(Fields& fields) {
  std::size_t count = fields.count(FieldId::cookie);
  if (count < 2) return;
  auto* pieces = fields.arena().array<std::string_view>(2 * count);
  std::size_t size = 0;
  for (const Field& field : fields) {
    if (field.id != FieldId::cookie) continue;
    if (size != 0) pieces[size++] = "; ";
    pieces[size++] = field.value;
  }
  fields.set(FieldId::cookie, fields.arena().join({pieces, size}));
}

// RFC 9113 §8.3.1: `:authority` is the host; a Host beside it has to name the same.
Reason read_host(const HeadBlock& block, Request& request) {
  if (block.fields.count(FieldId::host) > 1) return Reason::host_repeated;
  std::optional<std::string_view> host = block.fields.get(FieldId::host);
  std::string_view text = block.authority.empty() && host ? *host : block.authority;
  if (text.empty()) return Reason::host_missing;
  std::optional<Authority> authority = parse_authority(text, request.arena);
  if (!authority) return Reason::host_invalid;
  if (host && !block.authority.empty()) {
    std::optional<Authority> other = parse_authority(*host, request.arena);
    if (!other) return Reason::host_invalid;
    std::uint16_t usual = block.scheme == "https" ? 443 : 80;
    auto port_of = [&](const Authority& of) { return of.port != 0 ? of.port : usual; };
    if (other->host != authority->host || port_of(*other) != port_of(*authority)) return Reason::host_mismatch;
  }
  request.authority = text;
  request.host = authority->host;
  return Reason::none;
}

Reason read_path(std::string_view path, const h1::Limits& limits, Request& request) {
  if (path.size() > limits.max_target) return Reason::target_too_long;
  if (path == "*") {
    request.target = Target{path, path, {}, false, path};
    return request.method == Method::options ? Reason::none : Reason::target_form;
  }
  return read_target(path, limits.target, request.arena, request.target);
}

// Names and values are checked once more where they leave us: a middleware may have set them.
class BlockWriter {
 public:
  BlockWriter(Arena& arena, std::size_t most) : arena_(arena), begin_(arena.array<Field>(most)) {}

  void add(std::string_view name, std::string_view value) {
    bad_ = bad_ || !is_field_value(value);
    begin_[size_++] = Field{name, value, FieldId::other};
  }
  void add_number(std::string_view name, std::uint64_t number) {
    char* text = arena_.array<char>(20);
    char* end = std::to_chars(text, text + 20, number).ptr;
    add(name, {text, static_cast<std::size_t>(end - text)});
  }
  // All fields whose id is not in `without`; says which there were.
  std::uint64_t add(const Fields& fields, std::uint64_t without) {
    std::uint64_t seen = 0;
    for (const Field& field : fields) {
      seen |= bit_of(field.id);
      if ((without & bit_of(field.id)) != 0) continue;
      bad_ = bad_ || (field.id == FieldId::other && !is_token(field.name));
      add(field.name, trim_blanks(field.value));
    }
    return seen;
  }
  Result<Block> finish() const {
    if (bad_) return Error::of(Code::invalid, "a field or target has a byte that HTTP/2 cannot carry");
    return Block(begin_, size_);
  }

 private:
  Arena& arena_;
  Field* begin_;
  std::size_t size_ = 0;
  bool bad_ = false;
};

constexpr std::size_t kOwnFields = 8;
constexpr std::uint64_t kNeverWritten = kConnectionSpecific | bit_of(FieldId::content_length) | bit_of(FieldId::host);

void write_length(BlockWriter& out, const Response& response, Method method) {
  h1::Framing framing = h1::response_framing(response, method, Version::http2);
  if (framing.kind == h1::Framing::Kind::length && response.body != nullptr) {
    out.add_number("content-length", framing.length);
    return;
  }
  // Without content a length only describes: that of what a GET would have got (RFC 9110 §8.6), or 0.
  bool describes = method == Method::head || response.status == 304;
  if (describes && response.body != nullptr) {
    if (std::optional<std::uint64_t> size = response.body->remaining()) out.add_number("content-length", *size);
  } else if (const Field* length = response.fields.find(FieldId::content_length);
             length != nullptr && response.body == nullptr && (describes || length->value == "0")) {
    out.add("content-length", length->value);
  }
}

}  // namespace

Reason read_request(HeadBlock& block, bool ended, const h1::Limits& limits, Request& request, RequestFacts& facts) {
  if (block.reason != Reason::none) return block.reason;
  request.version = Version::http2;
  request.method_text = block.method;
  request.method = method_of(block.method);
  if (!is_token(block.method)) return Reason::request_line;
  if (block.method.size() > kMaxMethod) return Reason::method_unsupported;
  facts.extended_connect = request.method == Method::connect && !block.protocol.empty();
  if (request.method == Method::connect && !facts.extended_connect) return Reason::method_connect;
  if (request.method == Method::trace) return Reason::method_trace;
  if (block.scheme != "http" && block.scheme != "https") return Reason::target_form;
  Reason reason = read_host(block, request);
  if (reason == Reason::none) reason = read_path(block.path, limits, request);
  if (reason == Reason::none) reason = read_length(block.fields, facts.length);
  if (reason != Reason::none) return reason;

  Fields& fields = block.fields;
  if (fields.may_have(kConnectionSpecific)) return Reason::connection_options;
  if (fields.count(FieldId::expect) > 0) {
    if (fields.count(FieldId::expect) > 1 || !iequals(*fields.get(FieldId::expect), "100-continue")) {
      return Reason::expectation;
    }
    facts.expect_continue = !ended;
  }
  if (facts.extended_connect) {
    // The handshake that HTTP/1 servers know; what follows on the stream is theirs.
    if (!iequals(block.protocol, "websocket") || ended || facts.length) return Reason::method_connect;
    request.method = Method::get;
    request.method_text = method_name(Method::get);
    request.upgrade = "websocket";
  }
  fields.remove(FieldId::host);
  join_cookies(fields);
  request.fields = fields;
  return Reason::none;
}

Reason read_response(HeadBlock& block, Response& response, std::optional<std::uint64_t>& length) {
  if (block.reason != Reason::none) return block.reason;
  std::optional<std::uint64_t> status = parse_u64(block.status);
  // RFC 9113 §8.6: nothing is switched in HTTP/2.
  if (!status || block.status.size() != 3 || *status < 100 || *status == 101) return Reason::status_line;
  if (block.fields.may_have(kConnectionSpecific)) return Reason::connection_options;
  Reason reason = read_length(block.fields, length);
  if (reason != Reason::none) return reason;
  response.status = static_cast<std::uint16_t>(*status);
  response.version = Version::http2;
  response.fields = block.fields;
  return Reason::none;
}

const Fields* read_trailers(HeadBlock& block) {
  if (block.reason != Reason::none) return nullptr;
  block.fields.remove_if([](const Field& field) { return !may_be_trailer(field); });
  return block.fields.empty() ? nullptr : block.fields.arena().make<Fields>(block.fields);
}

Result<Block> write_request(Arena& arena, const Request& request, const RequestForm& form) {
  BlockWriter out(arena, request.fields.size() + kOwnFields);
  if (request.target.path.empty() || !is_token(request.method_text)) {
    return Error::of(Code::invalid, "the request has no target or no method");
  }
  out.add(":method", request.method_text);
  out.add(":scheme", form.scheme);
  out.add(":authority", form.authority);
  std::string_view path = request.target.path;
  if (request.target.has_query) {
    std::array<std::string_view, 3> pieces = {path, "?", request.target.query};
    path = arena.join(pieces);
  }
  if (path.find(' ') != std::string_view::npos) return Error::of(Code::invalid, "a space in the request's target");
  out.add(":path", path);
  out.add(request.fields, kNeverWritten);
  h1::Framing framing = h1::request_framing(request);
  if (framing.kind == h1::Framing::Kind::length) out.add_number("content-length", framing.length);
  return out.finish();
}

Result<Block> write_response(Arena& arena, const Response& response, const ResponseForm& form) {
  if (response.status < 200 || response.status > 999) return Error::of(Code::invalid, "no final status of 3 digits");
  BlockWriter out(arena, response.fields.size() + kOwnFields);
  out.add_number(":status", response.status);
  std::uint64_t seen = out.add(response.fields, kNeverWritten);
  if ((seen & bit_of(FieldId::date)) == 0 && !form.date.empty()) out.add("date", form.date);
  write_length(out, response, form.method);
  return out.finish();
}

Result<Block> write_interim(Arena& arena, std::uint16_t status, const Fields& fields) {
  SLUICE_CHECK(status >= 100 && status < 200 && status != 101);
  BlockWriter out(arena, fields.size() + kOwnFields);
  out.add_number(":status", status);
  out.add(fields, kNeverWritten);
  return out.finish();
}

Result<Block> write_trailers(Arena& arena, const Fields& trailers) {
  BlockWriter out(arena, trailers.size() + kOwnFields);
  out.add(trailers, kNeverWritten);
  return out.finish();
}

}  // namespace sluice::http::h2
