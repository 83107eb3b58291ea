#include "acme/account.h"

#include <nlohmann/json.hpp>

#include "acme/jws.h"
#include "base/encoding.h"

namespace sluice::acme {
namespace {

Failure permanent(std::string detail, std::string url) {
  Failure failure;
  failure.kind = Failure::Kind::permanent;
  failure.detail = std::move(detail);
  failure.url = std::move(url);
  return failure;
}

Outcome<Account> read_account(const PrivateKey& key, CaReply reply, const std::string& url) {
  const std::string status = read_status(reply.body);
  if (!status.empty() && status != "valid") {
    return permanent("the account is " + status + ", and no other is made in its place", reply.location);
  }
  if (reply.location.empty()) {
    Failure failure = permanent("the CA did not say where the account is", url);
    failure.kind = Failure::Kind::unreachable;
    return failure;
  }
  return Account{key, std::move(reply.location), std::move(reply.body)};
}

}  // namespace

Task<Outcome<Account>> find_account(CaClient& ca, PrivateKey key) {
  Outcome<const Directory*> directory = co_await ca.directory();
  if (!directory) co_return directory.failure();
  const std::string url = (*directory)->new_account;
  Outcome<CaReply> reply = co_await ca.post(key, std::string(), url, R"({"onlyReturnExisting":true})");
  if (!reply) co_return reply.failure();
  co_return read_account(key, *std::move(reply), url);
}

Task<Outcome<Account>> open_account(CaClient& ca, PrivateKey key, AccountForm form) {
  Outcome<const Directory*> directory = co_await ca.directory();
  if (!directory) co_return directory.failure();
  const std::string url = (*directory)->new_account;
  const std::string terms = (*directory)->terms;
  const bool binding_wanted = (*directory)->external_account_required;
  if (binding_wanted && form.eab_kid.empty()) {
    Outcome<Account> known = co_await find_account(ca, key);
    if (known || known.failure().type != "accountDoesNotExist") co_return known;
    co_return permanent("the CA wants an external account binding: set eab.kid and eab.hmacEncoded", url);
  }
  nlohmann::ordered_json body;
  body["termsOfServiceAgreed"] = true;
  if (!form.email.empty()) body["contact"] = {"mailto:" + form.email};
  if (!form.eab_kid.empty()) {
    Result<std::string> secret = decode_hmac_key(form.eab_hmac);
    if (!secret || secret->empty()) co_return permanent("eab.hmacEncoded is not base64url", url);
    body["externalAccountBinding"] =
        nlohmann::ordered_json::parse(account_binding(form.eab_kid, *secret, url, key.jwk()));
  }
  Outcome<CaReply> reply = co_await ca.post(key, std::string(), url, body.dump());
  if (reply) co_return read_account(key, *std::move(reply), url);
  Failure failure = reply.failure();
  const bool agreement = failure.type == "agreementRequired" || failure.type == "userActionRequired";
  if (agreement && !terms.empty()) failure.detail += "; the terms of service are at " + terms;
  // 403 for the key itself: the account was closed.
  if (failure.type == "unauthorized") failure.kind = Failure::Kind::permanent;
  co_return failure;
}

Task<Step> change_contact(CaClient& ca, Account account, std::string email) {
  nlohmann::ordered_json body;
  body["contact"] = nlohmann::ordered_json::array();
  if (!email.empty()) body["contact"].push_back("mailto:" + email);
  Outcome<CaReply> reply = co_await ca.post(account.key, account.url, account.url, body.dump());
  if (!reply) co_return reply.failure();
  co_return Done{};
}

Task<Step> change_key(CaClient& ca, Account account, PrivateKey new_key) {
  Outcome<const Directory*> directory = co_await ca.directory();
  if (!directory) co_return directory.failure();
  const std::string url = (*directory)->key_change;
  if (url.empty()) co_return permanent("the CA does not change keys", ca.directory_url());
  std::string body = key_change(new_key, account.key, url, account.url);
  Outcome<CaReply> reply = co_await ca.post(account.key, account.url, url, std::move(body));
  if (reply) co_return Done{};
  // The answer may have been lost: then the new key is the one that counts.
  Outcome<Account> found = co_await find_account(ca, new_key);
  if (found && found->url == account.url) co_return Done{};
  co_return reply.failure();
}

Task<Step> close_account(CaClient& ca, Account account) {
  Outcome<CaReply> reply = co_await ca.post(account.key, account.url, account.url, R"({"status":"deactivated"})");
  if (!reply) co_return reply.failure();
  co_return Done{};
}

Task<Step> revoke(CaClient& ca, Account account, std::string certificate_der, int reason) {
  Outcome<const Directory*> directory = co_await ca.directory();
  if (!directory) co_return directory.failure();
  const std::string url = (*directory)->revoke_certificate;
  if (url.empty()) co_return permanent("the CA does not revoke", ca.directory_url());
  nlohmann::ordered_json body;
  body["certificate"] = base64_encode(certificate_der, Base64::url);
  if (reason > 0) body["reason"] = reason;
  Outcome<CaReply> reply = co_await ca.post(account.key, account.url, url, body.dump());
  if (!reply && reply.failure().type != "alreadyRevoked") co_return reply.failure();
  co_return Done{};
}

}  // namespace sluice::acme
