// storage.h: where accounts and certificates live, in what all instances see of it.
//
// Meaning, for whoever implements it:
// * `save` is durable when it is done, and replaces all that is known of one resolver. Another resolver's content in
// the
//   same place is never touched. It either happens as a whole or not at all.
// * What cannot be understood is never overwritten.
// * A lease is held by at most one owner; its number grows with every owner, and a write under an old number is
// refused.
//   Whoever does not renew in time loses it. With one instance every lease is free.
// * Challenges that any instance has armed can be looked up by all, until they are withdrawn.
// Control loop; it outlives its tasks. Tasks run side by side; saves of one place happen one after the other.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "acme/failure.h"
#include "async/task.h"

namespace sluice::acme {

struct StoredCertificate {
  std::string main;
  std::vector<std::string> sans;
  std::string certificate;  // PEM, the certificate first
  std::string key;          // PEM
  std::string store = "default";

  friend bool operator==(const StoredCertificate&, const StoredCertificate&) = default;
};

struct StoredAccount {
  std::string email;
  std::string registration;  // JSON: {"body": …, "uri": …}; empty: not registered
  std::string key_der;
  std::string key_type;  // as older releases of Traefik write it; empty: not

  friend bool operator==(const StoredAccount&, const StoredAccount&) = default;
};

struct ResolverData {
  std::optional<StoredAccount> account;
  std::vector<StoredCertificate> certificates;

  friend bool operator==(const ResolverData&, const ResolverData&) = default;
};

class Storage {
 public:
  virtual ~Storage() = default;

  // Everything of this resolver; nothing stored is empty.
  virtual Task<Outcome<ResolverData>> load(std::string resolver) = 0;
  virtual Task<Step> save(std::string resolver, ResolverData data) = 0;
  // Whether a save would work, without changing anything: asked before something is ordered.
  virtual Task<Step> probe() = 0;
  // Returns when somebody else has changed what is stored; or what the scope was cancelled with. One task waits at a
  // time.
  virtual Task<Status> changed() = 0;

  struct Lease {
    std::string key;
    std::uint64_t number = 0;
  };
  // Nothing: somebody else holds it.
  virtual Task<std::optional<Lease>> acquire(std::string key, Duration life) = 0;
  virtual Task<Step> renew(Lease lease, Duration life) = 0;
  virtual void release(const Lease& lease) = 0;

  // The key authorization of a challenge that another instance has armed; empty: there is none.
  virtual Task<std::string> challenge(std::string host, std::string token) = 0;
};

}  // namespace sluice::acme
