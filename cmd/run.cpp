// run.cpp: `sluice run`: reads the static configuration, names the providers and middlewares, and runs.
#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <map>

#include "acme/provider.h"
#include "api/control_paths.h"
#include "api/control_socket.h"
#include "cmd/commands.h"
#include "cmd/middleware_kinds.h"
#include "cmd/static_configuration.h"
#include "control/control.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "providers/docker/process.h"
#include "providers/docker/provider.h"
#include "providers/docker/swarm_provider.h"
#include "providers/file/provider.h"
#include "providers/http/provider.h"
#include "rest/client.h"

namespace sluice::cmd {
namespace {

// Every connection is a descriptor: the limit is raised as far as the system lets us.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// What crashes holds private keys, and they stay off the disk. 1 and not 0: where the kernel hands cores to a program,
// 0 limits nothing, and 1 means none at all.
void write_no_cores() {
  rlimit limit{};
  if (getrlimit(RLIMIT_CORE, &limit) != 0) return;
  limit.rlim_cur = std::min<rlim_t>(1, limit.rlim_max);
  setrlimit(RLIMIT_CORE, &limit);
}

// Buffers of connections come and go. Without this the allocator gives each large one back to the system, which clears
// the same pages again a moment later: a fifth of the time of a large response over HTTP/2. Each worker may keep so
// much.
void keep_freed_memory() {
  mallopt(M_MMAP_THRESHOLD, 1024 * 1024);
  mallopt(M_TRIM_THRESHOLD, 16 * 1024 * 1024);
}

Status open_log(const config::Log& settings) {
  log::Settings log_settings;
  log_settings.level = log::parse_level(settings.level).value_or(log::Level::error);
  log_settings.format = settings.format == "json" ? log::Format::json : log::Format::common;
  log_settings.color = settings.no_color ? log::Color::never : log::Color::automatic;
  log_settings.file_path = settings.file_path;
  log_settings.max_size_mib = settings.max_size;
  log_settings.max_backups = settings.max_backups;
  log_settings.max_age_days = settings.max_age;
  return log::open(log_settings);
}

std::vector<std::unique_ptr<control::Provider>> make_providers(const config::Static& configuration,
                                                               rest::Client& client, config::Report& report) {
  std::vector<std::unique_ptr<control::Provider>> providers;
  std::map<std::string, std::string> variables = providers::docker::docker_variables();
  if (configuration.providers.docker) {
    config::DockerProvider options = providers::docker::with_environment(*configuration.providers.docker, variables);
    providers.push_back(providers::docker::DockerProvider::make(options, client, providers::docker::own_container_id(),
                                                                report, {}, variables["DOCKER_API_VERSION"]));
  }
  if (configuration.providers.swarm) {
    providers.push_back(
        providers::docker::SwarmProvider::make(*configuration.providers.swarm, client, report, {}, variables));
  }
  if (configuration.providers.file) {
    providers.push_back(providers::file::FileProvider::make(*configuration.providers.file, report));
  }
  if (configuration.providers.http) {
    providers.push_back(providers::http::HttpProvider::make(*configuration.providers.http, client, report));
  }
  std::erase(providers, nullptr);
  return providers;
}

// Opens the control socket. Without one the proxy runs all the same: only the commands that ask it have nobody to ask.
bool open_control(const config::Static& configuration, api::ControlSocket& socket) {
  const std::string& wanted = configuration.control_socket;
  if (wanted == "none") return false;
  std::vector<std::string> paths{wanted};
  if (wanted.empty()) paths = api::default_control_paths(environment());
  std::string why;
  for (const std::string& path : paths) {
    Status opened = socket.open(path);
    if (opened) {
      log::info("control socket", {{"path", path}});
      return true;
    }
    why += (why.empty() ? "" : "; ") + path + ": " + std::string(opened.error().text);
    if (opened.error().code == Code::unavailable) break;  // another instance of ours has the default one
  }
  const std::string text = "no control socket: sluice status, get and explain cannot ask this process (" + why + ")";
  wanted.empty() ? log::info(text) : log::warn(text);
  return false;
}

void log_report(const config::Report& report) {
  for (const config::Problem& problem : report) {
    std::string line = config::to_line(problem);
    problem.severity == config::Severity::error ? log::error(line) : log::warn(line);
  }
}

}  // namespace

int run(const std::vector<std::string>& arguments) {
  config::LoadedStatic loaded = load_static(arguments);
  if (loaded.help_requested) return help({});
  if (!loaded.configuration) {
    print_report(loaded.report);
    return 1;
  }
  const config::Static& configuration = *loaded.configuration;
  Status log_opened = open_log(configuration.log);
  if (!log_opened) {
    std::fprintf(stderr, "error: the log file %s cannot be opened: %s\n", configuration.log.file_path.c_str(),
                 std::string(log_opened.error().text).c_str());
    return 1;
  }
  raise_descriptor_limit();
  write_no_cores();
  keep_freed_memory();
  log_report(loaded.report);
  log::info("Sluice starts", {{"version", kVersion}});
  int status = 1;
  {
    observe::Metrics metrics;
    Loop loop;
    rest::Client client(std::string("sluice/") + kVersion);
    config::Report report;
    std::vector<std::unique_ptr<control::Provider>> providers = make_providers(configuration, client, report);
    acme::AcmeProvider* certificates = nullptr;
    if (!configuration.certificates_resolvers.empty()) {
      auto provider = std::make_unique<acme::AcmeProvider>(configuration, environment(), client, metrics);
      certificates = provider.get();
      providers.push_back(std::move(provider));
    }
    if (config::has_errors(report)) {
      log_report(report);
    } else {
      control::Control control(configuration, middleware_kinds(), std::move(providers), metrics);
      if (certificates != nullptr) certificates->attach(control.challenges());
      config::Report problems = control.start();
      report.insert(report.end(), problems.begin(), problems.end());
      log_report(report);
      if (!config::has_errors(report)) {
        api::ControlSocket socket(control, metrics, certificates);
        if (open_control(configuration, socket)) control.accompany(socket.run());
        status = control.run();
      }
    }
  }
  log::info("Sluice has ended");
  log::close();
  return status;
}

}  // namespace sluice::cmd
