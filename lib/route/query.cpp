#include "route/query.h"

#include <optional>
#include <string>

#include "base/text.h"
#include "route/pattern.h"

namespace sluice::route {
namespace {

// Takes one byte of the decoded form from the front of `encoded`; nothing if the escape there is broken.
std::optional<char> take_decoded(std::string_view& encoded) {
  char c = encoded.front();
  encoded.remove_prefix(1);
  if (c == '+') return ' ';
  if (c != '%') return c;
  if (encoded.size() < 2) return std::nullopt;
  int high = hex_digit(encoded[0]);
  int low = hex_digit(encoded[1]);
  if (high < 0 || low < 0) return std::nullopt;
  encoded.remove_prefix(2);
  return static_cast<char>(high * 16 + low);
}

bool equals_decoded(std::string_view encoded, std::string_view plain) {
  while (!encoded.empty()) {
    std::optional<char> c = take_decoded(encoded);
    if (!c || plain.empty() || *c != plain.front()) return false;
    plain.remove_prefix(1);
  }
  return plain.empty();
}

// Calls `test(value)` with the encoded values of the parameter until one is accepted.
template <class Test>
bool any_value(std::string_view query, std::string_view key, const Test& test) {
  while (!query.empty()) {
    std::size_t end = query.find('&');
    std::string_view pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    if (pair.empty() || pair.find(';') != std::string_view::npos) continue;
    std::size_t equals = pair.find('=');
    if (!equals_decoded(pair.substr(0, equals), key)) continue;
    if (test(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1))) return true;
  }
  return false;
}

}  // namespace

bool query_has(std::string_view query, std::string_view key, std::string_view value) {
  return any_value(query, key, [&](std::string_view encoded) { return equals_decoded(encoded, value); });
}

bool query_matches(std::string_view query, std::string_view key, const Pattern& pattern) {
  return any_value(query, key, [&](std::string_view encoded) {
    if (encoded.find_first_of("%+") == std::string_view::npos) return pattern.matches(encoded);
    char small[2048];
    std::string large;
    char* decoded = small;
    if (encoded.size() > sizeof small) {
      large.resize(encoded.size());
      decoded = large.data();
    }
    std::size_t size = 0;
    while (!encoded.empty()) {
      std::optional<char> c = take_decoded(encoded);
      if (!c) return false;
      decoded[size++] = *c;
    }
    return pattern.matches(std::string_view(decoded, size));
  });
}

}  // namespace sluice::route
