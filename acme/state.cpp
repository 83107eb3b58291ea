#include "acme/state.h"

#include <nlohmann/json.hpp>
#include <system_error>

#include "acme/json_value.h"
#include "acme/safe_file.h"
#include "async/offload.h"
#include "base/encoding.h"

namespace sluice::acme {
namespace {

using Json = nlohmann::json;

Json times(const std::vector<std::int64_t>& list) { return Json(list); }

std::vector<std::int64_t> times_of(const Json& list) {
  std::vector<std::int64_t> read;
  if (!list.is_array()) return read;
  for (const Json& one : list) {
    if (one.is_number_integer()) read.push_back(one.get<std::int64_t>());
  }
  return read;
}

Json written_account(const StoredAccount& account) {
  return {{"email", account.email},
          {"registration", account.registration},
          {"key", base64_encode(account.key_der)},
          {"keyType", account.key_type}};
}

StoredAccount account_of(const Json& json) {
  StoredAccount account;
  account.email = text_of(json, "email");
  account.registration = text_of(json, "registration");
  account.key_type = text_of(json, "keyType");
  if (Result<std::string> key = base64_decode(text_of(json, "key"))) account.key_der = *std::move(key);
  return account;
}

Json written_entry(const LedgerEntry& entry) {
  return {{"firstFailure", entry.first_failure}, {"lastAttempt", entry.last_attempt},
          {"nextAttempt", entry.next_attempt},   {"failures", entry.failures},
          {"refusals", times(entry.refusals)},   {"problem", entry.problem},
          {"document", entry.document},          {"permanent", entry.permanent}};
}

LedgerEntry entry_of(const Json& json) {
  LedgerEntry entry;
  entry.first_failure = number_of(json, "firstFailure");
  entry.last_attempt = number_of(json, "lastAttempt");
  entry.next_attempt = number_of(json, "nextAttempt");
  entry.failures = number_of(json, "failures");
  entry.refusals = times_of(member_of(json, "refusals"));
  entry.problem = text_of(json, "problem");
  entry.document = text_of(json, "document");
  entry.permanent = flag_of(json, "permanent");
  return entry;
}

Json written_certificate(const ResolverState::Certificate& one) {
  const Suggestion& suggestion = one.suggestion;
  return {{"directory", one.directory},
          {"unusedSince", one.unused_since},
          {"revoked", one.revoked},
          {"windowStart", suggestion.window.start},
          {"windowEnd", suggestion.window.end},
          {"explanation", suggestion.window.explanation_url},
          {"chosen", suggestion.chosen},
          {"askNext", suggestion.ask_next}};
}

ResolverState::Certificate certificate_of(const Json& json) {
  ResolverState::Certificate one;
  one.directory = text_of(json, "directory");
  one.unused_since = number_of(json, "unusedSince");
  one.revoked = flag_of(json, "revoked");
  one.suggestion.window = {number_of(json, "windowStart"), number_of(json, "windowEnd"), text_of(json, "explanation")};
  one.suggestion.chosen = number_of(json, "chosen");
  one.suggestion.ask_next = number_of(json, "askNext");
  return one;
}

}  // namespace

std::string write_state(const ResolverState& state) {
  Json json;
  json["version"] = 1;
  json["inputs"] = state.inputs;
  json["accountDirectory"] = state.account_directory;
  for (const auto& [directory, account] : state.accounts) json["accounts"][directory] = written_account(account);
  for (const auto& [key, entry] : state.ledger) json["ledger"][key] = written_entry(entry);
  for (const auto& [key, order] : state.orders) {
    json["orders"][key] = {{"directory", order.directory}, {"url", order.url}, {"key", order.key_pem}};
  }
  for (const auto& [key, list] : state.issued) json["issued"][key] = times(list);
  for (const auto& [serial, one] : state.certificates) json["certificates"][serial] = written_certificate(one);
  for (const auto& [directory, list] : state.spent) json["spent"][directory] = times(list);
  for (const auto& [directory, der] : state.next_keys) json["nextKeys"][directory] = base64_encode(der);
  for (const auto& [directory, until] : state.paused) json["paused"][directory] = until;
  for (const OpenRecord& one : state.records) {
    json["records"].push_back({{"name", one.name}, {"token", one.token}, {"proof", one.key_authorization}});
  }
  for (const std::string& name : state.demanded) json["demanded"].push_back(name);
  for (const std::string& key : state.held) json["held"].push_back(key);
  for (const ResolverState::Archived& one : state.archived) {
    json["archived"].push_back({{"since", one.since},
                                {"main", one.certificate.main},
                                {"sans", one.certificate.sans},
                                {"certificate", one.certificate.certificate},
                                {"key", one.certificate.key}});
  }
  return json.dump(1, ' ', false, Json::error_handler_t::replace);
}

ResolverState read_state(std::string_view text) {
  ResolverState state;
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return state;
  state.inputs = text_of(json, "inputs");
  state.account_directory = text_of(json, "accountDirectory");
  for (const auto& [directory, one] : object_of(json, "accounts").items()) state.accounts[directory] = account_of(one);
  for (const auto& [key, one] : object_of(json, "ledger").items()) state.ledger[key] = entry_of(one);
  for (const auto& [key, one] : object_of(json, "orders").items()) {
    state.orders[key] = {text_of(one, "directory"), text_of(one, "url"), text_of(one, "key")};
  }
  for (const auto& [key, list] : object_of(json, "issued").items()) state.issued[key] = times_of(list);
  for (const auto& [serial, one] : object_of(json, "certificates").items()) {
    state.certificates[serial] = certificate_of(one);
  }
  for (const auto& [directory, list] : object_of(json, "spent").items()) state.spent[directory] = times_of(list);
  for (const auto& [directory, key] : object_of(json, "nextKeys").items()) {
    if (!key.is_string()) continue;
    Result<std::string> der = base64_decode(key.get<std::string>());
    if (der) state.next_keys[directory] = *std::move(der);
  }
  for (const auto& [directory, until] : object_of(json, "paused").items()) {
    if (until.is_number_integer()) state.paused[directory] = until.get<std::int64_t>();
  }
  for (const Json& one : list_of(json, "records")) {
    state.records.push_back({text_of(one, "name"), text_of(one, "token"), text_of(one, "proof")});
  }
  for (const std::string& name : texts_of(json, "demanded")) state.demanded.insert(name);
  for (const std::string& key : texts_of(json, "held")) state.held.insert(key);
  for (const Json& one : list_of(json, "archived")) {
    ResolverState::Archived archived;
    archived.since = number_of(one, "since");
    archived.certificate.main = text_of(one, "main");
    archived.certificate.sans = texts_of(one, "sans");
    archived.certificate.certificate = text_of(one, "certificate");
    archived.certificate.key = text_of(one, "key");
    state.archived.push_back(std::move(archived));
  }
  return state;
}

Task<ResolverState> StateFile::load() {
  auto reading = offload([this] { return read_file(path_); });
  Result<std::string> text = co_await reading;
  if (!text) co_return ResolverState();
  text_ = *std::move(text);
  co_return read_state(text_);
}

Task<Step> StateFile::save(ResolverState state) {
  latest_ = std::move(state);
  Status entered = co_await one_at_a_time_.enter();
  if (!entered) co_return Failure::of(entered.error(), {});
  // Whoever came later may have gone first: an older state never replaces a newer one.
  const ResolverState newest = latest_;
  std::string text;
  bool same = false;
  auto writing = offload([&] {
    text = write_state(newest);
    same = text == text_;
    return same ? Status() : replace_file(path_, text, path_ + ".backup");
  });
  Status written = co_await writing;
  if (written) text_ = std::move(text);
  one_at_a_time_.leave();
  if (written) co_return Done{};
  co_return Failure::local(path_ + " cannot be written: " + std::generic_category().message(written.error().sys));
}

}  // namespace sluice::acme
