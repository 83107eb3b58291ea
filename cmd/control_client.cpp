#include "cmd/control_client.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/control_paths.h"
#include "async/loop.h"
#include "async/scope.h"
#include "base/text.h"
#include "cmd/commands.h"
#include "cmd/static_configuration.h"
#include "rest/client.h"

namespace sluice::cmd {
namespace {

constexpr std::size_t kMostReply = std::size_t{256} << 20;

Task<void> send(rest::Client& client, rest::Call call, ControlReply& reply) {
  Result<rest::Reply> answer = co_await client.send(std::move(call));
  if (answer) {
    reply.status = answer->status;
    reply.body = std::move(answer->body);
  } else {
    reply.error = answer.error().text;
  }
  Loop::current().stop();
}

}  // namespace

ControlReply ask_instance(const std::string& socket, const std::string& path, const std::string& method,
                          Duration timeout) {
  std::vector<std::string> candidates{socket};
  if (socket.empty()) candidates = api::default_control_paths(environment());
  ControlReply reply;
  for (const std::string& candidate : candidates) {
    struct stat about {};
    if (stat(candidate.c_str(), &about) != 0) {
      reply.error += fmt::format("{}{}: no such socket", reply.error.empty() ? "" : "; ", candidate);
      continue;
    }
    // Anybody may make files below the directory for temporary ones.
    if (socket.empty() && &candidate == &candidates.back() && about.st_uid != geteuid()) {
      reply.error += fmt::format("{}{}: it belongs to another user", reply.error.empty() ? "" : "; ", candidate);
      continue;
    }
    rest::Call call;
    call.server.origin = "http://control";
    call.server.unix_socket = candidate;
    call.path = path;
    call.method = method;
    call.connect_timeout = call.timeout = timeout;
    call.max_reply = kMostReply;
    ControlReply one;
    Loop loop;
    rest::Client client(std::string("sluice/") + kVersion);
    Scope scope;
    scope.spawn(send(client, std::move(call), one));
    if (scope.running() > 0) loop.run();
    loop.run_ready();
    if (one.status != 0) return one;
    reply.error += fmt::format("{}{}: {}", reply.error.empty() ? "" : "; ", candidate, one.error);
  }
  return reply;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    const bool plain = is_alpha(c) || is_digit(c) || c == '-' || c == '_' || c == '.' || c == '~';
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

}  // namespace sluice::cmd
