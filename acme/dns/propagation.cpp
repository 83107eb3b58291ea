#include "acme/dns/propagation.h"

#include <algorithm>

#include "async/timer.h"
#include "base/text.h"

namespace sluice::acme::dns {
namespace {

// A server, or a resolver, that has to show the record.
struct Witness {
  std::string label;
  std::vector<SocketAddress> addresses;  // one of them
  bool recursive = false;
  bool has_seen = false;
};

// What a reply has instead of the value.
std::string shortfall(const Message& reply, std::string_view name) {
  if (reply.rcode() != rcode::kNoError) return "says " + rcode_name(reply.rcode()) + " about " + std::string(name);
  std::vector<std::string> values = txt_values(reply, name);
  if (values.empty()) return "has no TXT record at " + std::string(name);
  std::string text = "has another value at " + std::string(name) + ":";
  for (const std::string& value : values) text += " \"" + printable(value, 100) + "\"";
  return text;
}

// Asks whoever has not seen the value yet. True when none is left; else `why` speaks of the first that lacks it.
Task<Result<bool>> ask_all(Lookup& lookup, std::vector<Witness>& witnesses, const std::string& name,
                           const std::string& value, std::string& why) {
  bool all = true;
  for (Witness& witness : witnesses) {
    if (witness.has_seen) continue;
    std::string trouble;
    Result<Message> reply = co_await lookup.ask(witness.addresses, name, type::kTxt, witness.recursive, trouble);
    if (!reply && reply.error().code == Code::cancelled) co_return reply.error();
    if (reply) {
      std::vector<std::string> values = txt_values(*reply, name);
      witness.has_seen = std::find(values.begin(), values.end(), value) != values.end();
      if (!witness.has_seen) trouble = witness.label + " " + shortfall(*reply, name);
    } else {
      trouble = witness.label + ": " + trouble;
    }
    if (!witness.has_seen && all) why = std::move(trouble);
    all = all && witness.has_seen;
  }
  co_return all;
}

std::vector<Witness> authorities_of(const Place& place) {
  std::vector<Witness> witnesses;
  for (const NameServer& server : place.servers) {
    witnesses.push_back({"the name server " + server.name, server.addresses, false, false});
  }
  return witnesses;
}

Task<Result<std::vector<Witness>>> resolver_witnesses(Lookup& lookup, std::string& why) {
  Result<std::vector<SocketAddress>> addresses = co_await lookup.resolvers(why);
  if (!addresses) co_return addresses.error();
  std::vector<Witness> witnesses;
  for (const SocketAddress& address : *addresses) {
    witnesses.push_back({"the resolver " + address.to_string(), {address}, true, false});
  }
  co_return std::move(witnesses);
}

}  // namespace

PropagationRules PropagationRules::of(const config::DnsChallenge& settings) {
  PropagationRules rules;
  rules.no_checks = settings.disable_propagation_check;
  rules.delay = settings.delay_before_check;
  if (!settings.propagation) return rules;
  const config::DnsPropagation& written = *settings.propagation;
  rules.ask_authorities = !written.disable_ans_checks;
  rules.ask_all_resolvers = written.require_all_rns;
  rules.no_checks = rules.no_checks || written.disable_checks;
  rules.delay = std::max(rules.delay, written.delay_before_checks);
  return rules;
}

Task<Status> wait_for_propagation(Lookup& lookup, Place place, std::string value, PropagationRules rules,
                                  PropagationTiming timing, std::string& why) {
  if (rules.delay > Duration(0)) {
    Status slept = co_await sleep_for(rules.delay);
    if (!slept) co_return slept.error();
  }
  if (rules.no_checks) co_return Status();
  Loop& loop = Loop::current();
  Deadline deadline = loop.read_clock() + timing.timeout;
  std::vector<Witness> authorities = authorities_of(place);
  std::vector<Witness> resolvers;
  for (;;) {
    bool seen = !rules.ask_authorities;
    if (!seen && authorities.empty()) {
      Result<Place> found = co_await lookup.place_of(place.name, why);
      if (!found) co_return found.error();
      authorities = authorities_of(*found);
      if (authorities.empty()) why = "the name servers of " + place.name + " were not found: " + found->trouble;
    }
    if (!seen && !authorities.empty()) {
      Result<bool> asked = co_await ask_all(lookup, authorities, place.name, value, why);
      if (!asked) co_return asked.error();
      seen = *asked;
    }
    if (seen && rules.ask_all_resolvers) {
      if (resolvers.empty()) {
        Result<std::vector<Witness>> found = co_await resolver_witnesses(lookup, why);
        if (!found) co_return found.error();
        resolvers = std::move(*found);
      }
      Result<bool> asked = co_await ask_all(lookup, resolvers, place.name, value, why);
      if (!asked) co_return asked.error();
      seen = *asked;
    }
    if (seen) co_return Status();
    if (loop.read_clock() + timing.interval > deadline) {
      why = "the record was not seen everywhere within " + format_duration(timing.timeout) + ": " + why;
      co_return Error::of(Code::timed_out, "the DNS record was not seen everywhere in time", Origin::upstream);
    }
    Status slept = co_await sleep_for(timing.interval);
    if (!slept) co_return slept.error();
  }
}

}  // namespace sluice::acme::dns
