#include "server/certificate_demand.h"

#include <ctime>

namespace sluice::server {

bool CertificateDemand::concerns(const Snapshot& snapshot, std::string_view name) const {
  if (name.empty() || snapshot.certificates == nullptr || !rules_.allow(name)) return false;
  return snapshot.certificates->find(name, std::time(nullptr)).empty() && !snapshot.certificates->awaits(name);
}

Task<CertificateDemand::End> CertificateDemand::wait(Host& host, std::string name, IpAddress client,
                                                     Deadline deadline) {
  if (waiting_ >= kMostWaiting) co_return End::late;
  auto known = names_.find(name);
  if (known == names_.end()) {
    if (names_.size() >= kMostNames) co_return End::late;
    known = names_.emplace(name, std::make_shared<Name>()).first;
    control_.demand(name, client);
  }
  // The last one who waits takes it out.
  const std::shared_ptr<Name> one = known->second;
  ++waiting_;
  ++one->waiting;
  const End end = co_await wait_for(*one, host, name, deadline);
  --waiting_;
  auto mine = names_.find(name);
  if (--one->waiting == 0 && mine != names_.end() && mine->second == one) names_.erase(mine);
  co_return end;
}

Task<CertificateDemand::End> CertificateDemand::wait_for(Name& one, Host& host, std::string_view name,
                                                         Deadline deadline) const {
  for (;;) {
    Status waited = co_await one.changed.wait(deadline);
    if (!waited) co_return End::late;
    if (one.refused) co_return End::refused;
    if (!concerns(**host.snapshot(), name)) co_return End::served;
  }
}

void CertificateDemand::look_again() {
  // Who wakes changes the map.
  const std::map<std::string, std::shared_ptr<Name>> all = names_;
  for (const auto& [name, one] : all) one->changed.notify_all();
}

void CertificateDemand::refuse(const std::string& name) {
  auto known = names_.find(name);
  if (known == names_.end()) return;
  const std::shared_ptr<Name> one = known->second;
  names_.erase(known);
  one->refused = true;
  one->changed.notify_all();
}

}  // namespace sluice::server
