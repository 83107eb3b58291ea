#include "control/entry_points.h"

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "base/text.h"
#include "config/entry_point_address.h"
#include "control/problems.h"
#include "net/resolver.h"

namespace sluice::control {
namespace {

std::string host_name() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 ? name : "";
}

void set_limits(const config::EntryPoint& from, server::EntryPointSettings& to) {
  const config::EntryPointHttp& http = from.http;
  config::EntryPointHttp defaults;
  // Traefik's default of 1 MiB is more than any client needs; whoever writes a number gets that number.
  if (http.max_header_bytes != defaults.max_header_bytes && http.max_header_bytes > 0) {
    to.limits.max_header_bytes = static_cast<std::uint32_t>(std::min<std::int64_t>(http.max_header_bytes, 16 << 20));
  }
  if (iequals(http.underscore_headers_strategy, "delete")) to.limits.underscores = http::h1::Underscores::remove;
  if (iequals(http.underscore_headers_strategy, "reject")) to.limits.underscores = http::h1::Underscores::reject;
  to.limits.target.sanitize = http.sanitize_path;
  to.limits.target.encode_query_semicolons = http.encode_query_semicolons;
}

// The nearest value that a peer of HTTP/2 may be told.
std::uint32_t setting_of(std::int64_t value, std::uint32_t least, std::uint32_t most) {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(value, least, most));
}

void set_http2(const config::EntryPointHttp2& from, server::EntryPointSettings& to) {
  config::EntryPointHttp2 defaults;
  // Traefik's default of 250 serves nobody better; whoever writes a number gets that number.
  if (from.max_concurrent_streams != defaults.max_concurrent_streams) {
    to.max_concurrent_streams = setting_of(from.max_concurrent_streams, 1, 100'000);
  }
  to.decoder_table = setting_of(from.max_decoder_header_table_size, 0, 65'536);
  to.encoder_table = setting_of(from.max_encoder_header_table_size, 0, 65'536);
}

CidrSet networks(const std::vector<std::string>& written, std::string_view option, const std::string& name,
                 const config::Source& source, config::Report& report) {
  for (const std::string& entry : written) {
    if (Cidr::parse(trim(entry))) continue;
    report.push_back(problem(
        code::kAddress, fmt::format("entryPoints.{}.{}.trustedIPs: {} is no address or network", name, option, entry),
        source, "Sluice does not start", "write 10.0.0.1 or 10.0.0.0/8"));
    return {};
  }
  return *CidrSet::parse(written);
}

void set_forwarded(const config::EntryPoint& from, const config::Static& configuration, const std::string& name,
                   server::EntryPointSettings& to, config::Report& report) {
  const config::ForwardedHeaders& headers = from.forwarded_headers;
  to.trust_everyone = headers.insecure;
  to.kept_connection_fields = headers.connection;
  to.append_forwarded_for = !headers.not_append_x_forwarded_for && !configuration.global.not_append_x_forwarded_for;
  to.scheme_fields = headers.add_x_forwarded_scheme_headers;
  to.trusted = networks(headers.trusted_ips, "forwardedHeaders", name, from.source, report);
}

void set_proxy_protocol(const config::EntryPoint& from, const std::string& name, server::EntryPointSettings& to,
                        config::Report& report) {
  if (!from.proxy_protocol) return;
  server::EntryPointSettings::ProxyProtocol believed;
  believed.trust_everyone = from.proxy_protocol->insecure;
  believed.trusted = networks(from.proxy_protocol->trusted_ips, "proxyProtocol", name, from.source, report);
  to.proxy_protocol = std::move(believed);
}

void set_transport(const config::EntryPointTransport& from, server::EntryPointSettings& to) {
  to.read_timeout = from.responding_timeouts.read_timeout;
  to.write_timeout = from.responding_timeouts.write_timeout;
  to.idle_timeout = from.responding_timeouts.idle_timeout;
  to.keep_alive_max_requests = from.keep_alive_max_requests;
  to.keep_alive_max_time = from.keep_alive_max_time;
}

Result<SocketAddress> resolve(const config::EntryPointAddress& address) {
  if (address.host.empty()) return SocketAddress{IpAddress(), address.port};
  Result<IpAddress> literal = IpAddress::parse(address.host);
  if (literal) return SocketAddress{*literal, address.port};
  Result<net::Resolver::Addresses> found = net::Resolver::system_lookup(address.host);
  if (!found) return found.error();
  return SocketAddress{found->front(), address.port};
}

}  // namespace

EntryPoints make_entry_points(const config::Static& configuration) {
  EntryPoints made;
  for (const auto& [name, entry_point] : configuration.entry_points) {
    std::optional<config::EntryPointAddress> address = config::parse_entry_point_address(entry_point.address);
    if (!address) {
      made.report.push_back(problem(code::kAddress,
                                    fmt::format("entryPoints.{}.address {} cannot be read", name, entry_point.address),
                                    entry_point.source, "Sluice does not start", "write :80 or 127.0.0.1:80"));
      continue;
    }
    Result<SocketAddress> resolved = resolve(*address);
    if (!resolved) {
      made.report.push_back(problem(
          code::kAddress, fmt::format("entryPoints.{}.address: {}: {}", name, address->host, resolved.error().text),
          entry_point.source, "Sluice does not start", "use an address of this machine"));
      continue;
    }
    server::EntryPointSettings settings;
    settings.name = name;
    settings.address = *resolved;
    settings.udp = address->transport == config::Transport::udp;
    settings.udp_timeout = entry_point.udp.timeout;
    settings.server_name = host_name();
    set_limits(entry_point, settings);
    set_http2(entry_point.http2, settings);
    set_forwarded(entry_point, configuration, name, settings, made.report);
    set_proxy_protocol(entry_point, name, settings, made.report);
    set_transport(entry_point.transport, settings);
    made.settings.push_back(std::move(settings));
  }
  return made;
}

unsigned default_workers() {
  cpu_set_t set;
  CPU_ZERO(&set);
  unsigned cpus = sched_getaffinity(0, sizeof set, &set) == 0 ? static_cast<unsigned>(CPU_COUNT(&set)) : 1;
  // cgroup v2: "quota period" in microseconds, or "max period".
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  double quota = 0;
  double period = 0;
  if (file >> quota >> period && period > 0) {
    cpus = std::min(cpus, static_cast<unsigned>(std::max(1.0, std::ceil(quota / period))));
  }
  return std::max(cpus, 1U);
}

}  // namespace sluice::control
