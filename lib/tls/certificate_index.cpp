#include "tls/certificate_index.h"

#include "base/result.h"

namespace sluice::tls {

CertificateIndex::CertificateIndex(std::vector<std::shared_ptr<const Certificate>> certificates,
                                   std::shared_ptr<const Certificate> fallback, Staples staples)
    : certificates_(std::move(certificates)), fallback_(std::move(fallback)), staples_(std::move(staples)) {
  SLUICE_CHECK(fallback_ != nullptr);
  for (const auto& certificate : certificates_) {
    for (const std::string& name : certificate->names()) {
      bool wildcard = name.starts_with("*.");
      (wildcard ? wildcard_[name.substr(2)] : exact_[name]).push_back(certificate.get());
    }
  }
}

bool CertificateIndex::choose(const Names& names, std::string_view name, std::int64_t now, Choice& choice) {
  auto found = names.find(name);
  if (found == names.end()) return false;
  std::size_t count = 0;
  unsigned algorithms = 0;
  for (const Certificate* certificate : found->second) {
    unsigned bit = 1U << static_cast<unsigned>(certificate->algorithm());
    if ((algorithms & bit) != 0 || !certificate->valid_at(now)) continue;
    algorithms |= bit;
    choice.certificates[count++] = certificate;
  }
  return count > 0;
}

CertificateIndex::Choice CertificateIndex::find(std::string_view name, std::int64_t now) const {
  Choice choice;
  if (name.empty() || choose(exact_, name, now, choice)) return choice;
  std::size_t dot = name.find('.');
  if (dot != std::string_view::npos) choose(wildcard_, name.substr(dot + 1), now, choice);
  return choice;
}

}  // namespace sluice::tls
