#include "acme/dns/lookup.h"

#include <array>
#include <fstream>
#include <iterator>
#include <optional>

#include "acme/dns/name.h"
#include "async/offload.h"
#include "base/text.h"

namespace sluice::acme::dns {
namespace {

constexpr std::array<std::uint16_t, 2> kAddressTypes = {type::kA, type::kAaaa};

bool is_end(const Error& error) { return error.code == Code::cancelled; }

bool says_something(const Message& reply) {
  return reply.rcode() == rcode::kNoError || reply.rcode() == rcode::kNxDomain;
}

std::vector<SocketAddress> all_addresses(const std::vector<NameServer>& servers) {
  std::vector<SocketAddress> addresses;
  for (const NameServer& server : servers) {
    addresses.insert(addresses.end(), server.addresses.begin(), server.addresses.end());
  }
  return addresses;
}

// The zone that a negative or positive answer about `name` names by its SOA; empty when it names none.
std::string zone_in(const Message& reply, std::string_view name) {
  for (const Record& record : reply.answers) {
    if (record.type == type::kCname) return {};  // what follows is about another name
    if (record.type == type::kSoa && record.name == name) return record.name;
  }
  for (const Record& record : reply.authorities) {
    if (record.type == type::kSoa && record.name != "." && is_within(name, record.name)) return record.name;
  }
  return {};
}

// The zone below `zone` that its server refers to for `name`, with its servers; empty when this is no referral.
std::string referral_in(const Message& reply, std::string_view name, std::string_view zone,
                        std::vector<std::string>& servers) {
  std::string below;
  if (!reply.answers.empty() || reply.is_authoritative()) return below;
  for (const Record& record : reply.authorities) {
    if (record.type != type::kNs || record.name == zone) continue;
    if (!is_within(name, record.name) || !is_within(record.name, zone)) continue;
    Result<std::string> server = target_of(record);
    if (!server) continue;
    below = record.name;
    servers.push_back(std::move(*server));
  }
  return below;
}

}  // namespace

// What the own servers of a name say about it.
struct Lookup::Step {
  std::string cname;  // where it leads to, or empty
  std::string zone;
  std::vector<NameServer> servers;
};

Task<Result<std::vector<SocketAddress>>> Lookup::resolvers(std::string& why) {
  std::vector<ServerName> servers = settings_.resolvers;
  if (servers.empty()) {
    auto call = offload([path = settings_.resolv_conf] {
      std::ifstream file(path, std::ios::binary);
      return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    });
    std::string text = co_await call;
    servers = parse_resolv_conf(text);
  }
  std::vector<SocketAddress> all;
  for (const ServerName& server : servers) {
    Result<std::vector<SocketAddress>> addresses = co_await addresses_of(server);
    if (addresses) all.insert(all.end(), addresses->begin(), addresses->end());
  }
  if (all.empty()) {
    why = "none of the DNS servers " + servers.front().to_string() + "… has an address";
    co_return Error::of(Code::not_found, "no DNS server");
  }
  co_return all;
}

Task<Result<Message>> Lookup::ask(std::vector<SocketAddress> servers, std::string name, std::uint16_t type,
                                  bool recursive, std::string& why) {
  std::string troubles;
  std::optional<Message> last;
  Error error = Error::of(Code::not_found, "no name server to ask");
  for (const SocketAddress& server : servers) {
    Result<std::string> query = encode(make_query(name, type, recursive));
    if (!query) co_return query.error();
    Result<Answer> answer = co_await exchange(server, *query, settings_.timeout, settings_.transport);
    if (!answer) {
      error = answer.error();
      if (is_end(error)) co_return error;
      troubles += (troubles.empty() ? "" : ", ") + server.to_string() + ": " + std::string(error.text);
      continue;
    }
    bool is_last = says_something(answer->message);
    if (is_last || !last) last = std::move(answer->message);
    if (is_last) break;
  }
  if (last) co_return std::move(*last);
  why = "no answer about " + name + (troubles.empty() ? "" : " (" + troubles + ")");
  co_return error;
}

Task<Result<std::string>> Lookup::zone_at(std::vector<SocketAddress> servers, std::string name, std::string& why) {
  for (std::string domain = name; domain != "."; domain = parent_name(domain)) {
    Result<Message> reply = co_await ask(servers, domain, type::kSoa, true, why);
    if (!reply) co_return reply.error();
    if (!says_something(*reply)) {
      why = "asked for the SOA of " + domain + ", the name server said " + rcode_name(reply->rcode());
      co_return Error::of(Code::unavailable, "no zone", Origin::upstream);
    }
    std::string zone = zone_in(*reply, domain);
    if (!zone.empty()) co_return zone;
  }
  why = "no zone has " + name;
  co_return Error::of(Code::not_found, "no zone", Origin::upstream);
}

Task<Result<std::vector<NameServer>>> Lookup::with_addresses(std::vector<SocketAddress> resolvers,
                                                             std::vector<std::string> names, std::string& why) {
  std::vector<NameServer> servers;
  for (const std::string& name : names) {
    NameServer server{name, {}};
    for (std::uint16_t type : kAddressTypes) {
      Result<Message> reply = co_await ask(resolvers, name, type, true, why);
      if (!reply && is_end(reply.error())) co_return reply.error();
      if (!reply) continue;
      for (const Record& record : reply->answers) {
        Result<IpAddress> address = address_of(record);
        if (address) server.addresses.push_back({*address, settings_.authority_port});
      }
    }
    if (server.addresses.empty() && why.empty()) why = "the name server " + name + " has no address";
    servers.push_back(std::move(server));
  }
  if (all_addresses(servers).empty()) co_return Error::of(Code::not_found, "no name server", Origin::upstream);
  co_return std::move(servers);
}

Task<Result<std::vector<NameServer>>> Lookup::servers_of(std::vector<SocketAddress> resolvers, std::string zone,
                                                         std::string& why) {
  Result<Message> reply = co_await ask(resolvers, zone, type::kNs, true, why);
  if (!reply) co_return reply.error();
  std::vector<std::string> names;
  for (const Record& record : reply->answers) {
    Result<std::string> name = target_of(record);
    if (record.type == type::kNs && record.name == zone && name) names.push_back(std::move(*name));
  }
  if (names.empty()) {
    why = "the zone " + zone + " has no name servers (" + rcode_name(reply->rcode()) + ")";
    co_return Error::of(Code::not_found, "no name server", Origin::upstream);
  }
  Result<std::vector<NameServer>> servers = co_await with_addresses(resolvers, std::move(names), why);
  co_return servers;
}

Task<Result<Lookup::Step>> Lookup::step(std::vector<SocketAddress> resolvers, std::string name, std::string& why) {
  Step found;
  // The name itself may not exist yet; what it is below of does.
  Result<std::string> zone = co_await zone_at(resolvers, parent_name(name), why);
  if (!zone) co_return zone.error();
  found.zone = std::move(*zone);
  Result<std::vector<NameServer>> servers = co_await servers_of(resolvers, found.zone, why);
  if (!servers) co_return servers.error();
  found.servers = std::move(*servers);
  for (int i = 0; i < kMostHops; ++i) {
    Result<Message> reply = co_await ask(all_addresses(found.servers), name, type::kCname, false, why);
    if (!reply) co_return reply.error();
    if (!says_something(*reply)) {
      why = "the name servers of " + found.zone + " say " + rcode_name(reply->rcode()) + " about " + name;
      co_return Error::of(Code::unavailable, "no answer", Origin::upstream);
    }
    found.cname = cname_of(*reply, name);
    if (!found.cname.empty()) co_return std::move(found);
    std::vector<std::string> below;
    std::string referred = referral_in(*reply, name, found.zone, below);
    if (!referred.empty()) {
      Result<std::vector<NameServer>> next = co_await with_addresses(resolvers, std::move(below), why);
      if (!next) co_return next.error();
      found.zone = std::move(referred);
      found.servers = std::move(*next);
      continue;
    }
    // One server may have the zone below too; then it answers from there at once.
    std::string own = zone_in(*reply, name);
    if (own.empty() || own == found.zone || !is_within(own, found.zone)) co_return std::move(found);
    Result<std::vector<NameServer>> next = co_await servers_of(resolvers, own, why);
    if (!next) co_return next.error();
    found.zone = std::move(own);
    found.servers = std::move(*next);
    co_return std::move(found);
  }
  why = "too many referrals on the way to " + name;
  co_return Error::of(Code::invalid, "too many referrals", Origin::upstream);
}

Task<Status> Lookup::look_through_resolvers(std::vector<SocketAddress> resolvers, Place& place, int hops,
                                            std::string& why) {
  while (settings_.follow_cnames) {
    std::string trouble;
    Result<Message> reply = co_await ask(resolvers, place.name, type::kCname, true, trouble);
    if (!reply && is_end(reply.error())) co_return reply.error();
    std::string cname = reply ? cname_of(*reply, place.name) : std::string();
    if (cname.empty()) break;
    if (++hops > kMostHops) {
      why = "more than " + std::to_string(kMostHops) + " CNAMEs, or a loop of them, up to " + place.name;
      co_return Error::of(Code::invalid, "too many CNAMEs", Origin::upstream);
    }
    place.name = std::move(cname);
  }
  Result<std::string> zone = co_await zone_at(resolvers, place.name, place.trouble);
  if (!zone && is_end(zone.error())) co_return zone.error();
  if (!zone) co_return Status();
  place.zone = std::move(*zone);
  place.trouble.clear();
  if (!settings_.ask_authorities) co_return Status();
  Result<std::vector<NameServer>> servers = co_await servers_of(resolvers, place.zone, place.trouble);
  if (!servers && is_end(servers.error())) co_return servers.error();
  if (servers) place.servers = std::move(*servers);
  co_return Status();
}

Task<Result<Place>> Lookup::place_of(std::string name, std::string& why) {
  Place place;
  Result<std::string> canonical = canonical_name(name);
  if (!canonical) {
    why = name + " is no domain name: " + std::string(canonical.error().text);
    co_return canonical.error();
  }
  place.name = std::move(*canonical);
  Result<std::vector<SocketAddress>> resolvers = co_await this->resolvers(why);
  if (!resolvers) co_return resolvers.error();
  int hops = 0;
  while (settings_.ask_authorities) {
    std::string trouble;
    Result<Step> found = co_await step(*resolvers, place.name, trouble);
    if (!found && is_end(found.error())) co_return found.error();
    if (!found) break;
    if (found->cname.empty() || !settings_.follow_cnames) {
      place.zone = std::move(found->zone);
      place.servers = std::move(found->servers);
      co_return std::move(place);
    }
    if (++hops > kMostHops) {
      why = "more than " + std::to_string(kMostHops) + " CNAMEs, or a loop of them, up to " + place.name;
      co_return Error::of(Code::invalid, "too many CNAMEs", Origin::upstream);
    }
    place.name = std::move(found->cname);
  }
  Status looked = co_await look_through_resolvers(std::move(*resolvers), place, hops, why);
  if (!looked) co_return looked.error();
  co_return std::move(place);
}

}  // namespace sluice::acme::dns
