// sprig's regular expressions. RE2 has the syntax of Go's regexp package and, like it, no expression that hangs.
#include <re2/re2.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "config/template/functions.h"
#include "config/template/utf8.h"

namespace sluice::config::templates {

namespace {

using Groups = std::vector<re2::StringPiece>;

// Debian 13's RE2 takes Abseil's view, which is neither std::string_view nor converts from it.
std::string_view view(const re2::StringPiece& piece) { return {piece.data(), piece.size()}; }
re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

class Expression {
 public:
  // Compiles argument `i`. A wrong expression fails the call; it is not quoted, because it may hold a secret.
  Expression(Call& call, std::size_t i) : call_(call), re_(call.text(i), options()) {
    if (!re_.ok()) call.fail("the regular expression is not valid");
    call.spend(100);
  }

  bool found_in(std::string_view text) const { return re2::RE2::PartialMatch(piece(text), re_); }

  // Calls `take` with each match in turn, at most `most` times (negative: all), as Go's regexp finds them: an empty
  // match right behind another match does not count.
  template <class Take>
  void each(std::string_view text, std::int64_t most, Take take) {
    Groups groups(static_cast<std::size_t>(re_.NumberOfCapturingGroups()) + 1);
    std::size_t at = 0;
    std::size_t previous_end = std::string_view::npos;
    while (
        most != 0 && at <= text.size() && !call_.failed() && call_.spend_bytes(text.size() - at) &&
        re_.Match(piece(text), at, text.size(), re2::RE2::UNANCHORED, groups.data(), static_cast<int>(groups.size()))) {
      const auto begin = static_cast<std::size_t>(groups[0].data() - text.data());
      const std::size_t end = begin + groups[0].size();
      bool counts = true;
      if (end == at) {
        std::uint32_t code = 0;
        counts = begin != previous_end;
        at += at < text.size() ? std::max<std::size_t>(decode_utf8(text, at, code), 1) : 1;
      } else {
        at = end;
      }
      previous_end = end;
      if (!counts) continue;
      take(begin, end, groups);
      --most;
    }
  }

  // The text of the group that $name or $1 stands for; unknown ones are empty.
  std::string_view group(std::string_view name, const Groups& groups) const {
    std::size_t number = 0;
    const auto [stop, problem] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (problem != std::errc() || stop != name.data() + name.size()) {
      const auto& names = re_.NamedCapturingGroups();
      const auto known = names.find(std::string(name));
      if (known == names.end()) return {};
      number = static_cast<std::size_t>(known->second);
    }
    return number < groups.size() ? view(groups[number]) : std::string_view();
  }

 private:
  static re2::RE2::Options options() {
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(std::int64_t{1} << 20);
    return options;
  }

  Call& call_;
  re2::RE2 re_;
};

// Appends `with`, where $1, ${1} and ${name} are groups and $$ is a dollar.
void expand(std::string_view with, const Expression& expression, const Groups& groups, std::string& out) {
  const auto is_name = [](char c) { return is_alpha(c) || is_digit(c) || c == '_'; };
  for (std::size_t i = 0; i < with.size();) {
    if (with[i] != '$' || i + 1 == with.size()) {
      out += with[i++];
      continue;
    }
    if (with[i + 1] == '$') {
      out += '$';
      i += 2;
      continue;
    }
    const bool braced = with[i + 1] == '{';
    const std::size_t start = i + (braced ? 2 : 1);
    std::size_t end = start;
    while (end < with.size() && is_name(with[end])) ++end;
    if (end == start || (braced && (end == with.size() || with[end] != '}'))) {
      out += with[i++];
      continue;
    }
    out += expression.group(with.substr(start, end - start), groups);
    i = end + (braced ? 1 : 0);
  }
}

Value regex_match(Call& call) {
  const Expression expression(call, 0);
  const std::string& text = call.text(1);
  return !call.failed() && expression.found_in(text);
}

Value regex_find(Call& call) {
  Expression expression(call, 0);
  const std::string& text = call.text(1);
  Value found = "";
  expression.each(text, 1,
                  [&](std::size_t begin, std::size_t end, const Groups&) { found = text.substr(begin, end - begin); });
  return found;
}

Value regex_find_all(Call& call) {
  Expression expression(call, 0);
  const std::string& text = call.text(1);
  std::vector<Value> found;
  expression.each(text, call.integer(2), [&](std::size_t begin, std::size_t end, const Groups&) {
    found.emplace_back(text.substr(begin, end - begin));
  });
  return Value::list(std::move(found));
}

Value replace(Call& call, bool literal) {
  Expression expression(call, 0);
  const std::string& text = call.text(1);
  const std::string& with = call.text(2);
  std::string out;
  std::size_t copied = 0;
  expression.each(text, -1, [&](std::size_t begin, std::size_t end, const Groups& groups) {
    out.append(text, copied, begin - copied);
    copied = end;
    const std::size_t before = out.size();
    if (literal) {
      out += with;
    } else {
      expand(with, expression, groups, out);
    }
    call.spend_bytes(out.size() - before);
  });
  return out + text.substr(copied);
}
Value regex_replace_all(Call& call) { return replace(call, false); }
Value regex_replace_all_literal(Call& call) { return replace(call, true); }

Value regex_split(Call& call) {
  Expression expression(call, 0);
  const std::string& text = call.text(1);
  const std::int64_t most = call.integer(2);
  std::vector<Value> pieces;
  if (most == 0 || call.failed()) return Value::list({});
  std::size_t from = 0;
  std::size_t to = 0;
  if (!text.empty()) {
    expression.each(text, most, [&](std::size_t begin, std::size_t end, const Groups&) {
      if (most > 0 && static_cast<std::int64_t>(pieces.size()) + 1 >= most) return;
      to = begin;
      if (end != 0) pieces.emplace_back(text.substr(from, to - from));
      from = end;
    });
  }
  if (text.empty() || to != text.size()) pieces.emplace_back(text.substr(from));
  return Value::list(std::move(pieces));
}

Value regex_quote_meta(Call& call) {
  std::string out;
  for (char c : call.text(0)) {
    if (std::string_view("\\.+*?()|[]{}^$").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

constexpr Function kRegexFunctions[] = {
    {"regexMatch", 2, 2, regex_match},
    {"regexFind", 2, 2, regex_find},
    {"regexFindAll", 3, 3, regex_find_all},
    {"regexReplaceAll", 3, 3, regex_replace_all},
    {"regexReplaceAllLiteral", 3, 3, regex_replace_all_literal},
    {"regexSplit", 3, 3, regex_split},
    {"regexQuoteMeta", 1, 1, regex_quote_meta},
};

}  // namespace

std::span<const Function> regex_functions() { return kRegexFunctions; }

}  // namespace sluice::config::templates
