// provider.h: the ACME client as a provider: its fragment is the certificates that were obtained. It runs the resolvers
// of the static configuration and answers questions about their certificates.
//
// Control loop; lives as long as the process serves.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "acme/file_storage.h"
#include "acme/resolver.h"
#include "config/static_config.h"
#include "control/certificate_desk.h"
#include "control/challenge_desk.h"
#include "control/provider.h"
#include "observe/metrics.h"
#include "rest/client.h"

namespace sluice::acme {

class AcmeProvider final : public control::Provider, public control::CertificateDesk, private StoreFollower {
 public:
  // All must outlive it. A resolver that cannot run is reported; what it has stored is served all the same.
  AcmeProvider(const config::Static& configuration, Environment environment, rest::Client& http,
               observe::Metrics& metrics);
  ~AcmeProvider() override;

  // Whose workers answer the challenges; before `run`. It must outlive the provider.
  void attach(control::ChallengeDesk& desk);

  std::string_view name() const override { return "acme"; }
  Task<void> run(control::FragmentSink& sink) override;
  Task<bool> demanded(std::string name, IpAddress client) override;
  void wanted(const control::CertificateWants& wants) override;

  config::Node certificates() const override;
  bool renew(std::string_view name) override;
  bool retry(std::string_view name) override;
  Task<std::string> hold(std::string name, bool held) override;
  Task<config::Node> dry_run(std::string name, std::string directory) override;
  Task<std::string> revoke(std::string name, int reason) override;
  Task<std::string> change_account(std::string resolver, AccountChange change) override;
  Task<config::Node> test(std::string name) override;

 private:
  void certificates_changed() override { publish(); }
  void publish();
  Task<void> follow(FileStorage& storage);
  void report_passing(const Resolver& resolver);
  void make_resolver(const std::string& name, const config::CertificateResolver& resolver);

  const config::Static& configuration_;
  Environment environment_;
  rest::Client& http_;
  observe::Metrics& metrics_;
  control::ChallengeDesk* desk_ = nullptr;
  std::unique_ptr<SelfCheck> self_check_;
  std::map<std::string, std::unique_ptr<FileStorage>> storages_;  // by path
  std::vector<std::unique_ptr<Resolver>> resolvers_;
  config::Report report_;
  bool loaded_ = false;                    // before, what is stored is not known and must not be replaced
  control::FragmentSink* sink_ = nullptr;  // while running
};

}  // namespace sluice::acme
