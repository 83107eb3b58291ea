#include "acme/dns/acme_dns_accounts.h"

#include <cstring>
#include <memory>

#include "acme/dns/document.h"
#include "acme/safe_file.h"
#include "async/offload.h"
#include "base/text.h"

namespace sluice::acme::dns {
namespace {

using nlohmann::json;

AcmeDnsAccount account_of(const json& written) {
  return {acme::text_of(written, "fulldomain"), acme::text_of(written, "subdomain"), acme::text_of(written, "username"),
          acme::text_of(written, "password"), acme::text_of(written, "server_url")};
}

json document_of(const AcmeDnsAccount& account) {
  json object;
  object["fulldomain"] = account.full_domain;
  object["subdomain"] = account.subdomain;
  object["username"] = account.username;
  object["password"] = account.password;
  object["server_url"] = account.server_url;
  return object;
}

// The whole file; an empty object when there is none.
Result<Document> read_accounts(const std::string& path) {
  Result<std::string> text = read_file(path);
  if (!text && text.error().code == Code::not_found) return Document{json::object()};
  if (!text) return text.error();
  if (trim(*text).empty()) return Document{json::object()};
  json parsed = json::parse(*text, nullptr, false);
  if (!parsed.is_object()) return Error::of(Code::invalid, "the file of accounts is no JSON object");
  return Document{std::move(parsed)};
}

class FileAccounts final : public AcmeDnsAccounts {
 public:
  explicit FileAccounts(std::string path) : path_(std::move(path)) {}

  Task<Result<std::optional<AcmeDnsAccount>>> find(std::string name, std::string& why) override {
    auto call = offload([path = path_] { return read_accounts(path); });
    Result<Document> all = co_await call;
    if (!all) co_return failed(all.error(), why);
    auto found = all->json.find(name);
    std::optional<AcmeDnsAccount> account;
    if (found != all->json.end()) account = account_of(*found);
    co_return std::move(account);
  }

  Task<Result<bool>> keep(std::string name, AcmeDnsAccount account, std::string& why) override {
    auto call = offload([path = path_, name, account] {
      Result<Document> all = read_accounts(path);
      if (!all) return Status(all.error());
      all->json[name] = document_of(account);
      return replace_file(path, acme::written(all->json), path + ".backup");
    });
    Status kept = co_await call;
    if (!kept) co_return failed(kept.error(), why);
    co_return false;
  }

 private:
  Error failed(const Error& error, std::string& why) const {
    why = std::string(error.text) + " (ACME_DNS_STORAGE_PATH, " + path_ + ")";
    if (error.sys != 0) why += std::string(": ") + std::strerror(error.sys);
    return error;
  }

  std::string path_;
};

class ServerAccounts final : public AcmeDnsAccounts {
 public:
  explicit ServerAccounts(HttpApi api) : api_(std::move(api)) {}

  Task<Result<std::optional<AcmeDnsAccount>>> find(std::string name, std::string& why) override {
    std::vector<rest::Header> headers;
    headers.emplace_back("Accept", "application/json");
    Result<rest::Reply> reply =
        co_await api_.send("GET", "/" + percent_encoded(name), std::move(headers), std::string(), why);
    if (!reply) co_return reply.error();
    std::optional<AcmeDnsAccount> account;
    if (reply->status == 404) co_return std::move(account);
    if (!is_success(*reply)) co_return failure_of(*reply, "the store of acme-dns accounts", why);
    account = account_of(json::parse(reply->body, nullptr, false));
    co_return std::move(account);
  }

  Task<Result<bool>> keep(std::string name, AcmeDnsAccount account, std::string& why) override {
    std::vector<rest::Header> headers;
    headers.emplace_back("Content-Type", "application/json");
    std::string body = acme::written(document_of(account));
    Result<rest::Reply> reply =
        co_await api_.send("POST", "/" + percent_encoded(name), std::move(headers), std::move(body), why);
    if (!reply) co_return reply.error();
    if (!is_success(*reply)) co_return failure_of(*reply, "the store of acme-dns accounts", why);
    co_return reply->status == 201;
  }

 private:
  HttpApi api_;
};

}  // namespace

std::unique_ptr<AcmeDnsAccounts> accounts_in_file(std::string path) {
  return std::make_unique<FileAccounts>(std::move(path));
}

std::unique_ptr<AcmeDnsAccounts> accounts_at_server(HttpApi api) {
  return std::make_unique<ServerAccounts>(std::move(api));
}

}  // namespace sluice::acme::dns
