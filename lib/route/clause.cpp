#include "route/clause.h"

#include <algorithm>
#include <utility>

#include "base/ip.h"
#include "base/text.h"
#include "route/pattern.h"
#include "route/regexp_text.h"

namespace sluice::route {
namespace {

using Kind = Expression::Kind;

bool is_ascii(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

std::string shown(std::string_view text) { return "`" + printable(text, 200) + "`"; }

bool is_server_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_alpha(c) || is_digit(c) || std::string_view("_.-:").find(c) != std::string_view::npos;
  });
}

class Binder {
 public:
  Binder(const Call& call, const MatcherSpec& spec, Family family, Syntax syntax, RuleProblem& problem,
         std::vector<RuleProblem>& warnings)
      : call_(call), spec_(spec), family_(family), syntax_(syntax), problem_(problem), warnings_(warnings) {}

  std::optional<Expression> run() {
    if (!right_arguments()) return std::nullopt;
    bool pairs = spec_.matcher == Matcher::header || spec_.matcher == Matcher::header_regexp;
    bool keyed = pairs || spec_.matcher == Matcher::query || spec_.matcher == Matcher::query_regexp;
    bool all = pairs || spec_.matcher == Matcher::query_template;
    std::size_t step = keyed ? 2 : 1;
    Expression group{all ? Kind::all : Kind::any, {}, {}};
    for (std::size_t i = 0; i < call_.arguments.size(); i += step) {
      Expression one;
      one.clause.matcher = spec_.matcher;
      one.clause.offset = call_.offset;
      const Argument* value = &call_.arguments[i];
      if (keyed) {
        one.clause.key = value->value;
        value = i + 1 < call_.arguments.size() ? value + 1 : nullptr;
      }
      if (value != nullptr) one.clause.value = value->value;
      if (!check(one.clause, value != nullptr ? *value : call_.arguments[i])) return std::nullopt;
      group.parts.push_back(std::move(one));
    }
    if (group.parts.size() > 1) return group;
    Expression only = std::move(group.parts.front());
    return only;
  }

 private:
  bool fail(std::size_t offset, std::string what, std::string fix) {
    problem_ = RuleProblem{std::move(what), offset, std::move(fix)};
    return false;
  }
  void warn(const Argument& argument, std::string what, std::string fix) {
    warnings_.push_back(RuleProblem{std::move(what), argument.offset, std::move(fix)});
  }
  std::string name() const { return std::string(spec_.name); }

  bool right_arguments() {
    std::size_t count = call_.arguments.size();
    std::string example = "write for example " + std::string(spec_.example);
    if (count == 0) return fail(call_.offset, "no args for matcher " + name(), example);
    for (const Argument& argument : call_.arguments) {
      if (argument.value.empty()) return fail(argument.offset, "empty args for matcher " + name(), example);
    }
    bool odd = spec_.most_arguments == kUnlimited && spec_.least_arguments == 2 && count % 2 != 0;
    if (count >= spec_.least_arguments && count <= spec_.most_arguments && !odd) return true;
    std::string least = std::to_string(spec_.least_arguments);
    std::string wanted = spec_.least_arguments == spec_.most_arguments ? least
                         : odd                                         ? "pairs of name and value"
                               : least + " or " + std::to_string(spec_.most_arguments);
    std::string fix = example;
    if (syntax_ == Syntax::v3 && spec_.most_arguments == 1) fix = split_up();
    return fail(
        call_.offset,
        "unexpected number of parameters for matcher " + name() + ": " + std::to_string(count) + ", expected " + wanted,
        fix);
  }

  // The v3 way to write a list.
  std::string split_up() const {
    std::string out = "write ";
    for (std::size_t i = 0; i < call_.arguments.size(); ++i) {
      if (i == 3 && call_.arguments.size() > 4) return out + " || …";
      out += (i == 0 ? "" : " || ") + name() + "(" + shown(call_.arguments[i].value) + ")";
    }
    return out;
  }

  bool check(Clause& clause, const Argument& argument) {
    switch (clause.matcher) {
      case Matcher::host: return check_host(clause, argument);
      case Matcher::host_literal: return check_host_literal(clause, argument);
      case Matcher::host_regexp:
        return ascii_host(argument) && no_template(argument, TemplateKind::host) &&
               compile(clause, clause.value, argument);
      case Matcher::host_template:
        return ascii_host(argument) && compile_template(clause, argument, TemplateKind::host);
      case Matcher::path:
      case Matcher::path_prefix: return check_path(clause, argument);
      case Matcher::path_template: return check_path_template(clause, argument, TemplateKind::path, Matcher::path);
      case Matcher::path_prefix_template:
        return check_path_template(clause, argument, TemplateKind::path_prefix, Matcher::path_prefix);
      case Matcher::path_regexp:
        return no_template(argument, TemplateKind::path) && compile(clause, clause.value, argument);
      case Matcher::method: clause.value = uppered(clause.value); return true;
      case Matcher::header:
      case Matcher::query: return true;
      case Matcher::header_regexp: return compile(clause, clause.value, argument);
      case Matcher::query_regexp:
        if (clause.value.empty()) {  // without an expression it asks the same as Query
          clause.matcher = Matcher::query;
          return true;
        }
        return compile(clause, clause.value, argument);
      case Matcher::query_template: return check_query_template(clause, argument);
      case Matcher::client_ip:
        if (Cidr::parse(clause.value)) return true;
        return fail(argument.offset, shown(clause.value) + " is no IP address or network",
                    "write for example ClientIP(`10.0.0.0/8`)");
      case Matcher::alpn:
        if (clause.value != "acme-tls/1") return true;
        return fail(argument.offset,
                    "ALPN(`acme-tls/1`) is not allowed: certificate challenges are not routed by rules",
                    "leave it out");
    }
    return true;
  }

  bool ascii_host(const Argument& argument) {
    if (is_ascii(argument.value)) return true;
    return fail(argument.offset, "host names in rules are ASCII, and " + shown(argument.value) + " is not",
                "write the name in its xn-- form (punycode)");
  }

  bool check_host(const Clause& clause, const Argument& argument) {
    const std::string& host = clause.value;
    if (!ascii_host(argument) || !no_template(argument, TemplateKind::host)) return false;
    std::string_view rest = host;
    if (rest == "*") return true;
    if (rest.starts_with("*.")) rest.remove_prefix(2);
    if (family_ == Family::tcp) return check_server_name(rest, argument);
    if (rest.find('*') != std::string_view::npos || rest.empty()) {
      warn(argument, "Host(" + shown(host) + ") never matches: a `*` stands for the whole first label only",
           "write HostRegexp(`" + regexp_for_stars(host) + "`)");
    } else {
      warn_about_host(argument);
    }
    return true;
  }

  bool check_host_literal(Clause& clause, const Argument& argument) {
    if (!ascii_host(argument)) return false;
    if (family_ == Family::tcp && clause.value == "*") {
      clause.matcher = Matcher::host;
      return true;
    }
    if (family_ == Family::tcp) return check_server_name(clause.value, argument);
    if (clause.value.find('*') != std::string::npos) {
      warn(argument, "Host(" + shown(clause.value) + ") never matches: v2 rules have no wildcard hosts",
           "write HostRegexp(`{name:[^.]+}.example.com`), or set ruleSyntax to v3");
    } else {
      warn_about_host(argument);
    }
    return true;
  }

  bool check_server_name(std::string_view host, const Argument& argument) {
    if (is_server_name(host)) return true;
    return fail(argument.offset, shown(argument.value) + " is not a host name that " + name() + " can match",
                "write for example " + std::string(spec_.example));
  }

  // Values that are accepted, as they always were, but no host name can be equal to.
  void warn_about_host(const Argument& argument) {
    std::string_view host = argument.value;
    std::size_t scheme = host.find("://");
    std::size_t bare = scheme == std::string_view::npos ? 0 : scheme + 3;
    std::size_t colon = host.find(':', bare);
    std::string never = name() + "(" + shown(host) + ") never matches: ";
    if (host.find_first_of(", ") != std::string_view::npos) {
      warn(argument, never + "it is one name, not a list", "write one " + name() + " per name, joined by ||");
    } else if (bare != 0 || host.find('/') != std::string_view::npos) {
      std::string_view rest = host.substr(bare);
      warn(argument, never + "a host name has no scheme or path",
           "write " + name() + "(" + shown(rest.substr(0, rest.find_first_of(":/"))) + ")");
    } else if (colon != std::string_view::npos && host.find(':', colon + 1) == std::string_view::npos) {
      warn(argument, never + "the port is not part of the host that is compared",
           "write " + name() + "(" + shown(host.substr(0, colon)) + ")");
    }
  }

  static std::string regexp_for_stars(std::string_view host) {
    std::string out = "^";
    for (char c : host) out += c == '*' ? "[^.]*" : quote_regexp(std::string_view(&c, 1));
    return out + "$";
  }

  bool check_path(const Clause& clause, const Argument& argument) {
    TemplateKind kind = clause.matcher == Matcher::path ? TemplateKind::path : TemplateKind::path_prefix;
    if (!starts_with_slash(argument) || !no_template(argument, kind)) return false;
    warn_about_path(argument);
    return true;
  }

  bool starts_with_slash(const Argument& argument) {
    if (argument.value.starts_with('/')) return true;
    return fail(argument.offset, "the path " + shown(argument.value) + " does not start with a /",
                "write " + name() + "(" + shown("/" + argument.value) + ")");
  }

  void warn_about_path(const Argument& argument) {
    const std::string& path = argument.value;
    if (path.find('?') != std::string::npos) {
      warn(argument, name() + "(" + shown(path) + ") never matches: the query is not part of the path",
           "compare the query with Query(`name`, `value`)");
    } else if (path.ends_with("/*")) {
      std::string prefix = path.substr(0, path.size() - 1);
      warn(argument, "the * in " + name() + "(" + shown(path) + ") is a plain character",
           "write PathPrefix(" + shown(prefix) + ") for everything below");
    }
    for (std::size_t at = path.find('%'); at != std::string::npos; at = path.find('%', at + 1)) {
      int high = at + 2 < path.size() ? hex_digit(path[at + 1]) : -1;
      int low = at + 2 < path.size() ? hex_digit(path[at + 2]) : -1;
      if (high < 0 || low < 0) continue;
      char decoded = static_cast<char>(high * 16 + low);
      bool reserved = std::string_view(":/?#[]@!$&'()*+,;=%").find(decoded) != std::string_view::npos;
      bool lower = path[at + 1] >= 'a' || path[at + 2] >= 'a';
      if (reserved && !lower) continue;
      warn(argument,
           name() + "(" + shown(path) + ") never matches: " + shown(path.substr(at, 3)) +
               (reserved ? " is compared in upper case" : " is decoded before paths are compared"),
           reserved ? "write " + shown(uppered(path.substr(at, 3))) : "write the character itself");
      return;
    }
  }

  bool check_path_template(Clause& clause, const Argument& argument, TemplateKind kind, Matcher literal) {
    if (!starts_with_slash(argument)) return false;
    if (clause.value.find_first_of("{}") != std::string::npos) return compile_template(clause, argument, kind);
    clause.matcher = literal;
    warn_about_path(argument);
    return true;
  }

  bool check_query_template(Clause& clause, const Argument& argument) {
    std::size_t equals = argument.value.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(argument.offset, shown(argument.value) + " is no name=value pair", "write Query(`name=value`)");
    }
    clause.key = argument.value.substr(0, equals);
    clause.value = argument.value.substr(equals + 1);
    if (clause.value.empty()) return compile(clause, "", argument);
    if (clause.value.find_first_of("{}") != std::string::npos) {
      return compile_template(clause, argument, TemplateKind::query);
    }
    clause.matcher = Matcher::query;
    return true;
  }

  bool compile_template(Clause& clause, const Argument& argument, TemplateKind kind) {
    std::string error;
    std::optional<std::string> regexp = template_to_regexp(clause.value, kind, error);
    if (regexp) return compile(clause, *regexp, argument);
    return fail(argument.offset, "the template " + shown(clause.value) + " is malformed: " + error,
                "write {name:regexp} for a variable piece");
  }

  bool compile(Clause& clause, std::string_view regexp, const Argument& argument) {
    std::string error;
    clause.pattern = Pattern::compile(regexp, error);
    if (clause.pattern != nullptr) return true;
    bool perl = regexp.find("(?=") != std::string_view::npos || regexp.find("(?!") != std::string_view::npos ||
                regexp.find("(?<") != std::string_view::npos;
    return fail(argument.offset, "the regular expression " + shown(clause.value) + " is invalid: " + printable(error),
                perl ? "RE2 has no look-ahead and look-behind: combine matchers with && and ! instead"
                     : "see the RE2 syntax, https://github.com/google/re2/wiki/Syntax");
  }

  // Refuses v2 templates in v3 rules, where braces would be compared as they stand and never match.
  bool no_template(const Argument& argument, TemplateKind kind) {
    bool regexp = clause_is_regexp();
    if (!(regexp ? has_template_in_regexp(argument.value) : has_template(argument.value))) return true;
    std::string error;
    std::string text = argument.value;
    std::string matcher = family_ == Family::tcp       ? "HostSNIRegexp"
                          : kind == TemplateKind::host ? "HostRegexp"
                                                       : "PathRegexp";
    std::optional<std::string> translated = template_to_regexp(text, kind, error);
    std::string fix = "set ruleSyntax to v2";
    if (regexp && text.find_first_of("^$\\") != std::string::npos) {
      fix = "leave only the expression of what stands in braces, or " + fix;
    } else if (translated) {
      fix = "write " + matcher + "(" + shown(*translated) + "), or " + fix;
    }
    return fail(argument.offset, "{name:regexp} templates are v2 syntax", fix);
  }

  bool clause_is_regexp() const {
    return spec_.matcher == Matcher::host_regexp || spec_.matcher == Matcher::path_regexp;
  }

  const Call& call_;
  const MatcherSpec& spec_;
  Family family_;
  Syntax syntax_;
  RuleProblem& problem_;
  std::vector<RuleProblem>& warnings_;
};

}  // namespace

std::optional<Expression> bind_call(const Call& call, const MatcherSpec& spec, Family family, Syntax syntax,
                                    RuleProblem& problem, std::vector<RuleProblem>& warnings) {
  return Binder(call, spec, family, syntax, problem, warnings).run();
}

}  // namespace sluice::route
