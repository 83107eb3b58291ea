// The provider `rfc2136` (in lego 5 `dnsupdate`): the name server itself takes changes (RFC 2136), signed with a shared
// key (RFC 8945). Variables begin with RFC2136_ or DNSUPDATE_.
#include <ctime>

#include "acme/dns/environment.h"
#include "acme/dns/name.h"
#include "acme/dns/providers.h"
#include "acme/dns/tsig.h"
#include "base/text.h"

namespace sluice::acme::dns {
namespace {

class Rfc2136Provider final : public Provider {
 public:
  Rfc2136Provider(Lookup& lookup, Environment& variables) : lookup_(lookup) {
    std::string server = variables.required({"RFC2136_NAMESERVER", "DNSUPDATE_NAMESERVER"});
    Result<ServerName> parsed = ServerName::parse(server);
    if (parsed) {
      server_ = std::move(*parsed);
    } else if (!server.empty()) {
      variables.problem("RFC2136_NAMESERVER is " + std::string(parsed.error().text));
    }
    read_key(variables);
    read_zones(variables);
    timeout_ = variables.seconds({"RFC2136_DNS_TIMEOUT", "DNSUPDATE_DNS_TIMEOUT"}, 10s);
    ttl_ = static_cast<std::uint32_t>(variables.number({"RFC2136_TTL", "DNSUPDATE_TTL"}, 120, 0));
    timing_.timeout = variables.seconds({"RFC2136_PROPAGATION_TIMEOUT", "DNSUPDATE_PROPAGATION_TIMEOUT"}, 60s);
    timing_.interval = variables.seconds({"RFC2136_POLLING_INTERVAL", "DNSUPDATE_POLLING_INTERVAL"}, 2s);
    interval_ = variables.seconds({"RFC2136_SEQUENCE_INTERVAL", "DNSUPDATE_SEQUENCE_INTERVAL"}, 0s);
  }

  std::string_view name() const override { return "rfc2136"; }
  PropagationTiming timing() const override { return timing_; }
  bool one_at_a_time() const override { return interval_ > Duration(0); }
  Duration interval() const override { return interval_; }

  Task<Status> add(const Change& change, std::string& why) override {
    Status updated = co_await update(change, TxtChange::add, why);
    co_return updated;
  }
  Task<Status> remove(const Change& change, std::string& why) override {
    Status updated = co_await update(change, TxtChange::remove, why);
    co_return updated;
  }

 private:
  void read_key(Environment& variables) {
    std::string path = variables.text({"RFC2136_TSIG_FILE", "DNSUPDATE_TSIG_FILE"});
    if (!path.empty()) {
      std::string text = variables.file("RFC2136_TSIG_FILE", path);
      Result<TsigKey> key = TsigKey::parse_file(text);
      if (key) {
        key_ = std::move(*key);
      } else if (!text.empty()) {
        variables.problem("RFC2136_TSIG_FILE names " + path + ": " + std::string(key.error().text));
      }
      return;
    }
    std::string name = variables.text({"RFC2136_TSIG_KEY", "DNSUPDATE_TSIG_KEY"});
    std::string secret = variables.text({"RFC2136_TSIG_SECRET", "DNSUPDATE_TSIG_SECRET"});
    std::string algorithm = variables.text({"RFC2136_TSIG_ALGORITHM", "DNSUPDATE_TSIG_ALGORITHM"}, "hmac-sha1.");
    if (name.empty() || secret.empty()) return;  // as lego: then nothing is signed
    Result<TsigKey> key = TsigKey::make(name, algorithm, secret);
    if (key) {
      key_ = std::move(*key);
    } else {
      variables.problem("the TSIG key of RFC2136_TSIG_KEY, _ALGORITHM and _SECRET is " + std::string(key.error().text));
    }
  }

  void read_zones(Environment& variables) {
    for (const std::string& written : split_list(variables.text({"RFC2136_ZONES", "DNSUPDATE_ZONES"}))) {
      Result<std::string> zone = canonical_name(written);
      if (zone) {
        zones_.push_back(std::move(*zone));
      } else {
        variables.problem("RFC2136_ZONES has \"" + written + "\", which is no zone");
      }
    }
  }

  // The longest of the given zones the name is in; without given zones, what the server says.
  Task<Result<std::string>> zone_of(std::vector<SocketAddress> servers, std::string name, std::string& why) {
    std::string longest;
    for (const std::string& zone : zones_) {
      if (is_within(name, zone) && zone.size() > longest.size()) longest = zone;
    }
    if (!longest.empty()) co_return longest;
    if (!zones_.empty()) {
      why = name + " is in none of the zones of RFC2136_ZONES";
      co_return Error::of(Code::not_found, "no zone");
    }
    Result<std::string> zone = co_await lookup_.zone_at(std::move(servers), std::move(name), why);
    co_return std::move(zone);
  }

  Task<Status> update(const Change& change, TxtChange kind, std::string& why) {
    Result<std::vector<SocketAddress>> servers = co_await addresses_of(server_);
    if (!servers) {
      why = "the name server " + server_.to_string() + " has no address";
      co_return servers.error();
    }
    Result<std::string> zone = co_await zone_of(*servers, change.place.name, why);
    if (!zone) co_return zone.error();
    Error error = Error::of(Code::unavailable, "the name server did not answer", Origin::upstream);
    for (const SocketAddress& server : *servers) {
      Message update = make_txt_update(*zone, change.place.name, change.proof.value, ttl_, kind);
      Status sent = co_await send(server, std::move(update), *zone, why);
      if (sent) co_return sent;
      error = sent.error();
      // Another address of the same server is tried only when this one could not be reached.
      if (error.code == Code::security || error.code == Code::unavailable || error.code == Code::cancelled) break;
    }
    co_return error;
  }

  Task<Status> send(SocketAddress server, Message update, const std::string& zone, std::string& why) {
    const std::string where = "the name server " + server.to_string();
    Result<std::string> bytes = encode(update);
    if (!bytes) co_return bytes.error();
    std::string mac;
    if (key_) {
      Result<std::string> signature = sign(*bytes, *key_, std::time(nullptr));
      if (!signature) co_return signature.error();
      mac = std::move(*signature);
    }
    Result<Answer> answer = co_await exchange(server, std::move(*bytes), timeout_, lookup_.settings().transport);
    if (!answer) {
      why = where + ": " + std::string(answer.error().text);
      co_return answer.error();
    }
    int said = answer->message.rcode();
    if (key_) {
      Status verified = verify(answer->bytes, *key_, mac, std::time(nullptr));
      // A server that refuses for another reason than the key may leave its answer unsigned.
      if (!verified && (said == rcode::kNoError || said == rcode::kNotAuth)) {
        why = where + " and the TSIG key " + key_->name + " (" + key_->algorithm +
              "): " + std::string(verified.error().text);
        co_return verified.error();
      }
    }
    if (said == rcode::kNoError) co_return Status();
    why = where + " answered a change of " + zone + " with " + rcode_name(said);
    if (said == rcode::kRefused)
      why += key_ ? ": its update policy does not let this key change the record"
                  : ": it may want a TSIG key (RFC2136_TSIG_KEY and RFC2136_TSIG_SECRET)";
    if (said == rcode::kNotAuth) why += ": it is not the primary server of that zone";
    bool refused = said == rcode::kRefused || said == rcode::kNotAuth;
    co_return Error::of(refused ? Code::security : Code::unavailable, "the change was refused", Origin::upstream);
  }

  Lookup& lookup_;
  ServerName server_;
  std::optional<TsigKey> key_;
  std::vector<std::string> zones_;
  Duration timeout_{};
  std::uint32_t ttl_ = 120;
  PropagationTiming timing_;
  Duration interval_{};
};

}  // namespace

std::unique_ptr<Provider> make_rfc2136(ProviderParts parts) {
  return std::make_unique<Rfc2136Provider>(parts.lookup, parts.variables);
}

}  // namespace sluice::acme::dns
