// sprig's functions around the process and its surroundings: environment, date, encodings, random identifiers.
#include <fmt/format.h>

#include <cstdlib>
#include <ctime>

#include "base/encoding.h"
#include "config/template/date.h"
#include "config/template/functions.h"
#include "config/template/sha256.h"

namespace sluice::config::templates {

namespace {

std::string variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? "" : value;
}

Value env(Call& call) { return variable(call.text(0)); }

// $NAME and ${NAME}; unknown ones are empty.
Value expand_env(Call& call) {
  const std::string& text = call.text(0);
  const auto is_name = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i + 1;
    if (text[i] != '$') {
      out += text[i++];
      continue;
    }
    if (end < text.size() && text[end] == '{') {
      const std::size_t close = text.find('}', end);
      if (close == std::string::npos) return call.fail("${ without }");
      if (!call.spend(1)) return {};
      out += variable(text.substr(end + 1, close - end - 1));
      i = close + 1;
      continue;
    }
    while (end < text.size() && is_name(text[end])) ++end;
    if (end == i + 1) {
      out += '$';
    } else {
      const std::string value = variable(text.substr(i + 1, end - i - 1));
      if (!call.spend_bytes(value.size())) return {};
      out += value;
    }
    i = end;
  }
  return out;
}

// A date is its Unix time in seconds.
Value now(Call&) { return static_cast<std::int64_t>(std::time(nullptr)); }
Value date(Call& call) {
  const std::string& layout = call.text(0);
  return format_date(layout, to_integer(call[1]), Zone::local);
}
Value html_date(Call& call) { return format_date("2006-01-02", to_integer(call[0]), Zone::local); }
Value unix_epoch(Call& call) { return std::to_string(to_integer(call[0])); }

Value base64_encoded(Call& call) { return base64_encode(call.text(0)); }
Value base64_decoded(Call& call) {
  Result<std::string> bytes = base64_decode(call.text(0));
  return bytes ? Value(std::move(*bytes)) : call.fail("not base64");
}
Value sha256_sum(Call& call) { return hex_encode(sha256(call.text(0))); }

// RFC 9562 §5.4.
Value uuid(Call&) {
  char bytes[16];
  random_bytes(bytes);
  bytes[6] = static_cast<char>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<char>((bytes[8] & 0x3F) | 0x80);
  const std::string hex = hex_encode(std::string_view(bytes, sizeof bytes));
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4), hex.substr(16, 4),
                     hex.substr(20));
}

constexpr Function kSystemFunctions[] = {
    {"env", 1, 1, env},
    {"expandenv", 1, 1, expand_env},
    {"now", 0, 0, now},
    {"date", 2, 2, date},
    {"htmlDate", 1, 1, html_date},
    {"unixEpoch", 1, 1, unix_epoch},
    {"b64enc", 1, 1, base64_encoded},
    {"b64dec", 1, 1, base64_decoded},
    {"sha256sum", 1, 1, sha256_sum},
    {"uuidv4", 0, 0, uuid},
};

}  // namespace

std::span<const Function> system_functions() { return kSystemFunctions; }

}  // namespace sluice::config::templates
