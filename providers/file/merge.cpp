#include "providers/file/merge.h"

#include <fmt/format.h>

#include <map>
#include <string>

#include "providers/file/problem_codes.h"

namespace sluice::providers::file {

namespace {

template <class Object>
void add(const std::map<std::string, Object>& from, std::map<std::string, Object>& all, std::string_view section,
         config::Severity severity, config::Report& report) {
  for (const auto& [name, object] : from) {
    const auto [known, fresh] = all.try_emplace(name, object);
    if (fresh) continue;
    const std::string first = config::to_string(known->second.source);
    report.push_back({severity, std::string(code::kDuplicate),
                      fmt::format("{}.{} is defined in {} already", section, name, first), object.source,
                      fmt::format("the definition in {} is used", first), "give one of the two another name"});
  }
}

}  // namespace

void merge(const config::Dynamic& file, config::Dynamic& all, config::Severity severity, config::Report& report) {
  add(file.http.routers, all.http.routers, "http.routers", severity, report);
  add(file.http.services, all.http.services, "http.services", severity, report);
  add(file.http.middlewares, all.http.middlewares, "http.middlewares", severity, report);
  add(file.http.servers_transports, all.http.servers_transports, "http.serversTransports", severity, report);
  add(file.tcp.routers, all.tcp.routers, "tcp.routers", severity, report);
  add(file.tcp.services, all.tcp.services, "tcp.services", severity, report);
  add(file.tcp.middlewares, all.tcp.middlewares, "tcp.middlewares", severity, report);
  add(file.tcp.servers_transports, all.tcp.servers_transports, "tcp.serversTransports", severity, report);
  add(file.udp.routers, all.udp.routers, "udp.routers", severity, report);
  add(file.udp.services, all.udp.services, "udp.services", severity, report);
  add(file.tls.options, all.tls.options, "tls.options", severity, report);
  add(file.tls.stores, all.tls.stores, "tls.stores", severity, report);
  all.tls.certificates.insert(all.tls.certificates.end(), file.tls.certificates.begin(), file.tls.certificates.end());
}

}  // namespace sluice::providers::file
