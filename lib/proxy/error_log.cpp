#include "proxy/error_log.h"

#include <fmt/format.h>

#include "base/text.h"
#include "observe/log.h"
#include "observe/rate_limited.h"

namespace sluice::proxy {

void log_failure(const http::Request& request, std::uint16_t status, const Error& error) {
  if (!log::enabled(log::Level::error)) return;
  static log::RateLimited limiter;
  std::string key = fmt::format("{} {} {}", request.router, request.server, error.text);
  std::optional<log::RateLimited::Pass> pass = limiter.admit(key, Time::now());
  if (!pass) return;
  std::string url = printable(fmt::format("{} {}{}", request.method_text, request.authority, request.target.path), 512);
  log::error(fmt::format("{} {}", status, http::reason_phrase(status)),
             {{log::field::kEntryPoint, request.peer.entry_point},
              {log::field::kRouter, request.router},
              {log::field::kService, request.service},
              {log::field::kServer, request.server},
              {"request", url},
              {log::field::kUser, request.user},
              {log::field::kError, error},
              {log::field::kSuppressed, pass->suppressed}});
}

}  // namespace sluice::proxy
