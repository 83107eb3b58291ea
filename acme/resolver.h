// resolver.h: one certificate resolver at work: it knows what is wanted and what is stored, and sees to the difference.
//
// Control loop only; it outlives its tasks. One job per certificate, and no name in two jobs at once. Every change of
// what is stored is on disk before anybody is told of it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "acme/account.h"
#include "acme/ca_client.h"
#include "acme/certificate.h"
#include "acme/hooks.h"
#include "acme/issuance.h"
#include "acme/ledger.h"
#include "acme/left_records.h"
#include "acme/on_demand.h"
#include "acme/plan.h"
#include "acme/resolver_metrics.h"
#include "acme/self_check.h"
#include "acme/settings.h"
#include "acme/state.h"
#include "acme/storage.h"
#include "async/signal.h"
#include "config/tree.h"
#include "control/certificate_wants.h"

namespace sluice::acme {

// Who is told that the stored certificates are others now.
class StoreFollower {
 public:
  // Control loop; as often as something changed.
  virtual void certificates_changed() = 0;

 protected:
  ~StoreFollower() = default;
};

class Resolver {
 public:
  // `storage` may be shared with other resolvers. All but the settings must outlive it. `challenger` null: it cannot
  // obtain anything, and `trouble` says why.
  Resolver(ResolverSettings settings, Storage& storage, rest::Client& http, std::unique_ptr<Challenger> challenger,
           SelfCheck& self_check, StoreFollower& follower, observe::Metrics& metrics, std::string state_path,
           std::string trouble);

  const std::string& name() const { return settings_.name; }

  // Reads what is stored. Before `run`.
  Task<void> load();
  // Somebody else has changed the storage.
  Task<void> reload();
  const Storage& storage() const { return storage_; }
  // Until the scope is cancelled.
  Task<void> run();

  // What routers want now, of all resolvers.
  void want(const control::CertificateWants& wants);
  // Tries the certificates of this name at once. False: there is none.
  bool renew_now(std::string_view name);
  // The same, of those among them that have failed; empty: of all that are not paused. False: none has.
  bool retry_now(std::string_view name);
  // Whether a certificate of this resolver is wanted for it.
  bool plans(std::string_view name);

  // resolver_demand.cpp. Whether the certificate of a name that a client asks for is being obtained, or is there.
  Task<bool> demanded(std::string name, IpAddress client);
  // Names that have a certificate because a client asked for it.
  std::vector<std::string> served_on_demand() const;

  // Why CAA records keep the first CA from certifying one of these names; empty: they do not.
  Task<std::string> caa_obstacles(std::vector<std::string> names);

  // resolver_commands.cpp. They answer what is wrong; empty: done.
  bool serves(std::string_view name) const;
  Task<std::string> revoke_certificate(std::string name, int reason);
  // Nothing is ordered for this name (empty: for any) until that is taken back.
  Task<std::string> hold(std::string name, bool held);
  // resolver_accounts.cpp. Likewise.
  Task<std::string> roll_account_key();
  Task<std::string> close_its_account();
  // resolver_dry_run.cpp. Obtains the certificate of this name at the CA with this directory (empty: where the
  // configured one lets try), and throws it away. Nothing counts against the name here.
  Task<config::Node> dry_run(std::string name, std::string directory);

  const ResolverData& data() const { return data_; }
  // A map for every certificate, added to `list`.
  void describe(config::Node& list) const;
  config::Report problems() const;

  // Changes wait so long for further ones: a stack that comes up is one change.
  static constexpr Duration kSettle = 500ms;

 private:
  struct Ca {
    std::unique_ptr<CaClient> client;
    AccountForm form;
    std::optional<Account> account;
    Gate account_gate{1};
    Budget budget;
  };
  struct Job final : OrderNotes {
    Job(Resolver& resolver, std::string key, Planned planned)
        : resolver(resolver), key(std::move(key)), planned(std::move(planned)) {}
    Task<Step> note(OpenOrder order) override;

    Resolver& resolver;
    std::string key;
    Planned planned;
    std::optional<Leaf> old;  // what it renews; none: there is nothing, or not all of it
    std::size_t ca = 0;
    std::string doing = "checking";
    std::string order_url;
  };
  struct Due {
    std::int64_t at = 0;
    std::string reason;
  };

  // resolver.cpp: what there is, what is due, and when to look again.
  Task<void> mend_storage();
  void adopt(ResolverData data);
  void make_plan_now();
  // Starts what is due; when to come back.
  std::int64_t start_due_jobs(Scope& jobs);
  Due due_of(const Planned& planned, const std::string& key) const;
  bool is_foreign(const Leaf& leaf) const;
  bool is_revoked(const Leaf& leaf) const;
  bool is_held(const std::vector<std::string>& names) const;
  // Whether it has the kind of key that is planned.
  bool is_kind(const Leaf& leaf, bool second) const;
  static bool is_for(const Planned& planned, std::string_view name);
  Task<void> read_again();
  Task<void> look_for_unused();
  Task<void> archive_unused();
  bool note_unused(std::int64_t now);
  void warn_of_ends();
  void show_metrics();
  config::Node event_of(std::string_view event, const std::string& key, const std::vector<std::string>& names) const;
  const LedgerEntry* entry_of(const std::string& key) const;
  Task<Step> save_state();

  // resolver_suggestions.cpp
  Task<void> ask_suggestions();
  // False: the CA cannot be asked now.
  Task<bool> ask_suggestion(Leaf leaf);
  // resolver_dry_run.cpp
  Task<std::string> try_elsewhere(Planned planned, std::string directory, config::Node& answer);
  // resolver_demand.cpp
  std::vector<Wish> all_wishes() const;
  static bool is_on_demand(const Planned& planned);
  Task<Step> still_allowed(const Job& job);
  void forget_demand(const Planned& planned);

  // resolver_jobs.cpp: one certificate, from the decision to the disk.
  Task<void> run_job(std::shared_ptr<Job> job);
  Task<void> give_up_for_now(Job& job, const Failure& failure);
  Task<void> obtain_rest(const Job& job, const std::vector<std::string>& failed);
  Task<Step> obtain(Job& job);
  Task<Step> attempt(Job& job, Ca& ca);
  Task<Step> keep(Job& job, Issued issued);
  Task<Step> store(const Leaf& leaf, StoredCertificate certificate);
  IssuanceForm form_of(const Job& job, const Ca& ca) const;
  std::vector<std::string> types_of(const std::vector<std::string>& names) const;
  void note_trouble(Job& job, const Failure& failure);
  void tell_of_failure(const Job& job, const Failure& failure);
  const std::string& ca_directory(const Job& job) const;

  // resolver_accounts.cpp
  Task<Outcome<Account>> account_of(Ca& ca);
  Task<Outcome<Account>> account_inside(Ca& ca);
  Task<Step> settle_key(Ca& ca);
  Task<Step> store_account(const Ca& ca, StoredAccount account);
  Task<Step> store_first_account(StoredAccount account);
  std::optional<StoredAccount> stored_account(const Ca& ca) const;
  // resolver_commands.cpp
  Task<std::string> revoke_leaf(Leaf leaf, int reason);
  // Whether a certificate with this key, in PEM, was revoked.
  bool is_revoked_key(const std::string& pem) const;

  ResolverSettings settings_;
  Storage& storage_;
  rest::Client& http_;
  SelfCheck& self_check_;
  StoreFollower& follower_;
  std::unique_ptr<Challenger> challenger_;
  std::string trouble_;  // why nothing can be obtained; empty: it can
  std::string storage_trouble_;
  StateFile state_file_;
  std::vector<std::unique_ptr<Ca>> cas_;

  Gate storing_{1};  // every change of what is stored begins with what the last one left
  ResolverData data_;
  std::vector<Leaf> leaves_;  // of data_.certificates
  ResolverState state_;
  LeftRecords records_;
  std::vector<Wish> wishes_;
  std::vector<std::string> provided_;
  bool wanted_once_ = false;
  Time settles_at_;
  Plan plan_;
  bool plan_stale_ = true;                            // routers want something else since
  bool unused_stale_ = true;                          // what is used may be something else since
  std::map<std::string, std::shared_ptr<Job>> jobs_;  // by key
  std::set<std::string> asked_for_;                   // keys an operator wants tried now
  std::set<std::string> dry_names_;                   // an operator tries these elsewhere just now
  std::map<std::string, int> warned_;                 // by serial number: how near its end that was
  Hooks hooks_;
  std::unique_ptr<OnDemand> on_demand_;  // null: nothing is obtained because of a handshake
  std::set<std::string> demanded_now_;   // of state_.demanded: by a client of this process
  ResolverMetrics metrics_;
  Signal changed_;
  Signal plan_changed_;
};

}  // namespace sluice::acme
