#include "base/encoding.h"

#include <sys/random.h>

#include <cerrno>

namespace sluice {
namespace {

constexpr std::string_view kStandard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrl = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

}  // namespace

std::string base64_encode(std::string_view bytes, Base64 alphabet) {
  std::string_view digits = alphabet == Base64::standard ? kStandard : kUrl;
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) group = group << 8 | (j < count ? static_cast<std::uint8_t>(bytes[i + j]) : 0U);
    for (std::size_t j = 0; j <= count; ++j) text += digits[group >> (18 - 6 * j) & 63];
    if (alphabet == Base64::standard) text.append(3 - count, '=');
  }
  return text;
}

Result<std::string> base64_decode(std::string_view text, Base64 alphabet) {
  const Error bad = Error::of(Code::invalid, "not base64");
  std::string_view digits = alphabet == Base64::standard ? kStandard : kUrl;
  if (alphabet == Base64::standard) {
    if (text.size() % 4 != 0) return bad;
    for (int i = 0; i < 2 && !text.empty() && text.back() == '='; ++i) text.remove_suffix(1);
  }
  if (text.size() % 4 == 1) return bad;
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t group = 0;
  unsigned bits = 0;
  for (char c : text) {
    std::size_t value = digits.find(c);
    if (value == std::string_view::npos) return bad;
    group = group << 6 | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes += static_cast<char>(group >> bits & 0xff);
    }
  }
  if ((group & ((1U << bits) - 1)) != 0) return bad;  // RFC 4648 §3.5: unused bits must be zero
  return bytes;
}

std::string hex_encode(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (char c : bytes) {
    text += kDigits[static_cast<std::uint8_t>(c) >> 4];
    text += kDigits[static_cast<std::uint8_t>(c) & 15];
  }
  return text;
}

void random_bytes(std::span<char> out) {
  std::size_t filled = 0;
  while (filled < out.size()) {
    ssize_t got = getrandom(out.data() + filled, out.size() - filled, 0);
    SLUICE_CHECK(got > 0 || errno == EINTR);
    if (got > 0) filled += static_cast<std::size_t>(got);
  }
}

std::uint64_t random_u64() {
  std::uint64_t number = 0;
  random_bytes({reinterpret_cast<char*>(&number), sizeof number});
  return number;
}

double random_fraction() { return static_cast<double>(random_u64() >> 11) * 0x1p-53; }

std::string random_hex(std::size_t bytes) {
  std::string raw(bytes, '\0');
  random_bytes(raw);
  return hex_encode(raw);
}

}  // namespace sluice
