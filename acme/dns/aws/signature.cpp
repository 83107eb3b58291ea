#include "acme/dns/aws/signature.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "acme/dns/http_api.h"
#include "base/encoding.h"
#include "base/text.h"

namespace sluice::acme::dns::aws {
namespace {

std::string sha256(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  SLUICE_CHECK(EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1);
  return std::string(reinterpret_cast<const char*>(digest.data()), size);
}

std::string hmac(std::string_view key, std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac;
  unsigned size = 0;
  SLUICE_CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                    reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), mac.data(), &size) != nullptr);
  return std::string(reinterpret_cast<const char*>(mac.data()), size);
}

std::string time_text(std::int64_t now) {
  std::time_t seconds = static_cast<std::time_t>(now);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text;
  std::size_t size = std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &parts);
  return std::string(text.data(), size);
}

}  // namespace

std::string query_text(const Request& request) {
  std::vector<std::string> pairs;
  pairs.reserve(request.query.size());
  for (const auto& [name, value] : request.query) {
    pairs.push_back(percent_encoded(name) + "=" + percent_encoded(value));
  }
  std::sort(pairs.begin(), pairs.end());
  std::string text;
  for (const std::string& pair : pairs) text += (text.empty() ? "" : "&") + pair;
  return text;
}

std::vector<rest::Header> signed_headers(const Request& request, const Credentials& credentials,
                                         const SigningScope& scope, std::int64_t now) {
  const std::string time = time_text(now);
  const std::string day = time.substr(0, 8);
  std::vector<rest::Header> headers = request.headers;
  headers.emplace_back("Host", request.host);
  headers.emplace_back("X-Amz-Date", time);
  if (!credentials.session_token.empty()) headers.emplace_back("X-Amz-Security-Token", credentials.session_token);

  std::vector<rest::Header> canonical;
  canonical.reserve(headers.size());
  for (const rest::Header& header : headers) {
    canonical.emplace_back(lowered(header.first), std::string(trim(header.second)));
  }
  std::sort(canonical.begin(), canonical.end());
  std::string lines;
  std::string names;
  for (const rest::Header& header : canonical) {
    lines += header.first + ":" + header.second + "\n";
    names += (names.empty() ? "" : ";") + header.first;
  }
  const std::string canonical_request = request.method + "\n" + request.path + "\n" + query_text(request) + "\n" +
                                        lines + "\n" + names + "\n" + hex_encode(sha256(request.body));
  const std::string place = day + "/" + scope.region + "/" + scope.service + "/aws4_request";
  const std::string to_sign = "AWS4-HMAC-SHA256\n" + time + "\n" + place + "\n" + hex_encode(sha256(canonical_request));
  std::string key = hmac("AWS4" + credentials.secret_key, day);
  for (std::string_view piece :
       {std::string_view(scope.region), std::string_view(scope.service), std::string_view("aws4_request")}) {
    key = hmac(key, piece);
  }
  headers.emplace_back("Authorization", "AWS4-HMAC-SHA256 Credential=" + credentials.access_key + "/" + place +
                                            ", SignedHeaders=" + names +
                                            ", Signature=" + hex_encode(hmac(key, to_sign)));
  return headers;
}

}  // namespace sluice::acme::dns::aws
