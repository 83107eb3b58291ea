// sticky.h: the cookie that keeps a client with one server of a service, or with one service of a weighted one.
//
// Names and values are Traefik's, so clients keep their server when one replaces the other. Immutable; any worker.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace sluice::proxy {

class Sticky {
 public:
  struct Cookie {
    std::string name;
    bool secure = false;
    bool http_only = false;
    std::string same_site;  // "none", "lax", "strict" or empty
    std::int64_t max_age = 0;
    std::string path;
    std::string domain;
  };

  // `choices`: the URLs of the servers, or the names of the services.
  Sticky(const Cookie& cookie, const std::vector<std::string>& choices);

  struct Wish {
    int index = -1;        // none, or none that is here any more
    bool current = false;  // in the form we write, so that it need not be written again
  };
  Wish wish_of(const http::Request& request) const;

  // Tells the client to come back to `index`.
  void remember(http::Response& response, std::size_t index) const;

  // The name of a cookie without one: from the qualified name of the service.
  static std::string default_name(std::string_view service);
  // What a cookie name may not contain (RFC 6265 §4.1.1) becomes '_'.
  static std::string sanitized_name(std::string_view name);

 private:
  std::string name_;
  std::vector<std::vector<std::string>> values_;  // of each choice: the form we write, then older ones
  std::vector<std::string> fields_;               // Set-Cookie, complete
};

}  // namespace sluice::proxy
