// The provider `httpreq`: an HTTP server of the user's changes the zone. POST <endpoint>/present and /cleanup with
// {"fqdn","value"}, or with HTTPREQ_MODE=RAW {"domain","token","keyAuth"}.
#include "acme/dns/http_api.h"
#include "acme/dns/providers.h"
#include "acme/json_value.h"

namespace sluice::acme::dns {
namespace {

class HttpreqProvider final : public Provider {
 public:
  HttpreqProvider(rest::Client& client, Environment& variables)
      : raw_(variables.text({"HTTPREQ_MODE"}) == "RAW"),
        timing_{variables.seconds({"HTTPREQ_PROPAGATION_TIMEOUT"}, 60s),
                variables.seconds({"HTTPREQ_POLLING_INTERVAL"}, 2s)} {
    std::string endpoint = variables.required({"HTTPREQ_ENDPOINT"});
    Duration timeout = variables.seconds({"HTTPREQ_HTTP_TIMEOUT"}, 30s);
    Result<HttpApi> api = HttpApi::make(client, endpoint, timeout);
    if (api) {
      api_ = std::move(*api);
    } else if (!endpoint.empty()) {
      variables.problem("HTTPREQ_ENDPOINT is " + std::string(api.error().text));
    }
    std::string username = variables.text({"HTTPREQ_USERNAME"});
    std::string password = variables.text({"HTTPREQ_PASSWORD"});
    if (!username.empty() && !password.empty()) api_.set_credentials(std::move(username), std::move(password));
  }

  std::string_view name() const override { return "httpreq"; }
  PropagationTiming timing() const override { return timing_; }

  Task<Status> add(const Change& change, std::string& why) override {
    Status posted = co_await post("/present", change, why);
    co_return posted;
  }
  Task<Status> remove(const Change& change, std::string& why) override {
    Status posted = co_await post("/cleanup", change, why);
    co_return posted;
  }

 private:
  std::string body_of(const Change& change) const {
    nlohmann::json body;
    if (raw_) {
      body["domain"] = change.proof.name;
      body["token"] = change.proof.token;
      body["keyAuth"] = change.proof.key_authorization;
    } else {
      body["fqdn"] = change.place.name;
      body["value"] = change.proof.value;
    }
    return acme::written(body);
  }

  Task<Status> post(std::string path, const Change& change, std::string& why) {
    std::vector<rest::Header> headers;
    headers.emplace_back("Accept", "application/json");
    headers.emplace_back("Content-Type", "application/json");
    Result<rest::Reply> reply = co_await api_.send("POST", path, std::move(headers), body_of(change), why);
    if (!reply) co_return reply.error();
    if (!is_success(*reply)) co_return failure_of(*reply, "POST " + api_.origin() + api_.prefix() + path, why);
    co_return Status();
  }

  HttpApi api_;
  bool raw_;
  PropagationTiming timing_;
};

}  // namespace

std::unique_ptr<Provider> make_httpreq(ProviderParts parts) {
  return std::make_unique<HttpreqProvider>(parts.client, parts.variables);
}

}  // namespace sluice::acme::dns
