// provider.h: what discovers configuration: the Docker engine, files, later key-value stores.
//
// Providers live on the control loop. Each has one running task, which ends only when its scope is cancelled: a source
// that is unreachable is retried for ever, and what it said last stays in force.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "async/task.h"
#include "base/ip.h"
#include "config/dynamic.h"
#include "config/problem.h"

namespace sluice::control {

// Everything one provider knows at one moment. A fragment is complete: what it does not mention is gone. Names inside
// are not yet qualified with "@provider".
struct Fragment {
  std::string provider;
  config::Dynamic configuration;
  config::Report report;           // what was left out, and why
  std::vector<std::string> keeps;  // names that are served with its certificate even when that has expired
};

struct CertificateWants;
struct ProviderStats;

class FragmentSink {
 public:
  virtual ~FragmentSink() = default;
  // Never blocks; the newest fragment of a provider replaces one that has not been applied yet.
  virtual void publish(Fragment fragment) = 0;
};

class Provider {
 public:
  virtual ~Provider() = default;
  virtual std::string_view name() const = 0;
  // Publishes a first fragment as soon as the source has been read once, then one for every change.
  virtual Task<void> run(FragmentSink& sink) = 0;
  // The operator asks to read everything again (SIGHUP).
  virtual void reread() {}
  // What it has done so far; null: it does not count. As long as the provider.
  virtual const ProviderStats* stats() const { return nullptr; }
  // A client's handshake waits for a certificate of this name: whether one is being obtained, or is there by now.
  virtual Task<bool> demanded(std::string, IpAddress) { co_return false; }
  // After every build: the certificates that routers want. For whoever obtains them.
  virtual void wanted(const CertificateWants&) {}
};

}  // namespace sluice::control
