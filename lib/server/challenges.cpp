#include "server/challenges.h"

#include <algorithm>

namespace sluice::server {

void Challenges::arm_http(std::string host, std::string token, std::string key_authorization) {
  std::vector<Http>& answers = http_[std::move(token)];
  auto known = std::find_if(answers.begin(), answers.end(), [&](const Http& one) { return one.host == host; });
  if (known == answers.end()) {
    answers.push_back({std::move(host), std::move(key_authorization)});
  } else {
    known->key_authorization = std::move(key_authorization);
  }
}

void Challenges::arm_tls(std::string server_name, tls::ChallengeCertificate certificate) {
  tls_.insert_or_assign(std::move(server_name), std::move(certificate));
}

const std::string* Challenges::http(std::string_view host, std::string_view token) const {
  auto answers = http_.find(token);
  if (answers == http_.end()) return nullptr;
  for (const Http& one : answers->second) {
    if (one.host == host) return &one.key_authorization;
  }
  return nullptr;
}

const tls::ChallengeCertificate* Challenges::tls(std::string_view server_name) const {
  auto found = tls_.find(server_name);
  return found == tls_.end() ? nullptr : &found->second;
}

}  // namespace sluice::server
