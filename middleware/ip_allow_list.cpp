#include "middleware/ip_allow_list.h"

#include <fmt/format.h>

#include "middleware/answers.h"
#include "observe/log.h"

namespace sluice::middleware {

control::MadeMiddleware IpAllowList::make(const config::IpAllowList& settings) {
  if (settings.source_range.empty()) {
    return control::MadeMiddleware::refused("ipAllowList needs a sourceRange, for example 10.0.0.0/8");
  }
  for (const std::string& range : settings.source_range) {
    if (!CidrSet::parse({range})) {
      return control::MadeMiddleware::refused(fmt::format("{} of sourceRange is no address or network", range));
    }
  }
  if (!is_final_status(settings.reject_status_code)) {
    return control::MadeMiddleware::refused(
        fmt::format("the rejectStatusCode {} is not a status from 200 to 599", settings.reject_status_code));
  }
  std::string error;
  std::optional<ClientAddress> client = ClientAddress::make(settings.ip_strategy, error);
  if (!client) return control::MadeMiddleware::refused(std::move(error));
  return control::MadeMiddleware::of(
      std::make_shared<IpAllowList>(std::move(*client), *CidrSet::parse(settings.source_range),
                                    static_cast<std::uint16_t>(settings.reject_status_code)));
}

Task<Result<http::Response>> IpAllowList::handle(http::Request& request, const proxy::Handler& next) const {
  std::optional<IpAddress> address = client_.find(request);
  if (address && allowed_.contains(*address)) return next.handle(request);
  if (log::enabled(log::Level::debug)) {
    log::debug(
        "the client's address is not in ipAllowList",
        {{log::field::kRouter, request.router}, {"client", address ? address->to_string() : std::string("not known")}});
  }
  return answer(request, status_);
}

const control::MiddlewareKind IpAllowList::kKind = {
    "ipAllowList", [](const config::Middleware& settings) { return settings.ip_allow_list.has_value(); },
    [](const control::MiddlewareParts& parts) { return make(*parts.settings.ip_allow_list); }};

const control::MiddlewareKind IpAllowList::kOldKind = {
    "ipWhiteList", [](const config::Middleware& settings) { return settings.ip_white_list.has_value(); },
    [](const control::MiddlewareParts& parts) {
      config::IpAllowList settings;
      settings.source_range = parts.settings.ip_white_list->source_range;
      settings.ip_strategy = parts.settings.ip_white_list->ip_strategy;
      return make(settings);
    }};

}  // namespace sluice::middleware
