// auth_question.h: the request that forwardAuth sends to its authentication server, and what it says about the request
// in question. Immutable; shared by all workers.
#pragma once

#include <string>
#include <string_view>

#include "config/middleware_options.h"
#include "http/message.h"
#include "proxy/endpoint.h"

namespace sluice::middleware {

class AuthQuestion {
 public:
  // `settings` must outlive it.
  AuthQuestion(const config::ForwardAuth& settings, const proxy::ServerUrl& server);

  // Lives in the arena of `request`, without content.
  http::Request& about(http::Request& request) const;

  // A reference in an answer of the server, such as its Location, as an absolute URL (RFC 3986 §5.2).
  std::string_view absolute(std::string_view reference, Arena& arena) const;

 private:
  // With trustForwardHeader unset, Traefik from before 3.6.14: what the entry point let through stays.
  enum class Trust { unset, no, yes };
  bool is_sent(const http::Field& field) const;
  void add_facts(const http::Request& request, http::Request& question) const;

  const config::ForwardAuth& settings_;
  Trust trust_;
  std::string origin_;     // "http://auth.test:8080"
  std::string authority_;  // "auth.test:8080"
  std::string path_;
  std::string query_;
  bool has_query_ = false;
};

}  // namespace sluice::middleware
