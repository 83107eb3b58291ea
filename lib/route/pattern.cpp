#include "route/pattern.h"

#include <re2/re2.h>

#include <algorithm>

#include "route/regexp_text.h"

namespace sluice::route {
namespace {

// The size of the UTF-8 sequence that `text` begins with; 0 if it begins with none (RFC 3629 §4).
std::size_t utf8_sequence(std::string_view text) {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned first = byte(0);
  if (first < 0x80) return 1;
  std::size_t size = first >= 0xc2 && first <= 0xdf   ? 2
                     : (first & 0xf0) == 0xe0         ? 3
                     : first >= 0xf0 && first <= 0xf4 ? 4
                                                      : 0;
  if (size == 0 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  unsigned second = byte(1);
  bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  bool out_of_range = (first == 0xed && second >= 0xa0) || (first == 0xf4 && second >= 0x90);
  return overlong || out_of_range ? 0 : size;
}

bool is_ascii(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    std::size_t size = utf8_sequence(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

std::string with_replacements(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::size_t size = utf8_sequence(text);
    out += size == 0 ? std::string_view("\xef\xbf\xbd") : text.substr(0, size);
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return out;
}

}  // namespace

Pattern::Pattern() = default;
Pattern::~Pattern() = default;

std::shared_ptr<const Pattern> Pattern::compile(std::string_view regexp, std::string& error) {
  std::shared_ptr<Pattern> pattern(new Pattern);
  Literal literal = leading_literal(regexp);
  if (literal.at_start) pattern->prefix_ = literal.text;
  if (literal.whole && is_utf8(regexp)) {
    pattern->literal_ = std::move(literal.text);
    pattern->kind_ = literal.at_start ? literal.at_end ? Kind::exact : Kind::prefix
                     : literal.at_end ? Kind::suffix
                                      : Kind::contains;
    return pattern;
  }
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_never_capture(true);
  pattern->regexp_ = std::make_unique<re2::RE2>(with_portable_groups(regexp), options);
  if (pattern->regexp_->ok()) return pattern;
  error = pattern->regexp_->error();
  return nullptr;
}

bool Pattern::matches(std::string_view text) const {
  switch (kind_) {
    case Kind::exact: return text == literal_;
    case Kind::prefix: return text.starts_with(literal_);
    case Kind::suffix: return text.ends_with(literal_);
    case Kind::contains: return text.find(literal_) != std::string_view::npos;
    case Kind::regexp: break;
  }
  auto search = [&](std::string_view subject) {
    return regexp_->Match(re2::StringPiece(subject.data(), subject.size()), 0, subject.size(), re2::RE2::UNANCHORED,
                          nullptr, 0);
  };
  if (is_ascii(text) || is_utf8(text)) return search(text);
  return search(with_replacements(text));
}

}  // namespace sluice::route
