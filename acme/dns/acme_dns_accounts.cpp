#include "acme/dns/acme_dns_accounts.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>

#include "acme/dns/json_text.h"
#include "async/offload.h"
#include "base/text.h"

namespace sluice::acme::dns {
namespace {

using nlohmann::json;

AcmeDnsAccount account_of(const json& written) {
  return {text_at(written, "fulldomain"), text_at(written, "subdomain"), text_at(written, "username"),
          text_at(written, "password"), text_at(written, "server_url")};
}

json written(const AcmeDnsAccount& account) {
  json object;
  object["fulldomain"] = account.full_domain;
  object["subdomain"] = account.subdomain;
  object["username"] = account.username;
  object["password"] = account.password;
  object["server_url"] = account.server_url;
  return object;
}

// The whole file; an empty object when there is none.
Result<Document> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open()) {
    if (errno == ENOENT) return Document{json::object()};
    return Error::system(errno, "the file of accounts cannot be read");
  }
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (trim(text).empty()) return Document{json::object()};
  json parsed = json::parse(text, nullptr, false);
  if (!parsed.is_object()) return Error::of(Code::invalid, "the file of accounts is no JSON object");
  return Document{std::move(parsed)};
}

Status write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Error::system(errno, "the file of accounts cannot be written");
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return ::fsync(fd) == 0 ? Status() : Error::system(errno, "the file of accounts cannot be written");
}

// A file beside, renamed over; in place where it cannot be renamed over, as a file that is mounted alone.
Status write_file(const std::string& path, const std::string& text) {
  std::string beside = path + ".new";
  for (const std::string& target : {beside, path}) {
    int fd = ::open(target.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 && target == beside) continue;
    if (fd < 0) return Error::system(errno, "the file of accounts cannot be written");
    Status wrote = write_all(fd, text);
    ::close(fd);
    if (target == path || !wrote) {
      if (target == beside) ::unlink(beside.c_str());
      return wrote;
    }
    if (::rename(beside.c_str(), path.c_str()) == 0) return {};
    ::unlink(beside.c_str());
  }
  return {};
}

class FileAccounts final : public AcmeDnsAccounts {
 public:
  explicit FileAccounts(std::string path) : path_(std::move(path)) {}

  Task<Result<std::optional<AcmeDnsAccount>>> find(std::string name, std::string& why) override {
    auto call = offload([path = path_] { return read_file(path); });
    Result<Document> all = co_await call;
    if (!all) co_return failed(all.error(), why);
    auto found = all->json.find(name);
    std::optional<AcmeDnsAccount> account;
    if (found != all->json.end()) account = account_of(*found);
    co_return std::move(account);
  }

  Task<Result<bool>> keep(std::string name, AcmeDnsAccount account, std::string& why) override {
    auto call = offload([path = path_, name, account] {
      Result<Document> all = read_file(path);
      if (!all) return Status(all.error());
      all->json[name] = written(account);
      return write_file(path, json_text(all->json));
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
    std::string body = json_text(written(account));
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
