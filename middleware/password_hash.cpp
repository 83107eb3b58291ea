#include "middleware/password_hash.h"

#include <crypt.h>

#include <cstring>
#include <memory>

#include "base/encoding.h"
#include "tls/digest.h"

namespace sluice::middleware {
namespace {

constexpr std::string_view kSha1 = "{SHA}";
constexpr std::string_view kApr1 = "$apr1$";
constexpr std::string_view kCrypt[] = {"$2a$", "$2b$", "$2y$", "$1$", "$5$", "$6$", "$y$"};

// Apache's variant of the MD5 crypt of FreeBSD: the same steps with another name mixed in.
std::string apr1(std::string_view password, std::string_view salt) {
  std::string alternate = tls::md5(std::string(password) + std::string(salt) + std::string(password));
  std::string first(password);
  first += kApr1;
  first += salt;
  for (std::size_t left = password.size(); left > 0; left -= std::min<std::size_t>(left, 16)) {
    first += alternate.substr(0, std::min<std::size_t>(left, 16));
  }
  for (std::size_t bits = password.size(); bits != 0; bits >>= 1) first += (bits & 1) != 0 ? '\0' : password[0];
  std::string digest = tls::md5(first);
  for (int round = 0; round < 1000; ++round) {
    std::string next = round % 2 != 0 ? std::string(password) : digest;
    if (round % 3 != 0) next += salt;
    if (round % 7 != 0) next += password;
    next += round % 2 != 0 ? std::string_view(digest) : password;
    digest = tls::md5(next);
  }
  static constexpr char kDigits[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::string text;
  auto add = [&](int high, int middle, int low, int digits) {
    auto byte = [&](int at) { return at < 0 ? 0U : static_cast<unsigned char>(digest[static_cast<std::size_t>(at)]); };
    unsigned value = byte(high) << 16 | byte(middle) << 8 | byte(low);
    for (; digits > 0; --digits, value >>= 6) text += kDigits[value & 63];
  };
  add(0, 6, 12, 4);
  add(1, 7, 13, 4);
  add(2, 8, 14, 4);
  add(3, 9, 15, 4);
  add(4, 10, 5, 4);
  add(-1, -1, 11, 2);
  return text;
}

bool apr1_matches(std::string_view hash, std::string_view password) {
  std::string_view rest = hash.substr(kApr1.size());
  std::size_t dollar = rest.find('$');
  if (dollar == std::string_view::npos) return false;
  std::string_view salt = rest.substr(0, std::min<std::size_t>(dollar, 8));
  return tls::same_secret(apr1(password, salt), rest.substr(dollar + 1));
}

bool crypt_matches(const std::string& hash, const std::string& password) {
  auto work = std::make_unique<crypt_data>();
  std::memset(work.get(), 0, sizeof(crypt_data));
  const char* made = crypt_rn(password.c_str(), hash.c_str(), work.get(), sizeof(crypt_data));
  return made != nullptr && tls::same_secret(made, hash);
}

}  // namespace

HashKind kind_of_hash(std::string_view hash) {
  if (hash.starts_with(kSha1)) return HashKind::sha1;
  if (hash.starts_with(kApr1)) return HashKind::apr1;
  for (std::string_view prefix : kCrypt) {
    if (hash.starts_with(prefix)) return HashKind::crypt;
  }
  return HashKind::unknown;
}

bool password_matches(const std::string& hash, const std::string& password) {
  // crypt(3) would stop at a NUL and take what is in front of it for the password.
  if (password.find('\0') != std::string::npos) return false;
  switch (kind_of_hash(hash)) {
    case HashKind::sha1:
      return tls::same_secret(base64_encode(tls::sha1(password)), std::string_view(hash).substr(kSha1.size()));
    case HashKind::apr1: return apr1_matches(hash, password);
    case HashKind::crypt: return crypt_matches(hash, password);
    case HashKind::unknown: break;
  }
  return false;
}

}  // namespace sluice::middleware
