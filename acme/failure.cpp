#include "acme/failure.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <nlohmann/json.hpp>

#include "acme/json_value.h"
#include "acme/objects.h"
#include "base/text.h"

namespace sluice::acme {
namespace {

constexpr std::string_view kUrn = "urn:ietf:params:acme:error:";
constexpr std::size_t kMostDocument = 4096;

// What asking again cannot change (RFC 8555 §6.7, and what CAs use of it).
constexpr std::array<std::string_view, 12> kPermanent = {"rejectedIdentifier",
                                                         "caa",
                                                         "badCSR",
                                                         "invalidContact",
                                                         "unsupportedContact",
                                                         "externalAccountRequired",
                                                         "unsupportedIdentifier",
                                                         "agreementRequired",
                                                         "userActionRequired",
                                                         "badPublicKey",
                                                         "badSignatureAlgorithm",
                                                         "invalidProfile"};

Failure::Kind kind_of(int status, const std::string& type) {
  if (type == "rateLimited" || status == 429) return Failure::Kind::limited;
  if (type == "serverInternal" || status >= 500 || status == 408) return Failure::Kind::unreachable;
  if (std::find(kPermanent.begin(), kPermanent.end(), type) != kPermanent.end()) return Failure::Kind::permanent;
  if (status >= 300) return Failure::Kind::refused;  // redirects too: a signed request is for one URL
  return Failure::Kind::unreachable;
}

// Let's Encrypt says in words when a limit ends: "retry after 2026-11-02 14:00:00 UTC".
Duration time_in_words(std::string_view detail, std::int64_t now) {
  constexpr std::string_view kWords = "retry after ";
  const std::size_t at = lowered(detail).find(kWords);
  if (at == std::string::npos) return Duration::zero();
  const std::int64_t then = parse_date_time(detail.substr(at + kWords.size(), 20));
  return then == 0 ? Duration::zero() : std::max(Duration::zero(), Duration(std::chrono::seconds(then - now)));
}

}  // namespace

std::string Failure::text() const {
  std::string text = type.empty() ? std::string() : type + ": ";
  text += detail.empty() ? (status == 0 ? "no answer" : "status " + std::to_string(status)) : detail;
  if (!url.empty()) text += " (" + url + ")";
  return text;
}

std::string_view Failure::kind_name() const {
  constexpr std::string_view kNames[] = {"cancelled", "unreachable", "limited", "refused", "permanent", "local"};
  return kNames[static_cast<std::size_t>(kind)];
}

Failure Failure::local(std::string detail) {
  Failure failure;
  failure.detail = std::move(detail);
  return failure;
}

Failure Failure::of(const Error& error, std::string url) {
  Failure failure;
  failure.kind = error.code == Code::cancelled ? Kind::cancelled : Kind::unreachable;
  failure.detail = error.text;
  failure.url = std::move(url);
  return failure;
}

Duration parse_retry_after(std::string_view field, std::int64_t now) {
  field = trim(field);
  if (std::optional<std::uint64_t> seconds = parse_u64(field)) {
    constexpr std::uint64_t kMost = 30UL * 24 * 3600;
    return std::chrono::seconds(std::min(*seconds, kMost));
  }
  std::tm parts{};
  const std::string text(field);
  const char* end = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S", &parts);
  if (end == nullptr) return Duration::zero();
  return std::max(Duration::zero(), Duration(std::chrono::seconds(timegm(&parts) - now)));
}

Failure read_problem(int status, std::string_view body, std::string_view retry_after, std::string url,
                     std::int64_t now) {
  Failure failure;
  failure.status = status;
  failure.url = std::move(url);
  // Whatever its Content-Type says: some CAs send problems as plain JSON, some proxies HTML.
  const nlohmann::json document = nlohmann::json::parse(body, nullptr, false);
  if (document.is_object()) {
    failure.type = text_of(document, "type");
    if (failure.type.starts_with(kUrn)) failure.type.erase(0, kUrn.size());
    failure.detail = printable(text_of(document, "detail"), 1000);
    failure.document = printable(body, kMostDocument);
    for (const nlohmann::json& part : list_of(document, "subproblems")) {
      const std::string name = part.is_object() ? text_of(object_of(part, "identifier"), "value") : std::string();
      if (!name.empty()) failure.names.push_back(name);
      const std::string why = part.is_object() ? text_of(part, "detail") : std::string();
      if (!why.empty()) failure.detail += "; " + printable(name + ": " + why, 500);
    }
  } else {
    failure.detail = "status " + std::to_string(status) + ", which is no problem document";
    if (!body.empty()) failure.detail += ": " + printable(body, 100);
  }
  failure.kind = kind_of(status, failure.type);
  failure.retry_after = parse_retry_after(retry_after, now);
  if (failure.kind == Failure::Kind::limited) {
    failure.retry_after = std::max(failure.retry_after, time_in_words(failure.detail, now));
    failure.too_many_names = lowered(failure.detail).find("failed authorizations") != std::string::npos ||
                             lowered(failure.detail).find("exact set") != std::string::npos;
  }
  // A CA that is overloaded says for how long.
  if (status == 503 && failure.retry_after > Duration::zero()) failure.kind = Failure::Kind::limited;
  return failure;
}

}  // namespace sluice::acme
