#include "providers/docker/retry.h"

#include <fmt/format.h>

#include <algorithm>

#include "async/loop.h"
#include "base/encoding.h"
#include "observe/log.h"

namespace sluice::providers::docker {
namespace {

constexpr std::string_view kCut =
    "unless the engine was restarted, a proxy before it ends silent streams: give /events a longer timeout there";

// What an operator can do about it; empty when the error says it all.
std::string_view advice(const Error& error, bool socket) {
  if (socket && error.code == Code::not_found) return "no such socket: is the engine running, is its socket mounted?";
  if (socket && error.code == Code::refused) {
    return "nobody listens on the socket: was the engine restarted? mount the socket's directory, not the file";
  }
  if (socket && error.code == Code::security && error.nothing_sent) {
    return "no permission for the socket: run with the socket's group (--group-add)";
  }
  return {};
}

std::string endpoint_of(const rest::Server& server) {
  if (server.connector != nullptr) return server.connector->name();
  return server.unix_socket.empty() ? server.origin : "unix://" + server.unix_socket;
}

// What the program said that makes the connections, and how to try it by hand.
std::string complaint_of(const rest::Connector& connector) {
  std::string said = connector.complaint();
  if (said.ends_with('.')) said.pop_back();
  if (said.empty()) return {};
  return said + "; to try it as the user we run as: " + connector.command_line();
}

// Between three quarters of `delay` and all of it, so that many routers do not come back in step.
Duration jittered(Duration delay) { return delay - delay / 4 * static_cast<std::int64_t>(random_u64() % 1000) / 1000; }

}  // namespace

Retry::Retry(std::string_view provider, const rest::Server& server, const Timing& timing)
    : provider_(provider),
      endpoint_(endpoint_of(server)),
      connector_(server.connector),
      local_(!server.unix_socket.empty()),
      timing_(timing),
      delay_(timing.first_retry) {}

Duration Retry::after(const Error& error, bool good, Duration lasted) {
  const bool cut = good && lasted >= timing_.healthy && (error.code == Code::closed || error.code == Code::reset);
  if (good && !cut) said_.clear();
  if (good && lasted >= timing_.healthy) delay_ = timing_.first_retry;
  Duration pause = jittered(delay_);
  delay_ = std::min(delay_ * 2, local_ ? timing_.last_local : timing_.last_retry);

  Time now = Loop::current().now();
  std::string hint(cut ? kCut : advice(error, local_));
  if (connector_ != nullptr) hint = complaint_of(*connector_);
  std::string what = fmt::format("{} {}", error.text, hint);  // one text may have several causes
  if (said_ == what && now - said_at_ < (cut ? timing_.cut_log : timing_.retry_log)) return pause;
  said_ = std::move(what);
  said_at_ = now;
  std::string message = fmt::format("Provider error, retrying in {}", format_duration(pause / 1'000'000 * 1'000'000));
  if (!hint.empty()) message += fmt::format(": {}", hint);
  log::error(message, {{log::field::kProvider, provider_}, {"endpoint", endpoint_}, {log::field::kError, error}});
  return pause;
}

}  // namespace sluice::providers::docker
