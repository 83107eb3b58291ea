#include "middleware/auth_question.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "http/forwarded.h"
#include "http/target.h"

namespace sluice::middleware {
namespace {

using http::FieldId;

// Fields that say something about the request in question; the others of that family describe the way it came.
constexpr std::uint64_t kFacts = http::bit_of(FieldId::x_forwarded_method) | http::bit_of(FieldId::x_forwarded_proto) |
                                 http::bit_of(FieldId::x_forwarded_host) | http::bit_of(FieldId::x_forwarded_uri) |
                                 http::bit_of(FieldId::x_forwarded_for);

std::string_view uri_of(const http::Request& request, Arena& arena) {
  if (!request.target.has_query) return request.target.path;
  std::array<std::string_view, 3> pieces = {request.target.path, "?", request.target.query};
  return arena.join(pieces);
}

std::string_view port_of(const http::Request& request) {
  std::string_view authority = request.authority;
  std::size_t colon = authority.rfind(':');
  if (colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos) {
    return authority.substr(colon + 1);
  }
  return request.peer.tls ? "443" : "80";
}

}  // namespace

AuthQuestion::AuthQuestion(const config::ForwardAuth& settings, const proxy::ServerUrl& server)
    : settings_(settings),
      trust_(!settings.trust_forward_header   ? Trust::unset
             : *settings.trust_forward_header ? Trust::yes
                                              : Trust::no),
      authority_(server.authority) {
  std::string_view address = settings.address;
  std::size_t begin = address.find("://") + 3;
  std::size_t end = std::min(address.find_first_of("/?#", begin), address.size());
  origin_ = std::string(address.substr(0, begin)) + authority_;
  std::string_view target = address.substr(end);
  target = target.substr(0, target.find('#'));
  std::size_t question = target.find('?');
  path_ = target.substr(0, question);
  if (path_.empty()) path_ = "/";
  if (question != std::string_view::npos) {
    has_query_ = true;
    query_ = target.substr(question + 1);
  }
}

bool AuthQuestion::is_sent(const http::Field& field) const {
  if ((kFacts & http::bit_of(field.id)) != 0) return false;  // added again by add_facts
  bool managed = http::is_managed(field.id) && field.id != FieldId::forwarded;
  if (managed && trust_ == Trust::no) return false;
  if (settings_.auth_request_headers.empty()) return true;
  if (managed && trust_ == Trust::yes) return true;
  return std::any_of(settings_.auth_request_headers.begin(), settings_.auth_request_headers.end(),
                     [&](const std::string& name) { return iequals(name, field.name); });
}

void AuthQuestion::add_facts(const http::Request& request, http::Request& question) const {
  Arena& arena = question.arena;
  auto incoming = [&](FieldId id) { return trust_ == Trust::yes ? request.fields.get(id) : std::nullopt; };
  auto add = [&](FieldId id, std::string_view value) { question.fields.add(id, incoming(id).value_or(value)); };
  add(FieldId::x_forwarded_method, request.method_text);
  add(FieldId::x_forwarded_proto, request.peer.tls ? "https" : "http");
  add(FieldId::x_forwarded_host, request.authority);
  add(FieldId::x_forwarded_uri, uri_of(request, arena));
  std::string_view peer = request.peer.remote_text;
  if (peer.empty()) peer = arena.copy(request.peer.remote.ip.to_string());
  std::optional<std::string_view> chain = incoming(FieldId::x_forwarded_for);
  if (chain && !chain->empty()) {
    std::array<std::string_view, 3> pieces = {*chain, ", ", peer};
    peer = arena.join(pieces);
  }
  question.fields.add(FieldId::x_forwarded_for, peer);
  if (trust_ == Trust::no && (settings_.auth_request_headers.empty() ||
                              std::any_of(settings_.auth_request_headers.begin(), settings_.auth_request_headers.end(),
                                          [](const std::string& name) { return iequals(name, "X-Forwarded-Port"); }))) {
    question.fields.add(FieldId::x_forwarded_port, port_of(request));
  }
}

http::Request& AuthQuestion::about(http::Request& request) const {
  http::Request& question = *request.arena.make<http::Request>(request.arena, request.peer);
  if (settings_.preserve_request_method) {
    question.method = request.method;
    question.method_text = request.method_text;
  }
  question.authority = authority_;
  question.target.path = path_;
  question.target.match_path = path_;
  question.target.query = query_;
  question.target.has_query = has_query_;
  question.router = request.router;
  question.user = request.user;
  question.append_forwarded_for = false;
  question.fields.reserve(request.fields.size() + 6);
  for (const http::Field& field : request.fields) {
    if (is_sent(field)) question.fields.add(field);
  }
  add_facts(request, question);
  return question;
}

std::string_view AuthQuestion::absolute(std::string_view reference, Arena& arena) const {
  std::size_t colon = reference.find_first_of(":/?#");
  if (colon != std::string_view::npos && reference[colon] == ':') return reference;  // it has a scheme
  if (reference.starts_with("//")) {
    std::array<std::string_view, 2> pieces = {std::string_view(origin_).substr(0, origin_.find("//")), reference};
    return arena.join(pieces);
  }
  std::size_t end_of_path = std::min(reference.find_first_of("?#"), reference.size());
  std::string_view path = reference.substr(0, end_of_path);
  if (path.empty()) {
    path = path_;
  } else {
    std::string_view folder = path.starts_with('/') ? "" : std::string_view(path_).substr(0, path_.rfind('/') + 1);
    std::array<std::string_view, 2> pieces = {folder, path};
    path = arena.join(pieces);
    http::NormalPath normal = http::normalize_path(path, http::TargetOptions(), arena);
    if (normal.reason == http::Reason::none) path = normal.path;
  }
  std::array<std::string_view, 3> pieces = {origin_, path, reference.substr(end_of_path)};
  return arena.join(pieces);
}

}  // namespace sluice::middleware
