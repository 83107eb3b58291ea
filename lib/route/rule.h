// rule.h: a routing rule as a tree. What the parser makes, and what everything else about routing is derived from: the
// program that matches, the hosts for certificates, the text shown to people.
//
// Negation is already pushed down to the clauses (De Morgan) and nested groups of one kind are flattened, so a tree is
// clauses joined by `all` and `any`. A Rule is a value; it is made and used on the control thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::route {

class Pattern;
struct Prepared;

enum class Syntax : std::uint8_t { v3, v2 };
enum class Family : std::uint8_t { http, tcp };

// What a clause compares. Host and HostSNI are one matcher on the name the client asked for; the v2 spellings of a
// matcher become a kind of their own only where they mean something else.
enum class Matcher : std::uint8_t {
  host,          // `*`, `*.rest` (one label) or a name
  host_literal,  // v2: a name, without wildcards
  host_regexp,
  host_template,  // v2: {name:regexp} pieces, anchored at both ends
  path,
  path_template,  // v2
  path_prefix,
  path_prefix_template,  // v2: anchored at the start only
  path_regexp,
  method,
  header,
  header_regexp,
  query,  // the parameter has exactly this value
  query_regexp,
  query_template,  // v2: as above, anchored; an empty template is any value
  client_ip,
  alpn,
};

struct Clause {
  Matcher matcher = Matcher::host;
  bool negated = false;
  std::string key;                         // name of the header or query parameter
  std::string value;                       // as written
  std::size_t offset = 0;                  // of the matcher name in the rule, in bytes
  std::shared_ptr<const Pattern> pattern;  // of regexps and templates, compiled when parsed

  // Equal meaning: position does not count.
  friend bool operator==(const Clause& a, const Clause& b) {
    return a.matcher == b.matcher && a.negated == b.negated && a.key == b.key && a.value == b.value;
  }
};

struct Expression {
  enum class Kind : std::uint8_t { clause, all, any };

  Kind kind = Kind::clause;
  Clause clause;                  // of Kind::clause
  std::vector<Expression> parts;  // of the others: two or more, none of them of the same kind

  friend bool operator==(const Expression&, const Expression&) = default;
};

struct Rule {
  std::string text;  // as written: its length in bytes is the automatic priority
  Family family = Family::http;
  Syntax syntax = Syntax::v3;
  Expression root;
  std::shared_ptr<const Prepared> prepared = {};  // what tables need of it; made by the parser, so never null there

  friend bool operator==(const Rule& a, const Rule& b) {
    return a.family == b.family && a.syntax == b.syntax && a.root == b.root;
  }
};

// The opposite, with the negation inside.
Expression negated(Expression expression);
// `expression` becomes one more part of `group`, which is flattened if both are of one kind.
void join(Expression& group, Expression expression);

// Canonical text, which parses to an equal rule in the same family and syntax.
std::string print(const Rule& rule);
std::string print(const Clause& clause, Family family, Syntax syntax);

// The names and wildcards (`*.example.com`) that clauses of the rule ask for, canonical (lower case, no trailing dot),
// in order of appearance and once each. Negated ones do not count, nor does `*`. Empty: the rule is for any host.
std::vector<std::string> hosts_of(const Rule& rule);

// True for a TCP rule that can only be decided from a TLS handshake: its first HostSNI is not `*`.
bool needs_tls(const Rule& rule);
// True for exactly HostSNI(`*`): the router that takes what no other takes.
bool is_catch_all(const Rule& rule);

}  // namespace sluice::route
