// certificate_index.h: which certificates are served for a name.
//
// Immutable: built on the control thread, shared by all workers, replaced as a whole.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/text.h"
#include "tls/certificate.h"

namespace sluice::tls {

class CertificateIndex {
 public:
  // Of two certificates of one algorithm and name the first serves as long as it is valid. `fallback` serves who asks
  // for a name that has none, and must not be null. `awaited`: names and wildcards that are to get a certificate of
  // their own; until they have one they get no other. `staples`: OCSP responses by certificate.
  using Staples = std::unordered_map<const Certificate*, std::shared_ptr<const std::string>>;
  CertificateIndex(std::vector<std::shared_ptr<const Certificate>> certificates,
                   std::shared_ptr<const Certificate> fallback, const std::vector<std::string>& awaited = {},
                   Staples staples = {});

  // At most one per algorithm.
  struct Choice {
    static constexpr std::size_t kMost = 3;
    std::array<const Certificate*, kMost> certificates = {};
    bool empty() const { return certificates[0] == nullptr; }
  };
  // Those of exactly this name that are valid now, else those of its wildcard; empty when there are none. Of an awaited
  // name an expired one is better than none. `name` is canonical. Any worker.
  Choice find(std::string_view name, std::int64_t now) const;

  // Whether the fallback must not serve this name.
  bool awaits(std::string_view name) const;
  // What is stapled to handshakes with it; null: nothing.
  const std::string* staple(const Certificate& certificate) const {
    auto found = staples_.find(&certificate);
    return found == staples_.end() ? nullptr : found->second.get();
  }

  const Certificate& fallback() const { return *fallback_; }
  std::size_t names() const { return exact_.size() + wildcard_.size(); }

 private:
  using Names = std::unordered_map<std::string, std::vector<const Certificate*>, TextHash, std::equal_to<>>;

  static bool choose(const Names& names, std::string_view name, const std::int64_t* now, Choice& choice);

  std::vector<std::shared_ptr<const Certificate>> certificates_;
  std::shared_ptr<const Certificate> fallback_;
  Names exact_;
  Staples staples_;
  Names wildcard_;  // by what follows "*."
  std::unordered_set<std::string, TextHash, std::equal_to<>> awaited_;
};

}  // namespace sluice::tls
