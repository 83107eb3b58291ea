#include "acme/issuance.h"

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>

#include "acme/certificate.h"
#include "acme/jws.h"
#include "async/offload.h"
#include "async/timer.h"
#include "base/encoding.h"
#include "base/text.h"
#include "observe/log.h"

namespace sluice::acme {
namespace {

constexpr std::string_view kOverDns = "dns-01";
constexpr int kFinalizeAttempts = 3;
constexpr int kChallengeAttempts = 3;
constexpr Duration kChallengeRepeat = 5s;

Failure broken_answer(std::string what, std::string url) {
  Failure failure;
  failure.kind = Failure::Kind::unreachable;
  failure.detail = std::move(what);
  failure.url = std::move(url);
  return failure;
}

bool is_not_found(const Failure& failure) {
  return failure.status == 404 || failure.type == "malformed" || failure.type == "unauthorized";
}

}  // namespace

Duration Pace::next(Duration retry_after) {
  const Duration wanted = retry_after == Duration::zero() ? retry_after : std::clamp<Duration>(retry_after, 1s, 5min);
  const Duration now = std::max(step_, wanted);
  step_ = std::min<Duration>(step_ * 3 / 2, 5s);
  return now;
}

Issuance::Issuance(CaClient& ca, Account account, Challenger& challenger, OrderNotes& notes, RecordNotes& records,
                   IssuanceForm form)
    : ca_(ca),
      account_(std::move(account)),
      challenger_(challenger),
      notes_(notes),
      records_(records),
      form_(std::move(form)) {}

Task<Outcome<Issued>> Issuance::run(std::optional<OpenOrder> open) {
  Order order;
  if (open) {
    Outcome<Order> resumed = co_await resume(*std::move(open));
    if (resumed) {
      order = *std::move(resumed);
    } else if (!is_not_found(resumed.failure())) {
      co_return resumed.failure();
    } else {
      order_url_.clear();
    }
  }
  if (order_url_.empty()) {
    Outcome<Order> begun = co_await begin();
    if (!begun) co_return begun.failure();
    order = *std::move(begun);
  }
  if (order.status == "pending") {
    Step proved = co_await prove(order);
    if (!proved) {
      Failure failure = proved.failure();
      // The process ends: the order stays as it is, and so does what is left of it.
      if (failure.kind != Failure::Kind::cancelled) co_await give_up(std::move(pending_));
      if (failure.kind == Failure::Kind::refused || failure.kind == Failure::Kind::permanent) resumable_ = false;
      co_return failure;
    }
    Outcome<Order> ready = co_await wait_until_ready();
    if (!ready) co_return ready.failure();
    order = *std::move(ready);
  }
  if (order.status != "valid") {
    Outcome<Order> valid = co_await finalize(std::move(order));
    if (!valid) co_return valid.failure();
    order = *std::move(valid);
  }
  if (order.certificate.empty()) co_return broken_answer("the order is valid and names no certificate", order_url_);
  Outcome<Issued> issued = co_await download(order.certificate);
  if (issued) resumable_ = false;
  co_return issued;
}

Task<Outcome<Order>> Issuance::begin() {
  Outcome<const Directory*> known = co_await ca_.directory();
  if (!known) co_return known.failure();
  const Directory directory = **known;
  Step settled = settle_profile(directory);
  if (!settled) co_return settled.failure();
  const KeyType type = form_.key_type;
  // The CAs refuse the account's own (RFC 8555 §11.1).
  if (form_.key && form_.key->type() == type && !form_.key->same_public(account_.key)) {
    key_ = form_.key;
  } else {
    auto making = offload([type] { return PrivateKey::generate(type); });
    PrivateKey key = co_await making;
    key_ = std::move(key);
  }

  std::string replaces = directory.renewal_info.empty() ? std::string() : form_.replaces;
  for (;;) {
    std::string body = new_order_body(form_.names, form_.profile, replaces);
    Outcome<CaReply> reply = co_await ca_.post(account_.key, account_.url, directory.new_order, std::move(body));
    if (!reply) {
      // Whatever a CA has against what is replaced, it must not keep the certificate from being renewed.
      const bool about_replaces = !replaces.empty() && reply.failure().status >= 400 && reply.failure().status < 500 &&
                                  reply.failure().kind != Failure::Kind::limited;
      if (!about_replaces) co_return reply.failure();
      replaces.clear();
      continue;
    }
    std::optional<Order> order = read_order(reply->body);
    if (!order || reply->location.empty()) co_return broken_answer("the answer is no order", directory.new_order);
    if (!is_ours(*order)) co_return broken_answer("the CA made an order for other names", reply->location);
    order_url_ = reply->location;
    resumable_ = true;
    log::debug("order made", {{"order", order_url_}, {"status", order->status}});
    OpenOrder open{order_url_, key_->pem()};
    Step noted = co_await notes_.note(std::move(open));
    if (!noted) co_return noted.failure();
    co_return *std::move(order);
  }
}

// A profile that the CA does not have would be refused, or worse: passed over.
Step Issuance::settle_profile(const Directory& directory) {
  if (form_.profile.empty() || directory.profiles.contains(form_.profile)) return Done{};
  std::string missing = "the CA has no profile " + form_.profile + "; it has:";
  for (const auto& [name, about] : directory.profiles) missing += ' ' + printable(name, 100);
  if (directory.profiles.empty()) missing += " none";
  if (form_.profile_mandatory) {
    Failure failure =
        broken_answer(missing + "; set profile to one of them, or profileMandatory to false", ca_.directory_url());
    failure.kind = Failure::Kind::permanent;
    return failure;
  }
  warnings_.push_back(missing + "; it was ordered without one");
  form_.profile.clear();
  return Done{};
}

Task<Outcome<Order>> Issuance::resume(OpenOrder open) {
  key_ = PrivateKey::from_pem(open.key_pem);
  if (!key_) {
    Failure failure = Failure::local("the key of the open order cannot be read");
    failure.status = 404;
    co_return failure;
  }
  order_url_ = open.url;
  Outcome<Order> order = co_await fetch_order();
  if (!order) co_return order;
  if (order->status == "invalid" || !is_ours(*order)) {
    Failure failure = Failure::local("the open order has ended");
    failure.status = 404;
    co_return failure;
  }
  log::info("going on with an order of before", {{"order", order_url_}, {"status", order->status}});
  resumable_ = true;
  co_return order;
}

// Names come back in any order, once each, in lower case.
bool Issuance::is_ours(const Order& order) const {
  std::vector<Identifier> wanted;
  for (const std::string& name : form_.names) wanted.push_back(identifier_of(name));
  std::vector<Identifier> given = order.identifiers;
  for (std::vector<Identifier>* list : {&wanted, &given}) {
    std::sort(list->begin(), list->end());
    list->erase(std::unique(list->begin(), list->end()), list->end());
  }
  return wanted == given;
}

Task<Outcome<Order>> Issuance::fetch_order() {
  Outcome<CaReply> reply = co_await ca_.post(account_.key, account_.url, order_url_, std::string());
  if (!reply) co_return reply.failure();
  std::optional<Order> order = read_order(reply->body);
  if (!order) co_return broken_answer("the answer is no order", order_url_);
  co_return *std::move(order);
}

Task<Step> Issuance::prove(Order order) {
  Scope* current = co_await current_scope();
  Scope side_by_side(current);
  std::vector<std::optional<Failure>> failures(order.authorizations.size());
  for (std::size_t i = 0; i < order.authorizations.size(); ++i) {
    side_by_side.spawn(authorize(order.authorizations[i], failures[i]));
  }
  co_await side_by_side.join();
  std::optional<Failure> first;
  for (std::size_t i = 0; i < failures.size(); ++i) {
    if (!failures[i]) continue;
    pending_.push_back(order.authorizations[i]);
    if (!first || first->kind == Failure::Kind::cancelled) {
      first = std::move(failures[i]);
    } else {
      first->names.insert(first->names.end(), failures[i]->names.begin(), failures[i]->names.end());
      first->detail += "; " + failures[i]->text();
    }
  }
  if (first) co_return *std::move(first);
  co_return Done{};
}

Task<void> Issuance::authorize(std::string url, std::optional<Failure>& failure) {
  Status entered = co_await gate_.enter();
  if (!entered) {
    failure = Failure::of(entered.error(), url);
    co_return;
  }
  Step done = co_await authorize_one(std::move(url));
  gate_.leave();
  if (!done) failure = std::move(done.failure());
}

Task<Outcome<Authorization>> Issuance::fetch_authorization(std::string url, Duration* retry_after) {
  Outcome<CaReply> reply = co_await ca_.post(account_.key, account_.url, url, std::string());
  if (!reply) co_return reply.failure();
  std::optional<Authorization> read = read_authorization(reply->body);
  if (!read) co_return broken_answer("the answer is no authorization", std::move(url));
  if (retry_after != nullptr) *retry_after = reply->retry_after;
  co_return *std::move(read);
}

Task<Step> Issuance::authorize_one(std::string url) {
  Outcome<Authorization> authorization = co_await fetch_authorization(url, nullptr);
  if (!authorization) co_return authorization.failure();
  if (authorization->status == "valid") co_return Done{};
  const std::string name = authorization->name();
  if (authorization->status != "pending") {
    Failure failure = authorization->error().value_or(Failure());
    failure.kind = Failure::Kind::refused;
    if (failure.detail.empty()) failure.detail = "the authorization is " + authorization->status;
    failure.detail = name + ": " + failure.detail;
    failure.names = {name};
    failure.url = url;
    co_return failure;
  }
  Step done = co_await challenge(url, *std::move(authorization));
  if (!done && done.failure().kind != Failure::Kind::cancelled) {
    done.failure().names = {name};
    done.failure().detail = name + ": " + done.failure().detail;
  }
  co_return done;
}

// The best of what is offered and configured; null: there is none. `missing`: the record that would make another one
// possible.
Task<const Challenge*> Issuance::choose(const Authorization& authorization, std::string& missing) {
  for (const std::string& type : form_.types) {
    const Challenge* offered = authorization.challenge(type);
    if (offered == nullptr) continue;
    if (type != kPersistent) {
      if (!offered->token.empty()) co_return offered;
      continue;
    }
    if (offered->issuers.empty()) continue;
    Step found = co_await challenger_.find_record(authorization.identifier.value, offered->issuers, account_.url,
                                                  authorization.wildcard);
    if (found) co_return offered;
    missing = "; " + found.failure().detail;
  }
  co_return nullptr;
}

Task<Step> Issuance::arm(std::string type, OpenRecord record) {
  if (type == kOverDns) {
    Step noted = co_await records_.note(record);
    if (!noted) co_return noted;
  }
  Step armed = co_await challenger_.arm(type, record.name, record.token, record.key_authorization);
  if (!armed && type == kOverDns) co_await disarm(type, record);
  co_return armed;
}

Task<void> Issuance::disarm(std::string type, OpenRecord record) {
  Step gone = co_await challenger_.disarm(type, record.name, record.token, record.key_authorization);
  if (type != kOverDns) co_return;
  if (gone) {
    co_await records_.forget(std::move(record));
  } else {
    records_.leave(std::move(record));
  }
}

Task<Step> Issuance::challenge(std::string url, Authorization authorization) {
  std::string missing;
  const Challenge* chosen = co_await choose(authorization, missing);
  if (chosen == nullptr) {
    Failure failure = broken_answer("the CA offers none of the challenges that are configured; it offers:", url);
    failure.kind = Failure::Kind::permanent;
    for (const Challenge& one : authorization.challenges) failure.detail += ' ' + one.type;
    failure.detail += missing;
    co_return failure;
  }
  const std::string type = chosen->type;
  const OpenRecord record{authorization.identifier.value, chosen->token,
                          key_authorization(chosen->token, account_.key)};
  const bool arms = type != kPersistent;
  if (arms) {
    Step armed = co_await arm(type, record);
    if (!armed) co_return armed;
  }

  std::optional<Failure> failure;
  const Deadline deadline = Loop::current().read_clock() + form_.authorization_timeout;
  Pace pace;
  int posted = 0;
  Time last_posted = Loop::current().read_clock();
  const std::string challenge_url = chosen->url;
  Outcome<CaReply> told = co_await ca_.post(account_.key, account_.url, challenge_url, "{}");
  ++posted;
  // A reply that was lost is no reason to stop: the authorization says how it went.
  if (!told && told.failure().kind != Failure::Kind::unreachable) failure = told.failure();
  Duration retry_after{0};
  while (!failure) {
    Status slept = co_await sleep_for(pace.next(retry_after));
    if (!slept) {
      failure = Failure::of(slept.error(), url);
      break;
    }
    Outcome<Authorization> now = co_await fetch_authorization(url, &retry_after);
    if (!now) {
      if (now.failure().kind != Failure::Kind::unreachable || Loop::current().read_clock() > deadline) {
        failure = now.failure();
      }
      continue;
    }
    if (now->status == "valid") break;
    std::optional<Failure> said = now->error();
    if (now->status != "pending") {
      failure = said.value_or(Failure());
      failure->kind = Failure::Kind::refused;
      if (failure->detail.empty()) failure->detail = "the authorization is " + now->status;
      failure->url = url;
    } else if (Loop::current().read_clock() > deadline) {
      failure = said.value_or(broken_answer("the CA did not look at the challenge in time", url));
      failure->kind = Failure::Kind::refused;
    } else if (said && posted < kChallengeAttempts && Loop::current().read_clock() - last_posted > kChallengeRepeat) {
      // RFC 8555 §8.2: it failed to reach us, and tries again when told so.
      Outcome<CaReply> again = co_await ca_.post(account_.key, account_.url, challenge_url, "{}");
      (void)again;
      ++posted;
      last_posted = Loop::current().read_clock();
    }
  }
  if (arms) co_await disarm(type, record);
  if (failure) co_return *std::move(failure);
  co_return Done{};
}

// So that they do not count against the CA's limit of pending ones.
Task<void> Issuance::give_up(std::vector<std::string> urls) {
  for (const std::string& url : urls) {
    Outcome<Authorization> now = co_await fetch_authorization(url, nullptr);
    if (!now || now->status != "pending") continue;
    Outcome<CaReply> closed =
        co_await ca_.post(account_.key, account_.url, url, R"({"status":"deactivated"})", CaClient::Repeat::never);
    (void)closed;
  }
}

Task<Outcome<Order>> Issuance::wait_until_ready() {
  const Deadline deadline = Loop::current().read_clock() + form_.authorization_timeout;
  Pace pace;
  for (;;) {
    Outcome<Order> order = co_await fetch_order();
    if (!order) co_return order;
    if (order->status == "invalid") {
      resumable_ = false;
      Failure failure = order->error.value_or(broken_answer("the order is invalid", order_url_));
      failure.kind = failure.kind == Failure::Kind::permanent ? failure.kind : Failure::Kind::refused;
      failure.url = order_url_;
      co_return failure;
    }
    if (order->status != "pending") co_return order;
    if (Loop::current().read_clock() > deadline) co_return broken_answer("the order does not become ready", order_url_);
    Status slept = co_await sleep_for(pace.next(Duration::zero()));
    if (!slept) co_return Failure::of(slept.error(), order_url_);
  }
}

Task<Outcome<Order>> Issuance::finalize(Order order) {
  RequestForm request;
  request.names = form_.names;
  request.common_name = form_.common_name;
  request.emails = form_.emails;
  auto making = offload([&] { return make_request(*key_, request); });
  const std::string der = co_await making;
  nlohmann::ordered_json body;
  body["csr"] = base64_encode(der, Base64::url);

  const Deadline deadline = Loop::current().read_clock() + form_.certificate_timeout;
  Pace pace;
  Duration retry_after{0};
  int attempts = 0;
  while (order.status != "valid") {
    if (order.status == "ready") {
      // The answer may get lost after the CA has issued. So it is sent once, and then the order is asked.
      Outcome<CaReply> reply =
          co_await ca_.post(account_.key, account_.url, order.finalize, body.dump(), CaClient::Repeat::never);
      if (!reply) {
        const Failure& failure = reply.failure();
        if (failure.kind == Failure::Kind::cancelled) co_return failure;
        const bool asked_again =
            failure.kind == Failure::Kind::unreachable || failure.type == "orderNotReady" || failure.status == 503;
        if (!asked_again || ++attempts == kFinalizeAttempts) {
          resumable_ = failure.kind != Failure::Kind::refused && failure.kind != Failure::Kind::permanent;
          co_return failure;
        }
        retry_after = failure.retry_after;
      } else {
        retry_after = reply->retry_after;
        std::optional<Order> said = read_order(reply->body);
        if (said && said->status == "valid" && !said->certificate.empty()) co_return *std::move(said);
      }
    }
    Status slept = co_await sleep_for(pace.next(retry_after));
    if (!slept) co_return Failure::of(slept.error(), order_url_);
    Outcome<Order> now = co_await fetch_order();
    retry_after = Duration::zero();
    if (!now && now.failure().kind != Failure::Kind::unreachable) co_return now;
    if (now) order = *std::move(now);
    if (order.status == "invalid") {
      resumable_ = false;
      Failure failure = order.error.value_or(broken_answer("the order is invalid", order_url_));
      failure.url = order_url_;
      co_return failure;
    }
    if (order.status != "valid" && Loop::current().read_clock() > deadline) {
      co_return broken_answer("the CA is still at work on the order; it is gone on with later", order_url_);
    }
  }
  co_return order;
}

Task<Outcome<Issued>> Issuance::download(std::string url) {
  Outcome<CaReply> reply = co_await ca_.post(account_.key, account_.url, url, std::string(), CaClient::Repeat::harmless,
                                             CaClient::kMostChain);
  if (!reply) co_return reply.failure();
  Issued issued;
  issued.key = key_->pem();
  issued.warnings = warnings_;
  auto checking = offload([&] {
    issued.chain = clean_chain(reply->body);
    return check_chain(issued.chain, *key_, form_.names, std::time(nullptr));
  });
  const std::string wrong = co_await checking;
  if (!wrong.empty()) {
    resumable_ = false;
    co_return broken_answer("the CA's certificate cannot be used: " + wrong, std::move(url));
  }
  if (form_.preferred_chain.empty()) co_return issued;
  ChainMatch best = match_chain(issued.chain, form_.preferred_chain);
  for (const std::string& other : reply->alternates) {
    if (best == ChainMatch::last_issuer) break;
    Outcome<CaReply> alternate = co_await ca_.post(account_.key, account_.url, other, std::string(),
                                                   CaClient::Repeat::harmless, CaClient::kMostChain);
    if (!alternate) continue;
    std::string chain = clean_chain(alternate->body);
    const ChainMatch match = match_chain(chain, form_.preferred_chain);
    if (match <= best || !check_chain(chain, *key_, form_.names, std::time(nullptr)).empty()) continue;
    issued.chain = std::move(chain);
    best = match;
  }
  if (best == ChainMatch::none) {
    issued.warnings.push_back("no chain of the CA leads to " + form_.preferred_chain + "; its default one is used");
  }
  co_return issued;
}

}  // namespace sluice::acme
