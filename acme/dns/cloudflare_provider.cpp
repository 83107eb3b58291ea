// The provider `cloudflare`: its API, version 4. Variables begin with CLOUDFLARE_ or CF_.
#include <map>

#include "acme/dns/document.h"
#include "acme/dns/http_api.h"
#include "acme/dns/name.h"
#include "acme/dns/providers.h"
#include "base/text.h"

namespace sluice::acme::dns {
namespace {

using nlohmann::json;

constexpr int kIdenticalRecord = 81058;  // "An identical record already exists."
constexpr int kNoSuchRecord = 81044;     // "Record does not exist."

bool has_error(const json& reply, int code) {
  if (!reply.is_object() || !reply.contains("errors") || !reply["errors"].is_array()) return false;
  for (const json& error : reply["errors"]) {
    if (error.is_object() && error.contains("code") && error["code"] == code) return true;
  }
  return false;
}

// What the API calls the content of a TXT record: with or without the quotes, by its mood.
std::string unquoted(std::string content) {
  if (content.size() >= 2 && content.front() == '"' && content.back() == '"') {
    return content.substr(1, content.size() - 2);
  }
  return content;
}

class CloudflareProvider final : public Provider {
 public:
  CloudflareProvider(rest::Client& client, Environment& variables) {
    std::string email = variables.text({"CLOUDFLARE_EMAIL", "CF_API_EMAIL"});
    std::string key = variables.text({"CLOUDFLARE_API_KEY", "CF_API_KEY"});
    std::string token = variables.text({"CLOUDFLARE_DNS_API_TOKEN", "CF_DNS_API_TOKEN"});
    std::string zone_token = variables.text({"CLOUDFLARE_ZONE_API_TOKEN", "CF_ZONE_API_TOKEN"}, token);
    if (!email.empty() && !key.empty()) {
      edit_ = {{"X-Auth-Email", email}, {"X-Auth-Key", key}};
      read_ = edit_;
    } else if (!token.empty()) {
      edit_ = {{"Authorization", "Bearer " + token}};
      read_ = {{"Authorization", "Bearer " + zone_token}};
    } else {
      variables.problem(
          "neither CF_DNS_API_TOKEN (a token with Zone:Read and DNS:Edit) nor CF_API_EMAIL and CF_API_KEY are set");
    }
    constexpr std::int64_t kLeastTtl = 120;
    ttl_ = variables.number({"CLOUDFLARE_TTL", "CF_TTL"}, kLeastTtl, kLeastTtl);
    timing_.timeout = variables.seconds({"CLOUDFLARE_PROPAGATION_TIMEOUT", "CF_PROPAGATION_TIMEOUT"}, 120s);
    timing_.interval = variables.seconds({"CLOUDFLARE_POLLING_INTERVAL", "CF_POLLING_INTERVAL"}, 2s);
    Duration timeout = variables.seconds({"CLOUDFLARE_HTTP_TIMEOUT", "CF_HTTP_TIMEOUT"}, 30s);
    std::string base = variables.text({"CLOUDFLARE_BASE_URL"}, "https://api.cloudflare.com/client/v4");
    Result<HttpApi> api = HttpApi::make(client, base, timeout);
    if (api) {
      api_ = std::move(*api);
    } else {
      variables.problem("CLOUDFLARE_BASE_URL is " + std::string(api.error().text));
    }
  }

  std::string_view name() const override { return "cloudflare"; }
  PropagationTiming timing() const override { return timing_; }

  Task<Status> add(const Change& change, std::string& why) override {
    Result<std::string> zone = co_await zone_id(change, why);
    if (!zone) co_return zone.error();
    std::string path = "/zones/" + percent_encoded(*zone) + "/dns_records";
    Result<Document> added = co_await call("POST", path, edit_, record_of(change), kIdenticalRecord, why);
    if (!added) co_return added.error();
    co_return Status();
  }

  // The record is looked for by its content, so that it can be removed after a restart, too.
  Task<Status> remove(const Change& change, std::string& why) override {
    Result<std::string> zone = co_await zone_id(change, why);
    if (!zone) co_return zone.error();
    std::string records = "/zones/" + percent_encoded(*zone) + "/dns_records";
    std::string query = "?type=TXT&per_page=100&name=" + percent_encoded(without_dot(change.place.name));
    Result<Document> found = co_await call("GET", records + query, edit_, std::string(), 0, why);
    if (!found) co_return found.error();
    for (const json& record : found->json["result"]) {
      if (unquoted(acme::text_of(record, "content")) != change.proof.value) continue;
      std::string path = records + "/" + percent_encoded(acme::text_of(record, "id"));
      Result<Document> gone = co_await call("DELETE", path, edit_, std::string(), kNoSuchRecord, why);
      if (!gone) co_return gone.error();
    }
    co_return Status();
  }

 private:
  std::string record_of(const Change& change) const {
    json record;
    record["type"] = "TXT";
    record["name"] = without_dot(change.place.name);
    record["content"] = '"' + change.proof.value + '"';
    record["ttl"] = ttl_;
    return acme::written(record);
  }

  // The answer's JSON, an object with "result". `harmless`: an error code that counts as success.
  Task<Result<Document>> call(std::string method, std::string path, std::vector<rest::Header> headers, std::string body,
                              int harmless, std::string& why) {
    headers.emplace_back("Accept", "application/json");
    if (!body.empty()) headers.emplace_back("Content-Type", "application/json");
    Result<rest::Reply> reply = co_await api_.send(method, path, std::move(headers), std::move(body), why);
    if (!reply) co_return reply.error();
    json parsed = json::parse(reply->body, nullptr, false);
    if (harmless != 0 && has_error(parsed, harmless)) co_return Document{std::move(parsed)};
    std::string what = method + " " + api_.origin() + api_.prefix() + path.substr(0, path.find('?'));
    if (!is_success(*reply)) co_return failure_of(*reply, what, why);
    if (!parsed.is_object() || !parsed.contains("result")) {
      why = what + " was answered with something that is no Cloudflare reply";
      co_return Error::of(Code::unavailable, "no Cloudflare reply", Origin::upstream);
    }
    co_return Document{std::move(parsed)};
  }

  Task<Result<std::string>> zone_id(const Change& change, std::string& why) {
    const std::string& zone = change.place.zone;
    if (zone.empty()) {
      why = "the zone of " + change.place.name + " was not found: " + change.place.trouble;
      co_return Error::of(Code::unavailable, "no zone", Origin::upstream);
    }
    auto known = zone_ids_.find(zone);
    if (known != zone_ids_.end()) co_return known->second;
    std::string path = "/zones?per_page=50&name=" + percent_encoded(without_dot(zone));
    Result<Document> found = co_await call("GET", path, read_, std::string(), 0, why);
    if (!found) co_return found.error();
    const json& zones = found->json["result"];
    std::string id = zones.is_array() && zones.size() == 1 ? acme::text_of(zones[0], "id") : std::string();
    if (id.empty()) {
      bool many = zones.is_array() && zones.size() > 1;
      why = many ? "the account has several zones " + zone
                 : "the account has no zone " + zone + ", or its token may not read it (Zone:Read)";
      co_return Error::of(Code::unavailable, "no zone", Origin::upstream);
    }
    zone_ids_[zone] = id;
    co_return id;
  }

  HttpApi api_;
  std::vector<rest::Header> edit_;
  std::vector<rest::Header> read_;
  std::map<std::string, std::string> zone_ids_;
  std::int64_t ttl_ = 0;
  PropagationTiming timing_;
};

}  // namespace

std::unique_ptr<Provider> make_cloudflare(ProviderParts parts) {
  return std::make_unique<CloudflareProvider>(parts.client, parts.variables);
}

}  // namespace sluice::acme::dns
