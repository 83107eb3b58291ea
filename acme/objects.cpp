#include "acme/objects.h"

#include <ctime>

#include "acme/json_value.h"
#include "base/ip.h"
#include "base/text.h"

namespace sluice::acme {
namespace {

std::optional<Failure> error_of(const nlohmann::json& object) {
  const nlohmann::json& error = member_of(object, "error");
  if (!error.is_object()) return std::nullopt;
  const std::int64_t status = number_of(error, "status");
  return read_problem(status >= 400 && status < 600 ? static_cast<int>(status) : 400, written(error), {}, {}, 0);
}

nlohmann::json parse_object(std::string_view body) {
  nlohmann::json object = nlohmann::json::parse(body, nullptr, false);
  return object.is_object() ? object : nlohmann::json(nullptr);
}

}  // namespace

const Challenge* Authorization::challenge(std::string_view type) const {
  for (const Challenge& challenge : challenges) {
    if (challenge.type == type) return &challenge;
  }
  return nullptr;
}

std::optional<Failure> Authorization::error() const {
  for (const Challenge& challenge : challenges) {
    if (challenge.status == "invalid" && challenge.error) return challenge.error;
  }
  for (const Challenge& challenge : challenges) {
    if (challenge.error) return challenge.error;
  }
  return std::nullopt;
}

std::optional<Directory> read_directory(std::string_view body) {
  const nlohmann::json object = parse_object(body);
  Directory directory;
  directory.new_nonce = text_of(object, "newNonce");
  directory.new_account = text_of(object, "newAccount");
  directory.new_order = text_of(object, "newOrder");
  if (directory.new_nonce.empty() || directory.new_account.empty() || directory.new_order.empty()) return std::nullopt;
  directory.revoke_certificate = text_of(object, "revokeCert");
  directory.key_change = text_of(object, "keyChange");
  directory.renewal_info = text_of(object, "renewalInfo");
  const nlohmann::json& meta = object_of(object, "meta");
  directory.terms = text_of(meta, "termsOfService");
  directory.external_account_required = flag_of(meta, "externalAccountRequired");
  for (const auto& [name, about] : object_of(meta, "profiles").items()) {
    directory.profiles.emplace(name, about.is_string() ? about.get<std::string>() : std::string());
  }
  directory.caa_identities = texts_of(meta, "caaIdentities");
  return directory;
}

std::optional<Order> read_order(std::string_view body) {
  const nlohmann::json object = parse_object(body);
  Order order;
  order.status = text_of(object, "status");
  if (order.status.empty()) return std::nullopt;
  for (const nlohmann::json& one : list_of(object, "identifiers")) {
    order.identifiers.push_back({text_of(one, "type"), text_of(one, "value")});
  }
  order.authorizations = texts_of(object, "authorizations");
  order.finalize = text_of(object, "finalize");
  order.certificate = text_of(object, "certificate");
  order.error = error_of(object);
  return order;
}

std::optional<Authorization> read_authorization(std::string_view body) {
  const nlohmann::json object = parse_object(body);
  Authorization authorization;
  authorization.status = text_of(object, "status");
  if (authorization.status.empty()) return std::nullopt;
  const nlohmann::json& identifier = object_of(object, "identifier");
  authorization.identifier = {text_of(identifier, "type"), text_of(identifier, "value")};
  authorization.wildcard = flag_of(object, "wildcard");
  for (const nlohmann::json& one : list_of(object, "challenges")) {
    Challenge challenge;
    challenge.type = text_of(one, "type");
    challenge.url = text_of(one, "url");
    challenge.status = text_of(one, "status");
    challenge.token = text_of(one, "token");
    challenge.issuers = texts_of(one, "issuer-domain-names");
    challenge.error = error_of(one);
    authorization.challenges.push_back(std::move(challenge));
  }
  return authorization;
}

std::optional<RenewalWindow> read_renewal_window(std::string_view body) {
  const nlohmann::json object = parse_object(body);
  const nlohmann::json& window = object_of(object, "suggestedWindow");
  RenewalWindow read{parse_date_time(text_of(window, "start")), parse_date_time(text_of(window, "end")),
                     text_of(object, "explanationURL")};
  return read.valid() ? std::optional(read) : std::nullopt;
}

std::string read_status(std::string_view body) { return text_of(parse_object(body), "status"); }

Identifier identifier_of(const std::string& name) {
  Result<IpAddress> address = IpAddress::parse(name);
  return address ? Identifier{"ip", address->to_string()} : Identifier{"dns", name};
}

std::string new_order_body(const std::vector<std::string>& names, const std::string& profile,
                           const std::string& replaces) {
  nlohmann::ordered_json body;
  for (const std::string& name : names) {
    const Identifier identifier = identifier_of(name);
    body["identifiers"].push_back({{"type", identifier.type}, {"value", identifier.value}});
  }
  if (!profile.empty()) body["profile"] = profile;
  if (!replaces.empty()) body["replaces"] = replaces;
  return body.dump();
}

std::int64_t parse_date_time(std::string_view text) {
  std::string copy(text);
  constexpr std::size_t kBetween = 10;  // date and time of day; a blank is as good (RFC 3339 §5.6)
  if (copy.size() > kBetween && to_lower(copy[kBetween]) == 't') copy[kBetween] = ' ';
  std::tm parts{};
  const char* rest = ::strptime(copy.c_str(), "%Y-%m-%d %H:%M:%S", &parts);
  if (rest == nullptr) return 0;
  std::int64_t seconds = timegm(&parts);
  // A fraction does not matter; an offset does.
  while (*rest == '.' || is_digit(*rest)) ++rest;
  std::tm offset{};
  if ((*rest == '+' || *rest == '-') && ::strptime(rest + 1, "%H:%M", &offset) != nullptr) {
    const std::int64_t by = (offset.tm_hour * 60L + offset.tm_min) * 60L;
    seconds += *rest == '+' ? -by : by;
  }
  return seconds;
}

}  // namespace sluice::acme
