// issuance.h: one order, from its names to a chain that was checked (RFC 8555 §7.4).
//
// Control loop; it lives as long as its `run`. Everything that can be done side by side is. Whatever happened to an
// answer, the order's own URL tells where it stands: nothing is ordered twice because a reply was lost, and an order
// that was open when the process ended is gone on with.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "acme/account.h"
#include "acme/ca_client.h"
#include "acme/failure.h"
#include "acme/gate.h"
#include "acme/key.h"
#include "acme/objects.h"

namespace sluice::acme {

// The challenge that a record proves which stays: nothing is prepared for it.
inline constexpr std::string_view kPersistent = "dns-persist-01";

// Makes challenges answerable: over HTTP and TLS by the workers, over DNS by a provider.
class Challenger {
 public:
  virtual ~Challenger() = default;
  // Done: whoever the CA sends will find the answer. Called once per authorization and type.
  virtual Task<Step> arm(std::string type, std::string name, std::string token, std::string key_authorization) = 0;
  // After every arm that was done, when the authorization has ended; over DNS after one that failed too, and perhaps
  // once more after a restart. Done: nothing of it is left.
  virtual Task<Step> disarm(std::string type, std::string name, std::string token, std::string key_authorization) = 0;
  // dns-persist-01, where the CA offers it: done when a record of the name lets the account at one of these `issuers`
  // have certificates for it, and with `wildcard` for those below it. A failure says which record is missing.
  virtual Task<Step> find_record(std::string name, std::vector<std::string> issuers, std::string account_url,
                                 bool wildcard) = 0;
};

// What is in the DNS for a challenge, until it is withdrawn.
struct OpenRecord {
  std::string name;
  std::string token;
  std::string key_authorization;

  friend bool operator==(const OpenRecord&, const OpenRecord&) = default;
};

struct OpenOrder {
  std::string url;
  std::string key_pem;
};

// Where an order is written down before anything is asked of it.
class OrderNotes {
 public:
  virtual ~OrderNotes() = default;
  // Done: it is on disk. Once per order that was made.
  virtual Task<Step> note(OpenOrder order) = 0;
};

// Where what is put into the DNS is written down, for whoever has to withdraw it when the order cannot.
class RecordNotes {
 public:
  virtual ~RecordNotes() = default;
  // Before a record is published. Done: it is on disk.
  virtual Task<Step> note(OpenRecord record) = 0;
  // Once it is gone.
  virtual Task<void> forget(OpenRecord record) = 0;
  // It could not be withdrawn, and whoever published it tries no more.
  virtual void leave(OpenRecord record) = 0;
};

struct IssuanceForm {
  std::vector<std::string> names;  // canonical, the main one first
  std::vector<std::string> types;  // of challenges, best first
  KeyType key_type = KeyType::ec256;
  std::optional<PrivateKey> key;  // to use again if it is of that type
  std::string profile;            // empty: the CA's choice
  bool profile_mandatory = true;  // else without one, when the CA does not offer it
  std::string preferred_chain;
  std::string replaces;  // RFC 9773 §5; empty: nothing
  bool common_name = true;
  std::vector<std::string> emails;
  Duration authorization_timeout = 5min;
  Duration certificate_timeout = 30s;
};

struct Issued {
  std::string chain;  // PEM, the certificate first
  std::string key;    // PEM
  std::vector<std::string> warnings;
};

class Issuance {
 public:
  // All but the form must outlive it.
  Issuance(CaClient& ca, Account account, Challenger& challenger, OrderNotes& notes, RecordNotes& records,
           IssuanceForm form);

  // Once. `open`: an order of an earlier attempt.
  Task<Outcome<Issued>> run(std::optional<OpenOrder> open);

  // The order's URL, as soon as there is one.
  const std::string& order_url() const { return order_url_; }
  // Whether the order can still become a certificate, so that it is worth going on with.
  bool resumable() const { return resumable_; }

 private:
  Task<Outcome<Order>> begin();
  Task<Outcome<Order>> resume(OpenOrder open);
  Task<Outcome<Order>> fetch_order();
  Task<Step> prove(Order order);
  Task<void> authorize(std::string url, std::optional<Failure>& failure);
  Task<Step> authorize_one(std::string url);
  Task<Step> challenge(std::string url, Authorization authorization);
  Task<Step> arm(std::string type, OpenRecord record);
  Task<void> disarm(std::string type, OpenRecord record);
  Task<const Challenge*> choose(const Authorization& authorization, std::string& missing);
  Task<Outcome<Authorization>> fetch_authorization(std::string url, Duration* retry_after);
  Task<void> give_up(std::vector<std::string> urls);
  Task<Outcome<Order>> wait_until_ready();
  Task<Outcome<Order>> finalize(Order order);
  Task<Outcome<Issued>> download(std::string url);
  bool is_ours(const Order& order) const;
  Step settle_profile(const Directory& directory);

  CaClient& ca_;
  Account account_;
  Challenger& challenger_;
  OrderNotes& notes_;
  RecordNotes& records_;
  IssuanceForm form_;
  std::optional<PrivateKey> key_;
  std::string order_url_;
  bool resumable_ = false;
  std::vector<std::string> warnings_;
  Gate gate_{32};
  std::vector<std::string> pending_;  // authorizations that were still open when something failed
};

// How long to wait between two looks: from 100 ms, growing to 5 s; what the CA asks for is the least, within reason.
class Pace {
 public:
  Duration next(Duration retry_after);

 private:
  Duration step_ = 100ms;
};

}  // namespace sluice::acme
