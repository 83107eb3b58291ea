#include "cmd/checking/interpolation.h"

#include <fstream>

#include "base/text.h"

namespace sluice::cmd::checking {
namespace {

bool begins_name(char c) { return is_alpha(c) || c == '_'; }
bool in_name(char c) { return begins_name(c) || is_digit(c); }

class Interpolator {
 public:
  Interpolator(std::string_view text, const std::map<std::string, std::string>& variables)
      : text_(text), variables_(variables) {}

  Interpolated run() {
    while (at_ < text_.size()) {
      if (text_[at_] != '$') {
        result_.text += text_[at_++];
      } else {
        dollar();
      }
    }
    return std::move(result_);
  }

 private:
  void dollar() {
    char next = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    if (next == '$') {
      result_.text += '$';
      at_ += 2;
    } else if (next == '{') {
      braces();
    } else if (begins_name(next)) {
      std::size_t end = at_ + 1;
      while (end < text_.size() && in_name(text_[end])) ++end;
      put(std::string(text_.substr(at_ + 1, end - at_ - 1)));
      at_ = end;
    } else {
      refuse(text_.substr(at_, 2));
    }
  }

  // ${NAME}, ${NAME:-default}, ${NAME-default}, ${NAME:?error}, ${NAME:+other}. Defaults may hold variables themselves.
  void braces() {
    std::size_t end = at_ + 2;
    int depth = 1;
    while (end < text_.size() && depth > 0) {
      if (text_[end] == '{' && text_[end - 1] == '$') ++depth;
      if (text_[end] == '}') --depth;
      ++end;
    }
    std::string_view inside = text_.substr(at_ + 2, end - at_ - 3);
    std::size_t size = 0;
    while (size < inside.size() && in_name(inside[size])) ++size;
    if (depth > 0 || size == 0 || !begins_name(inside[0])) return refuse(text_.substr(at_, end - at_));
    std::string name(inside.substr(0, size));
    std::string_view rest = inside.substr(size);
    at_ = end;
    if (rest.empty()) return put(name);
    bool colon = rest[0] == ':';
    if (colon) rest.remove_prefix(1);
    if (rest.empty()) return refuse(inside);
    auto found = variables_.find(name);
    bool set = found != variables_.end() && !(colon && found->second.empty());
    switch (rest[0]) {
      case '-': result_.text += set ? found->second : nested(rest.substr(1)); return;
      case '+': result_.text += set ? nested(rest.substr(1)) : ""; return;
      case '?':
        if (set) {
          result_.text += found->second;
        } else {
          result_.unset.push_back(name);
        }
        return;
      default: refuse(inside);
    }
  }

  std::string nested(std::string_view text) {
    Interpolated inner = Interpolator(text, variables_).run();
    result_.unset.insert(result_.unset.end(), inner.unset.begin(), inner.unset.end());
    return inner.text;
  }

  void put(const std::string& name) {
    auto found = variables_.find(name);
    if (found == variables_.end()) {
      result_.unset.push_back(name);
    } else {
      result_.text += found->second;
    }
  }

  void refuse(std::string_view piece) {
    if (result_.invalid.empty()) result_.invalid = piece;
    result_.text += text_.substr(at_);
    at_ = text_.size();
  }

  std::string_view text_;
  const std::map<std::string, std::string>& variables_;
  std::size_t at_ = 0;
  Interpolated result_;
};

}  // namespace

Interpolated interpolate(std::string_view text, const std::map<std::string, std::string>& variables) {
  return Interpolator(text, variables).run();
}

std::map<std::string, std::string> read_dotenv(const std::string& path) {
  std::map<std::string, std::string> variables;
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    std::string_view text = trim(line);
    if (text.starts_with("export ")) text = trim(text.substr(7));
    std::size_t equals = text.find('=');
    if (text.empty() || text[0] == '#' || equals == std::string_view::npos) continue;
    std::string_view value = trim(text.substr(equals + 1));
    bool in_quotes =
        value.size() > 1 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front();
    if (in_quotes) value = value.substr(1, value.size() - 2);
    variables[std::string(trim(text.substr(0, equals)))] = value;
  }
  return variables;
}

}  // namespace sluice::cmd::checking
