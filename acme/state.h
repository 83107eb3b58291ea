// state.h: what one resolver remembers beside acme.json, which has no place for it: failures, open orders, suggestions
// of the CA, accounts at further CAs, certificates put away. Losing it loses time, never a certificate that serves.
//
// Values; the text form is pure, the file is for the control loop.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "acme/failure.h"
#include "acme/gate.h"
#include "acme/issuance.h"
#include "acme/ledger.h"
#include "acme/renewal.h"
#include "acme/storage.h"
#include "async/task.h"

namespace sluice::acme {

struct ResolverState {
  struct Journal {
    std::string directory;  // of the CA the order was made at
    std::string url;
    std::string key_pem;
    friend bool operator==(const Journal&, const Journal&) = default;
  };
  struct Certificate {
    std::string directory;  // where it came from; empty: it was there before us
    Suggestion suggestion;
    std::int64_t unused_since = 0;  // 0: something is served with it
    bool revoked = false;           // or its key is one of a certificate that was
    friend bool operator==(const Certificate&, const Certificate&) = default;
  };
  struct Archived {
    StoredCertificate certificate;
    std::int64_t since = 0;
    friend bool operator==(const Archived&, const Archived&) = default;
  };

  std::string inputs;                                       // of the resolver, when it ran last
  std::string account_directory;                            // of the account in acme.json; empty: not known
  std::map<std::string, StoredAccount> accounts;            // at further CAs, by directory
  std::map<std::string, LedgerEntry> ledger;                // by Planned::key
  std::map<std::string, Journal> orders;                    // likewise
  std::map<std::string, std::vector<std::int64_t>> issued;  // likewise: when
  std::map<std::string, Certificate> certificates;          // by serial number
  std::map<std::string, std::vector<std::int64_t>> spent;   // orders made, by directory
  std::map<std::string, std::string> next_keys;             // DER: of a change of account keys under way, by directory
  std::map<std::string, std::int64_t> paused;               // until when nothing is asked of a CA, by directory
  std::vector<OpenRecord> records;                          // that are, or may still be, in the DNS
  std::set<std::string> held;                               // names an operator has paused; kHoldAll: every one
  std::set<std::string> demanded;                           // names that clients asked for and may have one
  std::vector<Archived> archived;

  static constexpr const char* kHoldAll = "*";

  friend bool operator==(const ResolverState&, const ResolverState&) = default;
};

std::string write_state(const ResolverState& state);
// What cannot be read is left out: it is not worth stopping for.
ResolverState read_state(std::string_view text);

// The file of one resolver's state. Control loop; saves happen one after the other, the last state wins.
class StateFile {
 public:
  explicit StateFile(std::string path) : path_(std::move(path)) {}

  Task<ResolverState> load();
  // Durable when it is done.
  Task<Step> save(ResolverState state);

 private:
  std::string path_;
  ResolverState latest_;
  std::string text_;  // on disk
  Gate one_at_a_time_{1};
};

}  // namespace sluice::acme
