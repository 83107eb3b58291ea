// signature.h: AWS Signature Version 4: proves with a secret key who makes a request. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rest/call.h"

namespace sluice::acme::dns::aws {

struct Credentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token;  // of temporary ones
};

struct Request {
  std::string method = "GET";
  std::string host;                                        // as in the URL, with its port
  std::string path = "/";                                  // as it goes on the wire
  std::vector<std::pair<std::string, std::string>> query;  // not encoded
  std::vector<rest::Header> headers;                       // to be signed beside host and date
  std::string body;
};

struct SigningScope {
  std::string region;
  std::string service;
};

// "a=1&b=x%20y", sorted as the signature wants it.
std::string query_text(const Request& request);

// All headers the request needs to be taken as signed: Host, X-Amz-Date, Authorization, X-Amz-Security-Token where
// there is one, and the request's own. `now` is Unix time in seconds.
std::vector<rest::Header> signed_headers(const Request& request, const Credentials& credentials,
                                         const SigningScope& scope, std::int64_t now);

}  // namespace sluice::acme::dns::aws
