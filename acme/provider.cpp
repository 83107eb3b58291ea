#include "acme/provider.h"

#include <algorithm>
#include <iterator>

#include "acme/challenges.h"
#include "acme/problem_codes.h"
#include "base/text.h"
#include "control/describe_live.h"
#include "observe/log.h"

namespace sluice::acme {
namespace {

constexpr const char* kSource = "certificatesResolvers";
constexpr const char* kLoading = "what is stored is still being read: try again in a moment";

// "acme.json" of the resolver "le": "acme.json.le.state", beside it.
std::string state_path(const std::string& storage, const std::string& resolver) {
  std::string safe;
  for (char c : resolver) safe += is_alpha(c) || is_digit(c) || c == '-' || c == '_' ? c : '_';
  return storage + '.' + safe + ".state";
}

}  // namespace

AcmeProvider::AcmeProvider(const config::Static& configuration, Environment environment, rest::Client& http,
                           observe::Metrics& metrics)
    : configuration_(configuration), environment_(std::move(environment)), http_(http), metrics_(metrics) {}

AcmeProvider::~AcmeProvider() = default;

void AcmeProvider::attach(control::ChallengeDesk& desk) {
  desk_ = &desk;
  self_check_ = std::make_unique<HttpSelfCheck>(desk, http_);
  for (const auto& [name, resolver] : configuration_.certificates_resolvers) {
    if (resolver.acme) make_resolver(name, resolver);
  }
}

void AcmeProvider::make_resolver(const std::string& name, const config::CertificateResolver& resolver) {
  config::Report report;
  ResolverSettings settings = make_settings(name, resolver, configuration_, environment_, report);
  std::unique_ptr<DnsSolver> dns;
  if (resolver.acme->dns_challenge) {
    DnsSurroundings surroundings{http_, environment_, name, resolver.source};
    dns = make_dns_solver(*resolver.acme->dns_challenge, surroundings, report);
  }
  std::string trouble;
  for (const config::Problem& problem : report) {
    if (trouble.empty() && problem.severity == config::Severity::error) trouble = problem.what;
  }
  report_.insert(report_.end(), report.begin(), report.end());
  std::unique_ptr<FileStorage> fresh = std::make_unique<FileStorage>(resolver.acme->storage);
  std::unique_ptr<FileStorage>& storage = storages_[fresh->path()];
  if (storage == nullptr) storage = std::move(fresh);
  auto challenges = std::make_unique<Challenges>(*resolver.acme, *desk_, std::move(dns));
  std::string state = state_path(storage->path(), name);
  StoreFollower& follower = *this;
  resolvers_.push_back(std::make_unique<Resolver>(std::move(settings), *storage, http_, std::move(challenges),
                                                  *self_check_, follower, metrics_, std::move(state),
                                                  std::move(trouble)));
}

Task<void> AcmeProvider::run(control::FragmentSink& sink) {
  for (const std::unique_ptr<Resolver>& resolver : resolvers_) {
    co_await resolver->load();
    report_passing(*resolver);
  }
  loaded_ = true;
  sink_ = &sink;
  publish();
  Scope* current = co_await current_scope();
  Scope running(current);
  for (const std::unique_ptr<Resolver>& resolver : resolvers_) running.spawn(resolver->run());
  for (const auto& [path, storage] : storages_) running.spawn(follow(*storage));
  co_await running.join();
  sink_ = nullptr;
}

// Only warned of: what a container is for may be tried out, and a machine may live without disks.
void AcmeProvider::report_passing(const Resolver& resolver) {
  const FileStorage* storage = nullptr;
  for (const auto& [path, one] : storages_) {
    if (one.get() == &resolver.storage()) storage = one.get();
  }
  if (storage == nullptr || storage->passing().empty()) return;
  config::Problem problem;
  problem.severity = config::Severity::warning;
  problem.code = code::kPassing;
  problem.what =
      "certificatesResolvers." + resolver.name() + ".acme.storage: " + storage->path() + " is on " + storage->passing();
  problem.source = configuration_.certificates_resolvers.at(resolver.name()).source;
  problem.effect = "account and certificates are gone with the " +
                   std::string(storage->passing() == "tmpfs" ? "machine's memory" : "container") +
                   ", and ordered again, which CAs do not let everybody do often";
  problem.fix = "keep the file on a volume or a disk";
  report_.push_back(std::move(problem));
}

Task<void> AcmeProvider::follow(FileStorage& storage) {
  for (;;) {
    Status changed = co_await storage.changed();
    if (!changed) co_return;
    for (const std::unique_ptr<Resolver>& resolver : resolvers_) {
      if (&resolver->storage() == &storage) co_await resolver->reload();
    }
  }
}

void AcmeProvider::wanted(const control::CertificateWants& wants) {
  for (const std::unique_ptr<Resolver>& resolver : resolvers_) resolver->want(wants);
}

Task<bool> AcmeProvider::demanded(std::string name, IpAddress client) {
  bool taken = false;
  if (!loaded_) co_return taken;
  for (const std::unique_ptr<Resolver>& resolver : resolvers_) {
    if (!taken) taken = co_await resolver->demanded(name, client);
  }
  co_return taken;
}

void AcmeProvider::publish() {
  if (sink_ == nullptr) return;
  control::Fragment fragment;
  fragment.provider = name();
  fragment.report = report_;
  for (const std::unique_ptr<Resolver>& resolver : resolvers_) {
    for (const StoredCertificate& one : resolver->data().certificates) {
      config::TlsCertificate certificate;
      certificate.cert_file = one.certificate;
      certificate.key_file = one.key;
      certificate.source = config::Source{std::string(kSource) + '.' + resolver->name(), 0, 0};
      fragment.configuration.tls.certificates.push_back(std::move(certificate));
    }
    std::vector<std::string> on_demand = resolver->served_on_demand();
    fragment.keeps.insert(fragment.keeps.end(), std::make_move_iterator(on_demand.begin()),
                          std::make_move_iterator(on_demand.end()));
    config::Report problems = resolver->problems();
    fragment.report.insert(fragment.report.end(), problems.begin(), problems.end());
  }
  sink_->publish(std::move(fragment));
}

config::Node AcmeProvider::certificates() const {
  config::Node list = config::Node::list();
  for (const std::unique_ptr<Resolver>& resolver : resolvers_) resolver->describe(list);
  return list;
}

bool AcmeProvider::renew(std::string_view name) {
  bool found = false;
  for (const std::unique_ptr<Resolver>& resolver : resolvers_) found = resolver->renew_now(name) || found;
  return found;
}

bool AcmeProvider::retry(std::string_view name) {
  bool found = false;
  for (const std::unique_ptr<Resolver>& resolver : resolvers_) found = resolver->retry_now(name) || found;
  return found;
}

Task<std::string> AcmeProvider::hold(std::string name, bool held) {
  if (!loaded_) co_return kLoading;
  std::string wrong = name.empty() ? "" : "no certificate is for this name";
  for (const std::unique_ptr<Resolver>& resolver : resolvers_) {
    if (!name.empty() && !resolver->plans(name)) continue;
    wrong = co_await resolver->hold(name, held);
    if (!wrong.empty()) break;
  }
  co_return wrong;
}

Task<config::Node> AcmeProvider::dry_run(std::string name, std::string directory) {
  if (!loaded_) {
    config::Node answer = config::Node::map();
    answer.add("name", control::text_node(printable(name, 300)));
    answer.add("verdict", control::text_node("failed"));
    answer.add("problem", control::text_node(kLoading));
    co_return answer;
  }
  Resolver* of_it = nullptr;
  for (const std::unique_ptr<Resolver>& resolver : resolvers_) {
    if (of_it == nullptr && resolver->plans(name)) of_it = resolver.get();
  }
  if (of_it == nullptr) co_return config::Node();
  config::Node answer = co_await of_it->dry_run(std::move(name), std::move(directory));
  co_return answer;
}

Task<std::string> AcmeProvider::revoke(std::string name, int reason) {
  if (!loaded_) co_return kLoading;
  for (const std::unique_ptr<Resolver>& resolver : resolvers_) {
    if (!resolver->serves(name)) continue;
    std::string wrong = co_await resolver->revoke_certificate(name, reason);
    co_return wrong;
  }
  co_return "no certificate is for this name";
}

Task<std::string> AcmeProvider::change_account(std::string resolver, AccountChange change) {
  if (!loaded_) co_return kLoading;
  for (const std::unique_ptr<Resolver>& one : resolvers_) {
    if (one->name() != resolver) continue;
    std::string wrong;
    if (change == AccountChange::roll_key) {
      wrong = co_await one->roll_account_key();
    } else {
      wrong = co_await one->close_its_account();
    }
    co_return wrong;
  }
  co_return "there is no such resolver";
}

Task<config::Node> AcmeProvider::test(std::string name) {
  config::Node answer = config::Node::map();
  std::string why;
  const std::string canonical = canonical_name(name, {}, why);
  answer.add("name", control::text_node(printable(name, 300)));
  if (canonical.empty() || canonical.starts_with("*.")) {
    answer.add("verdict", control::text_node("invalid"));
    answer.add("found", control::text_node(why.empty() ? "a wildcard is proved over DNS" : why));
    co_return answer;
  }
  CheckResult result = co_await self_check_->check(canonical);
  const char* verdict = result.verdict == CheckResult::Verdict::reaches_us  ? "reaches us"
                        : result.verdict == CheckResult::Verdict::elsewhere ? "elsewhere"
                        : result.verdict == CheckResult::Verdict::nowhere   ? "nowhere"
                                                                            : "unknown";
  answer.add("verdict", control::text_node(verdict));
  answer.add("found", control::text_node(result.text));
  const std::vector<std::string> names(1, canonical);
  for (const std::unique_ptr<Resolver>& resolver : resolvers_) {
    const std::string obstacle = co_await resolver->caa_obstacles(names);
    if (!obstacle.empty()) answer.add("caa of " + resolver->name(), control::text_node(obstacle));
  }
  co_return answer;
}

}  // namespace sluice::acme
