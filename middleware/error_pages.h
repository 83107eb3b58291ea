// error_pages.h: the errors middleware: answers with certain codes get their content from a service that has the pages.
//
// The page is asked for with GET, the request's Host and its fields (or some of them), but never conditionally or for a
// range: what comes has to be the page. The client sees the page under the status there was, or the one that
// statusRewrites puts in its place. Immutable and shared by all workers.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "control/middleware_kind.h"
#include "proxy/status_ranges.h"

namespace sluice::middleware {

class ErrorPages final : public proxy::Middleware {
 public:
  static control::MadeMiddleware make(const config::ErrorPages& settings,
                                      std::shared_ptr<const proxy::Handler> service);

  Task<Result<http::Response>> handle(http::Request& request, const proxy::Handler& next) const override;

  static const control::MiddlewareKind kKind;

 private:
  std::uint16_t rewritten(std::uint16_t status) const;
  void ask_for_page(http::Request& request, std::uint16_t original, std::uint16_t status) const;

  proxy::StatusRanges status_;
  std::vector<std::pair<proxy::StatusRange, std::uint16_t>> rewrites_;  // the narrowest first
  std::shared_ptr<const proxy::Handler> service_;
  std::string query_;                                       // the template; empty: the path asked for
  std::optional<std::vector<std::string>> request_fields_;  // nothing: all
};

}  // namespace sluice::middleware
