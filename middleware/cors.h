// cors.h: the accessControl options of the headers middleware: which pages of other origins may read our responses
// (the CORS protocol of the Fetch standard).
//
// Immutable; shared by all workers. Text of answers is lent from it or from the exchange's arena.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/middleware_options.h"
#include "http/message.h"
#include "middleware/regexp.h"

namespace sluice::middleware {

class Cors {
 public:
  // Whether any of the options is set.
  static bool configured(const config::Headers& settings);
  // Null when a regular expression or a value cannot be used; `error` says which.
  static std::unique_ptr<const Cors> make(const config::Headers& settings, std::string& error);

  // The answer to a preflight request; nothing for other requests.
  std::optional<http::Response> preflight(http::Request& request) const;
  // Adds what a page may know of the response.
  void apply(const http::Request& request, http::Response& response) const;

 private:
  Cors() = default;
  // The value of Access-Control-Allow-Origin; nothing when the origin is not allowed.
  std::optional<std::string_view> allowed_origin(std::string_view origin) const;

  bool credentials_ = false;
  bool vary_ = false;
  bool any_origin_ = false;
  std::vector<std::string> origins_;
  std::vector<std::shared_ptr<const Regexp>> origin_regexps_;
  // Joined; with credentials '*' is no wildcard (Fetch standard, 3.3.3), so there it stands for what is asked for.
  std::string headers_, methods_, expose_;
  bool any_header_ = false;
  bool any_method_ = false;
  std::string max_age_;
};

}  // namespace sluice::middleware
