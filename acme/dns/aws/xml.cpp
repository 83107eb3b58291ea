#include "acme/dns/aws/xml.h"

#include <cstdint>

#include "base/text.h"

namespace sluice::acme::dns::aws {
namespace {

constexpr std::size_t kMostLevels = 32;
constexpr std::size_t kMostElements = 50'000;

Error malformed(std::string_view why) { return Error::of(Code::invalid, why, Origin::upstream); }

bool is_name_byte(char c) {
  return is_alpha(c) || is_digit(c) || c == '_' || c == '-' || c == '.' || c == ':' || static_cast<signed char>(c) < 0;
}

// The byte a character reference stands for; beyond ASCII, which AWS does not write so, '?'.
char referenced(std::string_view digits) {
  unsigned value = 0;
  bool hex = !digits.empty() && to_lower(digits[0]) == 'x';
  for (char c : digits.substr(hex ? 1 : 0)) {
    int digit = hex ? hex_digit(c) : is_digit(c) ? c - '0' : -1;
    if (digit < 0 || value > 0x10ffff) return '?';
    value = value * (hex ? 16U : 10U) + static_cast<unsigned>(digit);
  }
  return value > 0 && value < 0x80 ? static_cast<char>(value) : '?';
}

std::string unescaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::size_t amp = std::min(text.find('&'), text.size());
    out += text.substr(0, amp);
    text.remove_prefix(amp);
    if (text.empty()) break;
    std::size_t end = text.find(';');
    if (end == std::string_view::npos) return out + std::string(text);
    std::string_view entity = text.substr(1, end - 1);
    if (entity == "amp") {
      out += '&';
    } else if (entity == "lt") {
      out += '<';
    } else if (entity == "gt") {
      out += '>';
    } else if (entity == "quot") {
      out += '"';
    } else if (entity == "apos") {
      out += '\'';
    } else if (entity.starts_with('#')) {
      out += referenced(entity.substr(1));
    } else {
      out += text.substr(0, end + 1);
    }
    text.remove_prefix(end + 1);
  }
  return out;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<XmlElement> parse() {
    Status skipped = skip_around();
    if (!skipped) return skipped.error();
    Result<XmlElement> root = element(0);
    if (!root) return root.error();
    skipped = skip_around();
    if (!skipped) return skipped.error();
    if (!text_.empty()) return malformed("text after the root element");
    return root;
  }

 private:
  bool take(std::string_view piece) {
    if (!text_.starts_with(piece)) return false;
    text_.remove_prefix(piece.size());
    return true;
  }

  Status skip_past(std::string_view end) {
    std::size_t at = text_.find(end);
    if (at == std::string_view::npos) return malformed("XML that breaks off");
    text_.remove_prefix(at + end.size());
    return {};
  }

  void skip_space() {
    while (!text_.empty() && is_space(text_.front())) text_.remove_prefix(1);
  }

  // What may stand before and after the root.
  Status skip_around() {
    for (;;) {
      skip_space();
      Status skipped;
      if (text_.starts_with("<!--")) {
        skipped = skip_past("-->");
      } else if (text_.starts_with("<?")) {
        skipped = skip_past("?>");
      } else {
        return {};
      }
      if (!skipped) return skipped;
    }
  }

  Result<std::string> name() {
    std::size_t size = 0;
    while (size < text_.size() && is_name_byte(text_[size])) ++size;
    if (size == 0) return malformed("an element without a name");
    std::string name(text_.substr(0, size));
    text_.remove_prefix(size);
    return name;
  }

  // True when the element has content, false when it ends at once.
  Result<bool> attributes() {
    for (;;) {
      skip_space();
      if (take("/>")) return false;
      if (take(">")) return true;
      Result<std::string> attribute = name();
      if (!attribute) return attribute.error();
      skip_space();
      if (!take("=")) return malformed("an attribute without a value");
      skip_space();
      char quote = text_.empty() ? '\0' : text_.front();
      if (quote != '"' && quote != '\'') return malformed("an attribute without quotes");
      text_.remove_prefix(1);
      Status skipped = skip_past(std::string_view(&quote, 1));
      if (!skipped) return skipped.error();
    }
  }

  Result<XmlElement> element(std::size_t level) {
    if (level == kMostLevels || ++elements_ > kMostElements) return malformed("too much XML");
    if (!take("<")) return malformed("no element where one must be");
    XmlElement element;
    Result<std::string> begin = name();
    if (!begin) return begin.error();
    element.name = std::move(*begin);
    Result<bool> has_content = attributes();
    if (!has_content) return has_content.error();
    if (*has_content) {
      Status read = content(element, level);
      if (!read) return read.error();
    }
    return element;
  }

  Status content(XmlElement& parent, std::size_t level) {
    for (;;) {
      std::size_t tag = text_.find('<');
      if (tag == std::string_view::npos) return malformed("XML that breaks off");
      parent.text += unescaped(text_.substr(0, tag));
      text_.remove_prefix(tag);
      if (take("</")) {
        Result<std::string> end = name();
        if (!end) return end.error();
        skip_space();
        if (*end != parent.name || !take(">")) return malformed("an end tag of another element");
        return {};
      }
      if (text_.starts_with("<!--")) {
        Status skipped = skip_past("-->");
        if (!skipped) return skipped;
        continue;
      }
      Result<XmlElement> child = element(level + 1);
      if (!child) return child.error();
      parent.children.push_back(std::move(*child));
    }
  }

  std::string_view text_;
  std::size_t elements_ = 0;
};

}  // namespace

const XmlElement* XmlElement::child(std::string_view wanted) const {
  for (const XmlElement& child : children) {
    if (child.name == wanted) return &child;
  }
  return nullptr;
}

std::string_view XmlElement::at(std::string_view path) const {
  const XmlElement* element = this;
  for (std::string_view piece : split(path, '/')) {
    element = element->child(piece);
    if (element == nullptr) return {};
  }
  return trim(element->text);
}

Result<XmlElement> parse_xml(std::string_view text) { return Parser(text).parse(); }

std::string xml_escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

}  // namespace sluice::acme::dns::aws
