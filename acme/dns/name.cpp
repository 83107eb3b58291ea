#include "acme/dns/name.h"

#include <cstdint>

#include "base/text.h"

namespace sluice::acme::dns {
namespace {

constexpr std::size_t kLongestName = 255;  // on the wire, with the root's byte
constexpr std::size_t kLongestLabel = 63;

Error bad_name(std::string_view why) { return Error::of(Code::invalid, why); }

bool is_plain(char c) { return c > ' ' && c < 0x7f && c != '.' && c != '\\'; }

void append_escaped(std::string& text, char c) {
  c = to_lower(c);
  if (is_plain(c)) {
    text += c;
  } else if (c == '.' || c == '\\') {
    text += '\\';
    text += c;
  } else {
    unsigned byte = static_cast<std::uint8_t>(c);
    text += '\\';
    text += static_cast<char>('0' + byte / 100);
    text += static_cast<char>('0' + byte / 10 % 10);
    text += static_cast<char>('0' + byte % 10);
  }
}

// The byte an escape stands for; `at` is behind the backslash and moves behind the escape.
Result<char> escaped_byte(std::string_view text, std::size_t& at) {
  if (at >= text.size()) return bad_name("a name that ends in a backslash");
  if (!is_digit(text[at])) return text[at++];
  if (text.size() - at < 3 || !is_digit(text[at + 1]) || !is_digit(text[at + 2])) {
    return bad_name("a malformed escape in a name");
  }
  int value = (text[at] - '0') * 100 + (text[at + 1] - '0') * 10 + (text[at + 2] - '0');
  if (value > 255) return bad_name("a malformed escape in a name");
  at += 3;
  return static_cast<char>(value);
}

}  // namespace

Result<std::string> wire_name(std::string_view text) {
  std::string wire;
  if (text.empty()) return bad_name("an empty name");
  if (text == ".") return std::string(1, '\0');
  std::string label;
  for (std::size_t at = 0; at < text.size();) {
    char c = text[at++];
    if (c == '\\') {
      Result<char> byte = escaped_byte(text, at);
      if (!byte) return byte.error();
      label += to_lower(*byte);
    } else if (c != '.') {
      label += to_lower(c);
    }
    bool ends = at == text.size() || (c == '.');
    if (!ends) continue;
    if (label.empty()) return bad_name("a name with an empty label");
    if (label.size() > kLongestLabel) return bad_name("a name with a label of more than 63 bytes");
    wire += static_cast<char>(label.size());
    wire += label;
    label.clear();
  }
  wire += '\0';
  if (wire.size() > kLongestName) return bad_name("a name of more than 255 bytes");
  return wire;
}

Result<std::string> read_name(std::string_view message, std::size_t& at) {
  std::string text;
  std::size_t position = at;
  std::size_t lowest = at;  // a pointer must lead to before everything read so far, so this comes to an end
  std::size_t length = 1;
  bool jumped = false;
  for (;;) {
    if (position >= message.size()) return bad_name("a name beyond the end of the message");
    std::uint8_t size = static_cast<std::uint8_t>(message[position]);
    if ((size & 0xc0) == 0xc0) {
      if (position + 1 >= message.size()) return bad_name("a name beyond the end of the message");
      std::size_t target = (size & 0x3fU) << 8 | static_cast<std::uint8_t>(message[position + 1]);
      if (!jumped) at = position + 2;
      jumped = true;
      if (target >= lowest) return bad_name("a compressed name that points forwards");
      lowest = position = target;
      continue;
    }
    if ((size & 0xc0) != 0) return bad_name("a label of an unknown kind");
    ++position;
    if (size == 0) break;
    if (message.size() - position < size) return bad_name("a name beyond the end of the message");
    length += 1U + size;
    if (length > kLongestName) return bad_name("a name of more than 255 bytes");
    for (char c : message.substr(position, size)) append_escaped(text, c);
    text += '.';
    position += size;
  }
  if (!jumped) at = position;
  if (text.empty()) text = ".";
  return text;
}

Result<std::string> canonical_name(std::string_view text) {
  Result<std::string> wire = wire_name(text);
  if (!wire) return wire.error();
  std::size_t at = 0;
  return read_name(*wire, at);
}

std::string parent_name(std::string_view name) {
  for (std::size_t i = 0; i + 1 < name.size(); ++i) {
    if (name[i] == '\\') {
      ++i;
    } else if (name[i] == '.') {
      return std::string(name.substr(i + 1));
    }
  }
  return ".";
}

bool is_within(std::string_view name, std::string_view zone) {
  if (zone == "." || name == zone) return true;
  if (name.size() <= zone.size() || !name.ends_with(zone)) return false;
  // The dot before the zone's labels must be one between labels.
  std::string above(name);
  while (above.size() > zone.size()) above = parent_name(above);
  return above == zone;
}

std::string without_dot(std::string_view name) {
  if (name.size() > 1 && name.ends_with('.')) name.remove_suffix(1);
  return std::string(name);
}

}  // namespace sluice::acme::dns
