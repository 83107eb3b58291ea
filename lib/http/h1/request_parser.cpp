#include "http/h1/request_parser.h"

#include "base/text.h"
#include "http/chars.h"

namespace sluice::http::h1 {

namespace {

constexpr std::size_t kMaxMethod = 64;
constexpr std::size_t kMaxEmptyLines = 2;  // RFC 9112 §2.2 asks to ignore at least one
constexpr std::size_t kVersionSize = 8;    // "HTTP/1.1"

Reason read_version(std::string_view text, Version& version) {
  if (text.size() != kVersionSize || !text.starts_with("HTTP/") || !is_digit(text[5]) || text[6] != '.' ||
      !is_digit(text[7])) {
    return Reason::version_malformed;
  }
  if (text[5] != '1' || text[7] > '1') return Reason::version_unsupported;
  version = text[7] == '1' ? Version::http11 : Version::http10;
  return Reason::none;
}

struct AbsoluteForm {
  NamedHost host;
  std::string_view origin_form;
};

// RFC 9112 §3.2.2, for the schemes a server can be asked for.
Reason split_absolute_form(std::string_view target, Method method, Arena& arena, AbsoluteForm& form) {
  std::size_t scheme = istarts_with(target, "http://") ? 7 : istarts_with(target, "https://") ? 8 : 0;
  if (scheme == 0) return Reason::target_form;
  form.host.default_port = scheme == 8 ? 443 : 80;
  target.remove_prefix(scheme);
  form.host.text = target.substr(0, target.find_first_of("/?#"));
  std::optional<Authority> authority = parse_authority(form.host.text, arena);
  if (!authority) return Reason::target_authority;
  form.host.authority = *authority;
  target.remove_prefix(form.host.text.size());
  if (target.empty()) {
    form.origin_form = method == Method::options ? "*" : "/";
  } else if (target[0] == '/') {
    form.origin_form = target;
  } else {
    std::string_view pieces[] = {"/", target};
    form.origin_form = arena.join(pieces);
  }
  return Reason::none;
}

}  // namespace

Reason RequestParser::split_line(std::string_view line, const Limits& limits) {
  std::size_t first = line.find(' ');
  std::string_view method = line.substr(0, first);
  if (!is_token(method)) return Reason::request_line;
  if (first == std::string_view::npos) return Reason::version_malformed;
  if (method.size() > kMaxMethod) return Reason::method_unsupported;
  std::size_t last = line.rfind(' ');
  if (last == first) return Reason::version_malformed;  // HTTP/0.9
  Reason reason = read_version(line.substr(last + 1), version_);
  if (reason != Reason::none) return reason;
  std::string_view target = line.substr(first + 1, last - first - 1);
  if (target.empty() || target.find(' ') != std::string_view::npos) return Reason::request_line;
  method_ = method_of(method);
  if (method_ == Method::connect) return Reason::method_connect;
  if (method_ == Method::trace) return Reason::method_trace;
  if (target.size() > limits.max_target) return Reason::target_too_long;
  method_size_ = static_cast<std::uint32_t>(method.size());
  target_size_ = static_cast<std::uint32_t>(target.size());
  return Reason::none;
}

Reason RequestParser::finish(std::string_view head, const Limits& limits, Request& request, HeadResult& result) const {
  std::string_view line = reader_.first_line(head);
  std::string_view target = line.substr(method_size_ + 1, target_size_);
  request.method = method_;
  request.method_text = line.substr(0, method_size_);
  request.version = version_;

  AbsoluteForm absolute;
  bool is_absolute = target[0] != '/' && target != "*";
  if (is_absolute) {
    Reason reason = split_absolute_form(target, method_, request.arena, absolute);
    if (reason != Reason::none) return reason;
    target = absolute.origin_form;
  }
  if (target == "*") {
    if (method_ != Method::options) return Reason::target_form;
    request.target = Target{target, target, {}, false, target};
  } else {
    Reason reason = read_target(target, limits.target, request.arena, request.target);
    if (reason != Reason::none) return reason;
  }

  FieldFacts facts;
  Reason reason = reader_.build_fields(head, limits.underscores, bit_of(FieldId::host), request.fields, facts);
  if (reason != Reason::none) return reason;
  return decide_request(facts, is_absolute ? &absolute.host : nullptr, request, result);
}

HeadResult RequestParser::parse(Bytes available, Arena& arena, Request& request, const Limits& limits) {
  HeadResult result;
  auto refuse = [&](Reason reason) {
    result.state = HeadResult::State::refused;
    result.reason = reason;
    return result;
  };
  if (!has_line_) {
    std::size_t longest = kMaxMethod + limits.max_target + kVersionSize + 2;
    HeadReader::Step step = reader_.read_line(available, kMaxEmptyLines, longest, Reason::target_too_long);
    if (step == HeadReader::Step::need_more) return result;
    if (step == HeadReader::Step::refused) return refuse(reader_.reason());
    Reason reason = split_line(reader_.first_line(available), limits);
    if (reason != Reason::none) return refuse(reason);
    has_line_ = true;
  }
  HeadReader::Step step = reader_.read_fields(available, arena, limits);
  if (step == HeadReader::Step::need_more) return result;
  if (step == HeadReader::Step::refused) return refuse(reader_.reason());

  std::string_view head = arena.copy(available.substr(0, reader_.size()));
  Reason reason = finish(head, limits, request, result);
  if (reason != Reason::none) return refuse(reason);
  SLUICE_CHECK(reader_.confirmed(head));
  result.state = HeadResult::State::done;
  result.consumed = reader_.size();
  return result;
}

}  // namespace sluice::http::h1
