// ocsp_stapler.h: keeps an OCSP response at hand for every certificate that wants one: asks the responder the
// certificate names, off the data plane, again long before the response is out of date. No handshake ever waits for it.
//
// Which certificates: all that name a responder when the static option `ocsp` is set, and always those that clients
// refuse without (must-staple).
//
// On the control thread, one task per certificate, which ends when the certificate is served no more.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/scope.h"
#include "config/static_config.h"
#include "control/tls_builder.h"
#include "rest/client.h"

namespace sluice::control {

class OcspStapler {
 public:
  // Who is told of a new response; from the next build on it is served.
  class Listener {
   public:
    virtual void staple(const std::shared_ptr<const tls::Certificate>& certificate,
                        std::shared_ptr<const std::string> response) = 0;

   protected:
    ~Listener() = default;
  };

  // Tasks run in `scope`, which must be joined before the end.
  OcspStapler(const config::Static& configuration, Scope& scope, Listener& listener);

  // What is served from now on.
  void follow(const std::vector<std::shared_ptr<const tls::Certificate>>& certificates);

 private:
  using Held = std::weak_ptr<const tls::Certificate>;

  Task<void> keep_fresh(Held certificate, std::string responder);
  // How long the new response can be left alone; nothing when there is none.
  Task<std::optional<Duration>> refresh(std::shared_ptr<const tls::Certificate> certificate, std::string responder);
  bool wanted(const tls::Certificate& certificate) const;
  std::string responder_of(const tls::Certificate& certificate) const;

  const config::Static& configuration_;
  Scope& scope_;
  Listener& listener_;
  rest::Client client_;
  // Until when the response at hand is good; 0: there is none.
  std::map<Held, std::int64_t, std::owner_less<Held>> followed_;
};

}  // namespace sluice::control
