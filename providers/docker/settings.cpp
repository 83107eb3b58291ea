#include "providers/docker/settings.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "async/child_process.h"
#include "base/text.h"
#include "config/problem_codes.h"
#include "providers/docker/ssh.h"

namespace sluice::providers::docker {
namespace {

class Refusal {
 public:
  Refusal(std::string_view path, config::Report& report) : path_(path), report_(report) {}

  std::nullopt_t operator()(std::string_view option, std::string_view what, std::string fix) const {
    config::Problem problem;
    problem.code = config::code::kWrongValue;
    problem.what = fmt::format("{}.{}: {}", path_, option, what);
    problem.effect = "the provider does not start";
    problem.fix = std::move(fix);
    report_.push_back(std::move(problem));
    return std::nullopt;
  }

 private:
  std::string_view path_;
  config::Report& report_;
};

}  // namespace

std::optional<Settings> Settings::of(const config::DockerProvider& options, std::string_view path,
                                     config::Report& report) {
  const Refusal refuse(path, report);
  const bool far = istarts_with(options.endpoint, "ssh://");
  Result<rest::Server> server =
      far ? ssh_server(options.endpoint) : rest::Server::parse(options.endpoint, options.tls.has_value());
  if (!server) {
    return refuse("endpoint", server.error().text,
                  "unix:///path, tcp://host:port, http(s)://host:port or ssh://[user@]host[:port]");
  }
  if (far && !is_program("ssh")) {
    return refuse("endpoint", "ssh:// needs the program ssh, and PATH has none",
                  "add it to the image, or forward the socket, ssh -nNT -L "
                  "/run/sluice/docker.sock:/var/run/docker.sock user@host, and name unix:///run/sluice/docker.sock");
  }
  if (!options.username.empty() && !options.password.empty()) {  // as Traefik
    server->username = options.username;
    server->password = options.password;
  }
  if (options.tls) {
    server->tls.ca = options.tls->ca;
    server->tls.certificate = options.tls->cert;
    server->tls.key = options.tls->key;
    server->tls.insecure_skip_verify = options.tls->insecure_skip_verify;
  }
  std::string error;
  std::optional<DefaultRule> default_rule = DefaultRule::parse(options.default_rule, error);
  if (!default_rule) return refuse("defaultRule", error, "correct the template, see docs/docker.md");
  InferenceOptions inference;
  inference.exposure.by_default = options.exposed_by_default;
  inference.exposure.keep_paused = options.keep_paused;
  if (!trim(options.constraints).empty()) {
    inference.exposure.constraint = Constraint::parse(options.constraints, error);
    if (!inference.exposure.constraint) {
      return refuse("constraints", error, "Label(`key`, `value`), LabelRegex(`key`, `regexp`), &&, ||, ! and ()");
    }
  }
  inference.surroundings.network = options.network;
  inference.surroundings.use_bind_port_ip = options.use_bind_port_ip;
  return Settings{*std::move(server), *std::move(default_rule), std::move(inference)};
}

config::DockerProvider common_options(const config::SwarmProvider& options) {
  config::DockerProvider common;
  common.endpoint = options.endpoint;
  common.username = options.username;
  common.password = options.password;
  common.tls = options.tls;
  common.http_client_timeout = options.http_client_timeout;
  common.exposed_by_default = options.exposed_by_default;
  common.constraints = options.constraints;
  common.default_rule = options.default_rule;
  common.network = options.network;
  common.use_bind_port_ip = options.use_bind_port_ip;
  common.watch = options.watch;
  return common;
}

}  // namespace sluice::providers::docker
