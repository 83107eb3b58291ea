// The provider `acme-dns`: a server that has TXT records and nothing else. The user delegates `_acme-challenge.<name>`
// to it by a CNAME, once; the first attempt for a name registers an account and says which CNAME that is.
#include "acme/dns/acme_dns_accounts.h"
#include "acme/dns/http_api.h"
#include "acme/dns/name.h"
#include "acme/dns/providers.h"
#include "acme/json_value.h"
#include "base/text.h"
#include "observe/log.h"

namespace sluice::acme::dns {
namespace {

using nlohmann::json;

class AcmeDnsProvider final : public Provider {
 public:
  AcmeDnsProvider(rest::Client& client, Environment& variables) {
    std::string base = variables.required({"ACME_DNS_API_BASE"});
    Result<HttpApi> api = HttpApi::make(client, base, 30s);
    if (api) {
      api_ = std::move(*api);
    } else if (!base.empty()) {
      variables.problem("ACME_DNS_API_BASE is " + std::string(api.error().text));
    }
    base_ = std::move(base);
    allow_list_ = split_list(variables.text({"ACME_DNS_ALLOWLIST"}));
    std::string path = variables.text({"ACME_DNS_STORAGE_PATH"});
    std::string url = variables.text({"ACME_DNS_STORAGE_BASE_URL"});
    if (path.empty() == url.empty()) {
      variables.problem("exactly one of ACME_DNS_STORAGE_PATH and ACME_DNS_STORAGE_BASE_URL must be set");
      return;
    }
    if (!path.empty()) {
      accounts_ = accounts_in_file(std::move(path));
      return;
    }
    Result<HttpApi> store = HttpApi::make(client, url, 2min);
    if (store) {
      accounts_ = accounts_at_server(std::move(*store));
    } else {
      variables.problem("ACME_DNS_STORAGE_BASE_URL is " + std::string(store.error().text));
    }
  }

  std::string_view name() const override { return "acme-dns"; }
  PropagationTiming timing() const override { return {}; }
  bool one_at_a_time() const override { return true; }  // one file of accounts

  Task<Status> add(const Change& change, std::string& why) override {
    Result<std::optional<AcmeDnsAccount>> found = co_await accounts_->find(change.proof.name, why);
    if (!found) co_return found.error();
    if (!*found) {
      Result<AcmeDnsAccount> made = co_await register_account(change, why);
      if (!made) co_return made.error();
      *found = std::move(*made);
    }
    const AcmeDnsAccount& account = **found;
    Result<std::string> target = canonical_name(account.full_domain);
    if (target && *target != change.place.name) {
      log::warn("the record does not lead to the account at acme-dns",
                {{"record", change.record}, {"leadsTo", change.place.name}, {"account", *target}});
    }
    Status updated = co_await update(account, change.proof.value, why);
    co_return updated;
  }

  // The server keeps the two newest values of an account and cannot remove one.
  Task<Status> remove(const Change&, std::string&) override { co_return Status(); }

 private:
  Task<Result<AcmeDnsAccount>> register_account(const Change& change, std::string& why) {
    json wish = json::object();
    if (!allow_list_.empty()) wish["allowfrom"] = allow_list_;
    std::vector<rest::Header> headers;
    headers.emplace_back("Content-Type", "application/json");
    Result<rest::Reply> reply = co_await api_.send("POST", "/register", std::move(headers), acme::written(wish), why);
    if (!reply) co_return reply.error();
    if (!is_success(*reply)) co_return failure_of(*reply, "the registration at " + base_, why);
    json made = json::parse(reply->body, nullptr, false);
    AcmeDnsAccount account{acme::text_of(made, "fulldomain"), acme::text_of(made, "subdomain"),
                           acme::text_of(made, "username"), acme::text_of(made, "password"), base_};
    if (account.full_domain.empty() || account.subdomain.empty() || account.username.empty()) {
      why = base_ + "/register was answered with something that is no account";
      co_return Error::of(Code::unavailable, "no acme-dns account", Origin::upstream);
    }
    Result<bool> kept = co_await accounts_->keep(change.proof.name, account, why);
    if (!kept) co_return kept.error();
    if (*kept) co_return std::move(account);
    why = "a new account at acme-dns was made for " + change.proof.name +
          "; add this record to its zone, once: " + change.record + " CNAME " + without_dot(account.full_domain) + ".";
    co_return Error::of(Code::unavailable, "a CNAME to acme-dns is needed", Origin::upstream);
  }

  Task<Status> update(const AcmeDnsAccount& account, std::string value, std::string& why) {
    std::vector<rest::Header> headers;
    headers.emplace_back("Content-Type", "application/json");
    headers.emplace_back("X-Api-User", account.username);
    headers.emplace_back("X-Api-Key", account.password);
    json body = json::object();
    body["subdomain"] = account.subdomain;
    body["txt"] = value;
    Result<rest::Reply> reply = co_await api_.send("POST", "/update", std::move(headers), acme::written(body), why);
    if (!reply) co_return reply.error();
    if (!is_success(*reply)) co_return failure_of(*reply, "the update of " + account.full_domain, why);
    co_return Status();
  }

  HttpApi api_;
  std::string base_;
  std::vector<std::string> allow_list_;
  std::unique_ptr<AcmeDnsAccounts> accounts_;
};

}  // namespace

std::unique_ptr<Provider> make_acme_dns(ProviderParts parts) {
  return std::make_unique<AcmeDnsProvider>(parts.client, parts.variables);
}

}  // namespace sluice::acme::dns
