// security_headers.h: the options of the headers middleware that tell browsers to be careful, and the hosts it lets in.
//
// Immutable; shared by all workers.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/middleware_options.h"
#include "http/message.h"
#include "middleware/field_edits.h"

namespace sluice::middleware {

class SecurityHeaders {
 public:
  // Null when a value cannot be sent; `error` says which.
  static std::unique_ptr<const SecurityHeaders> make(const config::Headers& settings, std::string& error);

  // Whether the request's host is one of allowedHosts, or there are none.
  bool host_allowed(const http::Request& request) const;
  // Whether `apply` does anything.
  bool any() const { return !always_.empty() || !over_tls_.empty() || !policies_.empty(); }
  void apply(const http::Request& request, http::Response& response) const;

 private:
  SecurityHeaders() = default;
  bool add(FieldEdits& to, std::string_view name, std::string_view value, std::string& error) const;
  bool add_policy(std::string_view name, const std::string& value, std::string& error);
  bool over_tls(const http::Request& request) const;

  std::vector<std::string> hosts_;
  std::vector<std::string> host_fields_;
  std::vector<std::pair<std::string, std::string>> tls_fields_;
  FieldEdits always_;
  FieldEdits over_tls_;
  struct Policy {
    std::string_view name;
    std::vector<std::string> pieces;  // between them goes the nonce
  };
  std::vector<Policy> policies_;
};

}  // namespace sluice::middleware
