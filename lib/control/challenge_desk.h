// challenge_desk.h: where whoever orders certificates leaves the answers to a CA's challenges, so that every worker
// gives them. `Control` owns the desk and hands it out; it lives as long as `Control`. Control thread only.
//
// What is armed is answered by every worker that accepts connections when the task is done; only then may the CA be
// told. A worker that does not confirm in time fails the task, and what it was to arm is withdrawn. Disarming is not
// waited for: an answer to a late question of the CA does no harm.
#pragma once

#include <string>
#include <string_view>

#include "async/task.h"
#include "base/result.h"

namespace sluice::control {

class ChallengeDesk {
 public:
  virtual ~ChallengeDesk() = default;

  // HTTP-01 (RFC 8555 §8.3): `host` is the identifier, a name or the text of an address; `key_authorization` is what a
  // request for `token` is answered with. Errors: `invalid` for a host or token that no CA would send, `timed_out` when
  // a worker did not confirm, or what the scope was cancelled with. Armed twice: the later answer counts.
  virtual Task<Status> arm_http(std::string host, std::string token, std::string key_authorization) = 0;
  // TLS-ALPN-01 (RFC 8737), for names and addresses alike (RFC 8738): makes the certificate that proves the key
  // authorization. Errors as above. One order at a time may hold a name.
  virtual Task<Status> arm_tls_alpn(std::string name, std::string key_authorization) = 0;

  // Nothing happens when it is not armed.
  virtual void disarm_http(std::string_view host, std::string_view token) = 0;
  virtual void disarm_tls_alpn(std::string_view name) = 0;
};

}  // namespace sluice::control
