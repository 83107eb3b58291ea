#include "middleware/digest_credentials.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "http/chars.h"

namespace sluice::middleware {
namespace {

class Parameters {
 public:
  explicit Parameters(std::string_view text) : rest_(text) {}

  // The next name and value; false at the end or on an error.
  bool next(std::string_view& name, std::string& value) {
    skip(" \t,");
    if (rest_.empty()) return false;
    std::size_t equals = rest_.find('=');
    if (equals == std::string_view::npos) return fail();
    name = http::trim_blanks(rest_.substr(0, equals));
    rest_.remove_prefix(equals + 1);
    skip(" \t");
    value.clear();
    if (!http::is_token(name)) return fail();
    if (rest_.starts_with('"')) return quoted(value) || fail();
    std::size_t end = std::min(rest_.find_first_of(", \t"), rest_.size());
    value = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return http::is_token(value) || fail();
  }
  bool good() const { return good_; }

 private:
  bool fail() {
    good_ = false;
    return false;
  }
  void skip(std::string_view blanks) { rest_.remove_prefix(std::min(rest_.find_first_not_of(blanks), rest_.size())); }
  // RFC 9110 §5.6.4
  bool quoted(std::string& value) {
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] == '"') {
        rest_.remove_prefix(i + 1);
        return true;
      }
      if (rest_[i] == '\\' && ++i == rest_.size()) return false;
      value += rest_[i];
    }
    return false;
  }

  std::string_view rest_;
  bool good_ = true;
};

bool is_hex(std::string_view text, std::size_t size) {
  return text.size() == size && std::all_of(text.begin(), text.end(), [](char c) { return hex_digit(c) >= 0; });
}

}  // namespace

std::optional<DigestCredentials> parse_digest(std::string_view authorization) {
  constexpr std::string_view kScheme = "Digest ";
  if (!istarts_with(authorization, kScheme)) return std::nullopt;
  DigestCredentials made;
  struct Known {
    std::string_view name;
    std::string& value;
    bool seen = false;
  };
  Known known[] = {{"username", made.username},   {"realm", made.realm},   {"nonce", made.nonce}, {"uri", made.uri},
                   {"response", made.response},   {"cnonce", made.cnonce}, {"nc", made.nc},       {"qop", made.qop},
                   {"algorithm", made.algorithm}, {"opaque", made.opaque}};
  constexpr std::size_t kNeeded = 8;
  Parameters parameters(authorization.substr(kScheme.size()));
  std::string_view name;
  std::string value;
  while (parameters.next(name, value)) {
    for (Known& one : known) {
      if (!iequals(one.name, name)) continue;
      if (std::exchange(one.seen, true)) return std::nullopt;
      one.value = value;
    }
  }
  if (!parameters.good()) return std::nullopt;
  for (std::size_t i = 0; i < kNeeded; ++i) {
    if (!known[i].seen) return std::nullopt;
  }
  if (!is_hex(made.response, 32) || !is_hex(made.nc, 8) || !http::is_field_value(made.username)) return std::nullopt;
  for (char c : made.nc) made.count = made.count * 16 + static_cast<std::uint32_t>(hex_digit(c));
  return made;
}

}  // namespace sluice::middleware
