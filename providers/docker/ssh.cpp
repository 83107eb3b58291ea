#include "providers/docker/ssh.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/text.h"

namespace sluice::providers::docker {
namespace {

constexpr std::string_view kScheme = "ssh://";
// Seconds; less than a call may take, so that it is ssh who says what is wrong.
constexpr const char* kConnectTimeout = "8";

bool is_word(std::string_view text, std::string_view signs) {
  const auto allowed = [signs](char c) { return is_alpha(c) || is_digit(c) || signs.find(c) != signs.npos; };
  return !text.empty() && text.front() != '-' && std::all_of(text.begin(), text.end(), allowed);
}

}  // namespace

Result<rest::Server> ssh_server(std::string_view endpoint) {
  const auto invalid = [](std::string_view what) { return Error::of(Code::invalid, what); };
  std::string_view host = endpoint.substr(kScheme.size());
  std::string_view path;
  if (const std::size_t slash = host.find('/'); slash != host.npos) {
    path = host.substr(slash);
    host = host.substr(0, slash);
  }
  // Nobody asks: a password or an unknown host is an error.
  std::string command = "ssh -T -o BatchMode=yes -o ConnectTimeout=";
  command += kConnectTimeout;
  if (const std::size_t at = host.rfind('@'); at != host.npos) {
    const std::string_view user = host.substr(0, at);
    if (user.find(':') != user.npos) return invalid("credentials do not belong into an endpoint");
    if (!is_word(user, "._+-")) return invalid("endpoint with an odd user");
    command.append(" -l ").append(user);
    host.remove_prefix(at + 1);
  }
  const bool bracketed = host.starts_with('[');
  const std::size_t colon = host.find(':', bracketed ? std::min(host.find(']'), host.size()) : 0);
  if (colon != host.npos) {
    const std::optional<std::uint64_t> port = parse_u64(host.substr(colon + 1));
    if (!port || *port == 0 || *port > 65535) return invalid("endpoint with an odd port");
    command.append(" -p ").append(std::to_string(*port));
    host = host.substr(0, colon);
  }
  if (bracketed) {
    if (!host.ends_with(']')) return invalid("endpoint with an odd host");
    host = host.substr(1, host.size() - 2);
  }
  if (host.empty()) return invalid("endpoint without a host");
  if (!is_word(host, bracketed ? ".:" : "._-")) return invalid("endpoint with an odd host");
  command.append(" -- ").append(host).append(" docker");
  while (path.ends_with('/')) path.remove_suffix(1);
  if (!path.empty()) {
    if (!is_word(path, "/._+-@")) return invalid("endpoint with an odd path");
    command.append(" --host=unix://").append(path);
  }
  command += " system dial-stdio";

  rest::Server server;
  server.origin = "http://localhost";
  server.connector = std::make_shared<rest::Connector>(std::string(endpoint), std::move(command));
  return server;
}

}  // namespace sluice::providers::docker
