// ask.h: requests and tables in a line, for the tests of the rule language.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/authority.h"
#include "http/message.h"
#include "http/target.h"
#include "route/http_table.h"
#include "route/parser.h"
#include "route/sni_table.h"

namespace sluice::route {

inline Rule must_parse(std::string_view text, Family family = Family::http, Syntax syntax = Syntax::v3) {
  ParsedRule parsed = parse_rule(text, family, syntax);
  if (!parsed.rule) throw std::runtime_error(std::string(text) + ": " + parsed.error->what);
  return std::move(*parsed.rule);
}

// A request as the server side would hand it on: target normalised, host canonical.
class Ask {
 public:
  explicit Ask(std::string_view target = "/") : request_(arena_, peer_) {
    peer_.remote = {*IpAddress::parse("192.0.2.1"), 50000};
    http::Reason reason = http::read_target(arena_.copy(target), {}, arena_, request_.target);
    if (reason != http::Reason::none) throw std::runtime_error("not a target: " + std::string(target));
  }
  Ask& host(std::string_view authority) {
    std::optional<http::Authority> parsed = http::parse_authority(arena_.copy(authority), arena_);
    if (!parsed) throw std::runtime_error("not an authority: " + std::string(authority));
    request_.authority = arena_.copy(authority);
    request_.host = parsed->host;
    return *this;
  }
  Ask& method(std::string_view text) {
    request_.method_text = arena_.copy(text);
    return *this;
  }
  Ask& field(std::string_view name, std::string_view value) {
    request_.fields.add(arena_.copy(name), arena_.copy(value));
    return *this;
  }
  Ask& from(std::string_view ip) {
    peer_.remote.ip = *IpAddress::parse(ip);
    return *this;
  }
  // Bytes that no client can send but that a path may be rewritten to.
  Ask& match_path(std::string_view path) {
    request_.target.match_path = arena_.copy(path);
    return *this;
  }
  Ask& query(std::string_view query) {
    request_.target.query = arena_.copy(query);
    return *this;
  }

  const http::Request& request() const { return request_; }

 private:
  Arena arena_;
  http::Peer peer_;
  http::Request request_;
};

// Whether one rule takes a request; lookup and scan must say the same.
inline bool matches(std::string_view rule, const Ask& ask, Syntax syntax = Syntax::v3) {
  Rule parsed = must_parse(rule, Family::http, syntax);
  Route route{&parsed, 0, "r@test", 0, 7};
  HttpTable table({&route, 1});
  std::optional<std::uint32_t> found = table.match(ask.request());
  if (found != table.scan(ask.request())) throw std::runtime_error("match differs from scan: " + std::string(rule));
  return found == 7U;
}

inline bool matches_tcp(std::string_view rule, const Hello& hello, Syntax syntax = Syntax::v3) {
  Rule parsed = must_parse(rule, Family::tcp, syntax);
  Route route{&parsed, 0, "r@test", 0, 7};
  SniTable table({&route, 1});
  std::optional<SniTable::Match> found = table.match(hello);
  if (found.has_value() != table.scan(hello).has_value()) throw std::runtime_error("match differs from scan");
  return found.has_value();
}

// A table of rules whose payloads are their positions in the list.
class Rules {
 public:
  explicit Rules(std::vector<std::string> texts) {
    for (const std::string& text : texts) rules_.push_back(must_parse(text));
    for (std::size_t i = 0; i < rules_.size(); ++i) {
      names_.push_back("r" + std::to_string(i) + "@test");
    }
    for (std::size_t i = 0; i < rules_.size(); ++i) {
      routes_.push_back(Route{&rules_[i], 0, names_[i], 0, static_cast<std::uint32_t>(i)});
    }
  }
  Route& operator[](std::size_t i) { return routes_[i]; }
  HttpTable table() const { return HttpTable(routes_); }
  // -1: none
  int winner(const Ask& ask) const {
    HttpTable built = table();
    std::optional<std::uint32_t> found = built.match(ask.request());
    if (found != built.scan(ask.request())) throw std::runtime_error("match differs from scan");
    return found ? static_cast<int>(*found) : -1;
  }

 private:
  std::vector<Rule> rules_;
  std::vector<std::string> names_;
  std::vector<Route> routes_;
};

}  // namespace sluice::route
