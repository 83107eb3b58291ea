#include "tls/certificate_index.h"

#include <algorithm>

#include "base/result.h"

namespace sluice::tls {

CertificateIndex::CertificateIndex(std::vector<std::shared_ptr<const Certificate>> certificates,
                                   std::shared_ptr<const Certificate> fallback, const std::vector<std::string>& awaited,
                                   Staples staples)
    : certificates_(std::move(certificates)), fallback_(std::move(fallback)), staples_(std::move(staples)) {
  SLUICE_CHECK(fallback_ != nullptr);
  const std::vector<std::string>& own = fallback_->names();
  for (const std::string& name : awaited) {
    const std::string wildcard = name.find('.') == std::string::npos ? name : '*' + name.substr(name.find('.'));
    const bool served = std::find(own.begin(), own.end(), name) != own.end() ||
                        std::find(own.begin(), own.end(), wildcard) != own.end();
    if (!served) awaited_.insert(name);
  }
  for (const auto& certificate : certificates_) {
    for (const std::string& name : certificate->names()) {
      bool wildcard = name.starts_with("*.");
      (wildcard ? wildcard_[name.substr(2)] : exact_[name]).push_back(certificate.get());
    }
  }
}

bool CertificateIndex::choose(const Names& names, std::string_view name, const std::int64_t* now, Choice& choice) {
  auto found = names.find(name);
  if (found == names.end()) return false;
  std::size_t count = 0;
  unsigned algorithms = 0;
  for (const Certificate* certificate : found->second) {
    unsigned bit = 1U << static_cast<unsigned>(certificate->algorithm());
    if ((algorithms & bit) != 0 || (now != nullptr && !certificate->valid_at(*now))) continue;
    algorithms |= bit;
    choice.certificates[count++] = certificate;
  }
  return count > 0;
}

CertificateIndex::Choice CertificateIndex::find(std::string_view name, std::int64_t now) const {
  Choice choice;
  if (name.empty() || choose(exact_, name, &now, choice)) return choice;
  const std::size_t dot = name.find('.');
  const std::string_view parent = dot == std::string_view::npos ? std::string_view() : name.substr(dot + 1);
  if (!parent.empty() && choose(wildcard_, parent, &now, choice)) return choice;
  if (!awaited_.empty() && awaits(name) && !choose(exact_, name, nullptr, choice) && !parent.empty()) {
    choose(wildcard_, parent, nullptr, choice);
  }
  return choice;
}

bool CertificateIndex::awaits(std::string_view name) const {
  if (awaited_.empty() || name.empty()) return false;
  if (awaited_.contains(name)) return true;
  const std::size_t dot = name.find('.');
  return dot != std::string_view::npos && awaited_.contains('*' + std::string(name.substr(dot)));
}

}  // namespace sluice::tls
