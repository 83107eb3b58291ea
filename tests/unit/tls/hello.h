// hello.h: ClientHello messages for tests, well-formed or not.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace sluice::test {

class Hello {
 public:
  Hello& name(std::string_view name) {
    std::string entry = std::string(1, '\0') + counted(name, 2);
    return extension(0, counted(entry, 2));
  }
  Hello& protocols(std::initializer_list<std::string_view> list) {
    std::string entries;
    for (std::string_view protocol : list) entries += counted(protocol, 1);
    return extension(16, counted(entries, 2));
  }
  Hello& padding(std::size_t bytes) { return extension(21, std::string(bytes, '\0')); }
  Hello& extension(unsigned type, std::string_view content) {
    extensions_ += number(type, 2) + counted(content, 2);
    return *this;
  }
  Hello& bare() {
    bare_ = true;
    return *this;
  }
  Hello& trailing(std::string_view bytes) {
    trailing_ = bytes;
    return *this;
  }

  std::string message() const {
    std::string body = "\x03\x03" + std::string(32, 'r') + std::string(1, '\0') + counted("\x13\x01\xc0\x2f", 2) +
                       counted(std::string(1, '\0'), 1);
    if (!bare_) body += counted(extensions_, 2);
    body += trailing_;
    return std::string(1, '\x01') + counted(body, 3);
  }
  // The message in records of at most `fragment` bytes.
  std::string records(std::size_t fragment = 16'000) const {
    std::string all = message();
    std::string bytes;
    for (std::size_t at = 0; at < all.size(); at += fragment) {
      bytes += "\x16\x03\x01" + counted(std::string_view(all).substr(at, fragment), 2);
    }
    return bytes;
  }

  static std::string number(std::size_t value, std::size_t bytes) {
    std::string text;
    while (bytes-- > 0) text += static_cast<char>(value >> (8 * bytes) & 0xff);
    return text;
  }
  static std::string counted(std::string_view content, std::size_t bytes) {
    return number(content.size(), bytes) + std::string(content);
  }

 private:
  std::string extensions_;
  std::string trailing_;
  bool bare_ = false;
};

}  // namespace sluice::test
