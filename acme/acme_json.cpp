#include "acme/acme_json.h"

#include <nlohmann/json.hpp>

#include "acme/json_value.h"
#include "base/encoding.h"
#include "base/text.h"

namespace sluice::acme {
namespace {

using Ordered = nlohmann::ordered_json;

// As Go finds members: by name, whatever its case; the exact one first.
const Ordered& find(const Ordered& object, std::string_view name) {
  static const Ordered kNothing;
  if (!object.is_object()) return kNothing;
  const Ordered* found = &kNothing;
  for (const auto& [key, value] : object.items()) {
    if (key == name) return value;
    if (iequals(key, name)) found = &value;
  }
  return *found;
}

std::string text(const Ordered& object, std::string_view name) {
  const Ordered& value = find(object, name);
  return value.is_string() ? value.get<std::string>() : std::string();
}

// Bytes, which Go writes as padded base64. False: it is something else.
bool bytes(const Ordered& object, std::string_view name, std::string& into) {
  const Ordered& value = find(object, name);
  if (value.is_null()) return true;
  if (!value.is_string()) return false;
  Result<std::string> decoded = base64_decode(value.get<std::string>());
  if (!decoded) return false;
  into = *std::move(decoded);
  return true;
}

std::string read_account(const Ordered& object, ResolverData& into) {
  if (object.is_null()) return {};
  if (!object.is_object()) return "Account is no object";
  StoredAccount account;
  account.email = text(object, "Email");
  account.key_type = text(object, "KeyType");
  if (const Ordered& registration = find(object, "Registration"); registration.is_object()) {
    account.registration = registration.dump();
  }
  if (!bytes(object, "PrivateKey", account.key_der)) return "Account.PrivateKey is not base64";
  into.account = std::move(account);
  return {};
}

std::string read_certificates(const Ordered& list, ResolverData& into) {
  if (list.is_null()) return {};
  if (!list.is_array()) return "Certificates is no list";
  for (const Ordered& one : list) {
    StoredCertificate certificate;
    const Ordered& domain = find(one, "domain");
    certificate.main = text(domain, "main");
    for (const Ordered& name : find(domain, "sans")) {
      if (name.is_string()) certificate.sans.push_back(name.get<std::string>());
    }
    if (!bytes(one, "certificate", certificate.certificate)) return "a certificate is not base64";
    if (!bytes(one, "key", certificate.key)) return "a key is not base64";
    if (std::string store = text(one, "Store"); !store.empty()) certificate.store = std::move(store);
    if (certificate.certificate.empty() || certificate.key.empty()) continue;
    into.certificates.push_back(std::move(certificate));
  }
  return {};
}

// Go's encoder writes these so that JSON can stand inside HTML.
std::string as_go_writes(const std::string& json) {
  std::string text;
  text.reserve(json.size());
  for (char c : json) {
    switch (c) {
      case '<': text += "\\u003c"; break;
      case '>': text += "\\u003e"; break;
      case '&': text += "\\u0026"; break;
      default: text += c;
    }
  }
  return text;
}

}  // namespace

ReadStore read_store(std::string_view text) {
  ReadStore read;
  if (trim(text).empty()) return read;
  const Ordered document = Ordered::parse(text, nullptr, false);
  if (document.is_null()) return read;
  if (!document.is_object()) {
    read.error = document.is_discarded() ? "it is no JSON" : "it is no JSON object";
    return read;
  }
  for (const auto& [resolver, content] : document.items()) {
    // One resolver's members at the top: the form of Traefik 1.
    if (resolver == "Certificates" || resolver == "HTTPChallenges" || resolver == "Account") {
      read.error = "it is the acme.json of Traefik 1, which has another form: see `sluice certs import`";
      return read;
    }
    ResolverData data;
    if (!content.is_null() && !content.is_object()) {
      read.error = resolver + " is no object";
      return read;
    }
    read.error = read_account(find(content, "Account"), data);
    if (read.error.empty()) read.error = read_certificates(find(content, "Certificates"), data);
    if (!read.error.empty()) {
      read.error = resolver + ": " + read.error;
      return read;
    }
    read.resolvers.emplace(resolver, std::move(data));
  }
  return read;
}

std::string write_store(const StoredResolvers& resolvers) {
  Ordered document = Ordered::object();
  for (const auto& [name, data] : resolvers) {
    Ordered& resolver = document[name];
    resolver["Account"] = nullptr;
    if (data.account) {
      Ordered& account = resolver["Account"];
      account["Email"] = data.account->email;
      account["Registration"] =
          data.account->registration.empty() ? Ordered(nullptr) : Ordered::parse(data.account->registration);
      account["PrivateKey"] = base64_encode(data.account->key_der);
      if (!data.account->key_type.empty()) account["KeyType"] = data.account->key_type;
    }
    resolver["Certificates"] = nullptr;
    for (const StoredCertificate& one : data.certificates) {
      Ordered certificate;
      certificate["domain"]["main"] = one.main;
      if (!one.sans.empty()) certificate["domain"]["sans"] = one.sans;
      certificate["certificate"] = base64_encode(one.certificate);
      certificate["key"] = base64_encode(one.key);
      certificate["Store"] = one.store;
      resolver["Certificates"].push_back(std::move(certificate));
    }
  }
  return as_go_writes(document.dump(2, ' ', false, Ordered::error_handler_t::replace));
}

std::string registration_uri(const StoredAccount& account) {
  const nlohmann::json registration = nlohmann::json::parse(account.registration, nullptr, false);
  return text_of(registration, "uri");
}

std::string make_registration(const std::string& body, const std::string& uri) {
  Ordered registration;
  Ordered said = Ordered::parse(body, nullptr, false);
  registration["body"] = said.is_object() ? std::move(said) : Ordered::object();
  // What a file shows to its readers, not what only the CA's answer needs.
  registration["body"].erase("key");
  registration["uri"] = uri;
  return registration.dump(-1, ' ', false, Ordered::error_handler_t::replace);
}

}  // namespace sluice::acme
