#include "providers/docker/process.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <vector>

#include "base/text.h"

namespace sluice::providers::docker {
namespace {

constexpr std::size_t kIdLength = 64;

// The first run of exactly 64 hexadecimal digits.
std::string find_id(std::string_view text) {
  std::size_t run = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    bool hex = i < text.size() && (is_digit(text[i]) || (text[i] >= 'a' && text[i] <= 'f'));
    if (hex) {
      ++run;
      continue;
    }
    if (run == kIdLength) return std::string(text.substr(i - kIdLength, kIdLength));
    run = 0;
  }
  return {};
}

std::string text_of_file(const char* path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

std::string container_id(std::string_view mountinfo, std::string_view cgroup) {
  static constexpr std::string_view kMounts[] = {"/etc/hostname", "/etc/hosts", "/etc/resolv.conf"};
  for (std::string_view line : split(mountinfo, '\n')) {
    // proc(5): mount id, parent, device, root of the mount in its file system, mount point, …
    std::vector<std::string_view> fields = split(line, ' ');
    if (fields.size() < 5 || std::find(std::begin(kMounts), std::end(kMounts), fields[4]) == std::end(kMounts))
      continue;
    if (fields[3].find("containers/") == std::string_view::npos) continue;
    if (std::string id = find_id(fields[3]); !id.empty()) return id;
  }
  for (std::string_view line : split(cgroup, '\n')) {
    bool engine = line.find("docker") != std::string_view::npos || line.find("libpod") != std::string_view::npos;
    if (!engine) continue;
    if (std::string id = find_id(line); !id.empty()) return id;
  }
  return {};
}

std::string own_container_id() {
  std::string id = container_id(text_of_file("/proc/self/mountinfo"), text_of_file("/proc/self/cgroup"));
  if (!id.empty()) return id;
  char name[256] = {};
  if (::gethostname(name, sizeof name - 1) != 0) return {};
  return name;
}

config::DockerProvider with_environment(config::DockerProvider options,
                                        const std::map<std::string, std::string>& variables) {
  auto value = [&](const char* name) {
    auto found = variables.find(name);
    return found == variables.end() ? std::string() : found->second;
  };
  if (std::string host = value("DOCKER_HOST"); !host.empty()) options.endpoint = host;
  if (std::string path = value("DOCKER_CERT_PATH"); !path.empty()) {
    config::ClientTls tls;
    tls.ca = path + "/ca.pem";
    tls.cert = path + "/cert.pem";
    tls.key = path + "/key.pem";
    tls.insecure_skip_verify = value("DOCKER_TLS_VERIFY").empty();
    options.tls = std::move(tls);
  }
  return options;
}

std::map<std::string, std::string> docker_variables() {
  std::map<std::string, std::string> variables;
  for (const char* name : {"DOCKER_HOST", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY", "DOCKER_API_VERSION"}) {
    if (const char* value = std::getenv(name); value != nullptr) variables[name] = value;  // NOLINT: one thread so far
  }
  return variables;
}

}  // namespace sluice::providers::docker
