#include "config/json.h"

#include <fmt/format.h>

#include <utility>

#include "base/text.h"
#include "config/scalars.h"
#include "config/yaml.h"

namespace sluice::config {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// The length of the UTF-8 sequence that `text` begins with, or 0 when it is none (RFC 3629 §4).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto tail = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return i < text.size() && byte(i) >= low && byte(i) <= high;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return tail(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const unsigned low = first == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = first == 0xED ? 0x9F : 0xBF;
    return tail(1, low, high) && tail(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const unsigned low = first == 0xF0 ? 0x90 : 0x80;
    const unsigned high = first == 0xF4 ? 0x8F : 0xBF;
    return tail(1, low, high) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

// Characters that are valid in JSON but that YAML takes for line ends or refuses, so that what we write reads back in
// either: U+0080 to U+009F, U+2028, U+2029, U+FEFF, U+FFFE, U+FFFF. The code point, or 0.
unsigned awkward(std::string_view sequence) {
  const auto bits = [&](std::size_t i) { return static_cast<unsigned char>(sequence[i]) & 0x3Fu; };
  if (sequence.size() == 2) {
    const unsigned point = (static_cast<unsigned char>(sequence[0]) & 0x1Fu) << 6 | bits(1);
    return point <= 0x9F ? point : 0;
  }
  if (sequence.size() != 3) return 0;
  const unsigned point = (static_cast<unsigned char>(sequence[0]) & 0x0Fu) << 12 | bits(1) << 6 | bits(2);
  const bool is_awkward = point == 0x2028 || point == 0x2029 || point == 0xFEFF || point >= 0xFFFE;
  return is_awkward ? point : 0;
}

class Writer {
 public:
  explicit Writer(int indent) : indent_(indent) {}

  void write(const Node& node, int level) {
    switch (node.kind()) {
      case Node::Kind::null: text_ += "null"; break;
      case Node::Kind::scalar: scalar(node); break;
      case Node::Kind::list: children(node, level, '[', ']'); break;
      case Node::Kind::map: children(node, level, '{', '}'); break;
    }
  }

  std::string take() { return std::move(text_); }

 private:
  void scalar(const Node& node) {
    if (node.scalar_kind() == ScalarKind::boolean) {
      text_ += lowered(node.text());
    } else if (const auto integer = parse_yaml_integer(node.text());
               integer && node.scalar_kind() == ScalarKind::integer) {
      text_ += std::to_string(*integer);
    } else if (const auto number = parse_number(node.text()); number && node.scalar_kind() == ScalarKind::real) {
      text_ += format_number(*number);
    } else {
      text_ += json_string(node.text());
    }
  }

  void children(const Node& node, int level, char open, char close) {
    text_ += open;
    bool first = true;
    for (const Node::Entry& entry : node.children()) {
      if (!first) text_ += ',';
      first = false;
      new_line(level + 1);
      if (node.is_map()) text_ += json_string(entry.key) + (indent_ > 0 ? ": " : ":");
      write(entry.node, level + 1);
    }
    if (!first) new_line(level);
    text_ += close;
  }

  void new_line(int level) {
    if (indent_ == 0) return;
    text_ += '\n';
    text_.append(static_cast<std::size_t>(indent_) * static_cast<std::size_t>(level), ' ');
  }

  const int indent_;
  std::string text_;
};

}  // namespace

std::string json_string(std::string_view text) {
  std::string json = "\"";
  while (!text.empty()) {
    const char c = text.front();
    const std::size_t length = utf8_length(text);
    if (c == '"' || c == '\\') {
      json += {'\\', c};
    } else if (c == '\n') {
      json += "\\n";
    } else if (c == '\t') {
      json += "\\t";
    } else if (c == '\r') {
      json += "\\r";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      json += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else if (length == 0) {
      json += kReplacement;
    } else if (const unsigned point = awkward(text.substr(0, length)); point != 0) {
      json += fmt::format("\\u{:04x}", point);
    } else {
      json += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return json += '"';
}

std::string to_json(const Node& node, int indent) {
  Writer writer(indent);
  writer.write(node, 0);
  return writer.take();
}

}  // namespace sluice::config
