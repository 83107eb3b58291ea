// credentials.h: where the AWS keys come from, in the order AWS programs look: the environment, a token file of
// Kubernetes, the shared file, the container's service, the machine's service. AWS_ASSUME_ROLE_ARN changes them for a
// role's.
//
// One per Route 53 provider, on its loop. Temporary keys are kept until five minutes before they end.
#pragma once

#include <optional>
#include <string>

#include "acme/dns/aws/signature.h"
#include "acme/dns/environment.h"
#include "acme/dns/http_api.h"

namespace sluice::acme::dns::aws {

class CredentialSource {
 public:
  CredentialSource(rest::Client& client, Environment& variables);

  // Errors: security (there are none, or they were refused), unavailable; `why` says it.
  Task<Result<Credentials>> get(std::string& why);

 private:
  struct Temporary {
    Credentials credentials;
    std::int64_t ends = 0;  // Unix time
  };

  Task<Result<Temporary>> own(std::string& why);
  Task<Result<Temporary>> of_container(std::string& why);
  Task<Result<Temporary>> of_machine(std::string& why);
  Task<Result<Temporary>> of_web_identity(std::string& why);
  Task<Result<Temporary>> of_role(Credentials own, std::string& why);
  Task<Result<Temporary>> from_sts(Request request, std::string& why);
  Result<Credentials> from_shared_file(std::string& why) const;

  rest::Client& client_;
  Credentials written_;
  std::string shared_file_;
  std::string profile_;
  std::string container_uri_;
  std::string container_token_;
  std::string container_token_file_;
  std::string machine_endpoint_;
  bool machine_disabled_ = false;
  std::string web_token_file_;
  std::string web_role_;
  std::string session_name_;
  std::string role_;
  std::string external_id_;
  std::string region_;
  std::string sts_endpoint_;
  std::optional<Temporary> kept_;
};

// The profile's keys in the text of a shared credentials file; nothing when it has none.
std::optional<Credentials> parse_shared_file(std::string_view text, std::string_view profile);

}  // namespace sluice::acme::dns::aws
