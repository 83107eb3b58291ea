#include "acme/settings.h"

#include <algorithm>
#include <array>
#include <system_error>

#include "acme/dns/http_api.h"
#include "acme/hooks.h"
#include "acme/issuance.h"
#include "acme/jws.h"
#include "acme/problem_codes.h"
#include "acme/safe_file.h"
#include "base/encoding.h"
#include "base/ip.h"
#include "base/text.h"
#include "config/entry_point_address.h"
#include "control/demand_rules.h"
#include "tls/digest.h"

namespace sluice::acme {
namespace {

constexpr const char* kNotRunning = "this resolver obtains nothing; what it has stored is served";
constexpr std::uint16_t kTlsPort = 443;
constexpr std::array<std::string_view, 5> kPublicCas = {"letsencrypt.org", "zerossl.com", "pki.goog", "buypass.",
                                                        "ssl.com"};
constexpr std::array<const char*, 3> kSystemAuthorities = {"/etc/ssl/certs/ca-certificates.crt",
                                                           "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"};

class Reader {
 public:
  Reader(const std::string& name, const config::CertificateResolver& resolver, const config::Static& configuration,
         const Environment& environment, config::Report& report)
      : resolver_(resolver), configuration_(configuration), environment_(environment), report_(report) {
    settings_.name = name;
    settings_.options = *resolver.acme;
    settings_.source = resolver.source;
  }

  ResolverSettings read() {
    const config::Acme& options = settings_.options;
    rest::Tls tls = trust();
    add_ca(options.ca_server, options.eab, tls);
    for (const config::FallbackCa& more : options.fallback) add_ca(more.ca_server, more.eab, tls);
    read_types();
    settings_.key_type = parse_key_type(options.key_type).value_or(KeyType::rsa4096);
    read_second_key();
    read_hooks();
    read_on_demand();
    settings_.public_ca = std::any_of(kPublicCas.begin(), kPublicCas.end(), [&](std::string_view known) {
      return options.ca_server.find(known) != std::string::npos;
    });
    settings_.entry_point = only_over_v4();
    settings_.inputs = inputs();
    return std::move(settings_);
  }

 private:
  // The name of the entry point; where it cannot be told, or none will do, it is as if it were reached.
  std::string only_over_v4() const {
    const config::Acme& options = settings_.options;
    std::string found;
    for (const auto& [name, entry_point] : configuration_.entry_points) {
      std::optional<config::EntryPointAddress> address = config::parse_entry_point_address(entry_point.address);
      if (!address || address->transport == config::Transport::udp) continue;
      const bool meant = options.tls_challenge ? address->port == kTlsPort
                                               : options.http_challenge && options.http_challenge->entry_point == name;
      if (!meant) continue;
      Result<IpAddress> literal = IpAddress::parse(address->host);
      if (!literal || !literal->is_v4()) return {};
      found = name;
    }
    return found;
  }

  std::string inputs() const {
    const config::Acme& options = settings_.options;
    std::string text = options.key_type + '\n' + options.profile + '\n' + (options.profile_mandatory ? "!\n" : "\n");
    for (const CaChoice& choice : settings_.cas) {
      for (const std::string* part : {&choice.ca.directory_url, &choice.account.eab_kid, &choice.account.eab_hmac}) {
        text += *part + '\n';
      }
    }
    for (const std::string& type : settings_.types) text += type + '\n';
    return base64url_encode(tls::sha256(text));
  }

  void read_types() {
    const config::Acme& options = settings_.options;
    // Traefik's order, which is the reverse of the alphabet.
    if (options.tls_challenge) settings_.types.emplace_back("tls-alpn-01");
    if (options.http_challenge) settings_.types.emplace_back("http-01");
    if (options.dns_challenge) settings_.types.insert(settings_.types.end(), {std::string(kPersistent), "dns-01"});
    if (settings_.types.empty()) {
      error("no challenge is configured", "set httpChallenge, tlsChallenge or dnsChallenge");
    }
    if (options.http_challenge && options.http_challenge->entry_point.empty()) {
      error("httpChallenge.entryPoint is not set", "name the entry point that is reached on port 80");
    }
  }

  void read_second_key() {
    const std::string& wanted = settings_.options.second_key_type;
    if (wanted.empty()) return;
    settings_.second_key_type = parse_key_type(wanted);
    if (settings_.second_key_type && is_rsa(*settings_.second_key_type) != is_rsa(settings_.key_type)) return;
    error("secondKeyType is of the same kind as keyType", "make one of them RSA2048 and the other EC256, or remove it");
  }

  void read_hooks() {
    static constexpr std::array<std::string_view, 6> kEvents = {event::kObtaining, event::kObtained,   event::kFailed,
                                                                event::kExpiring,  event::kAriChanged, event::kRevoked};
    for (const config::AcmeHook& hook : settings_.options.hooks) {
      if (hook.exec.empty() == hook.webhook.empty()) {
        error("a hook needs either exec or a webhook", "write one of the two");
      } else if (hook.exec.empty()) {
        check_url("the webhook of a hook", hook.webhook);
      }
      if (hook.timeout <= Duration::zero()) {
        error("the timeout of a hook is not positive", "write a time such as 30s, or leave it out");
      }
      for (const std::string& one : hook.events) {
        if (std::find(kEvents.begin(), kEvents.end(), one) != kEvents.end()) continue;
        error("hooks know no event " + printable(one, 100),
              "use obtaining, obtained, failed, expiring, ari-changed or revoked");
      }
    }
  }

  // It may have a password in it, so it is not shown.
  void check_url(const std::string& what, const std::string& url) {
    const Result<dns::WebAddress> address = dns::parse_web_address(url);
    if (address) return;
    error(what + ": " + std::string(address.error().text), "write http://host/path or https://host/path");
  }

  void read_on_demand() {
    if (!settings_.options.on_demand) return;
    const config::OnDemand& demand = *settings_.options.on_demand;
    if (demand.allow.empty() && demand.ask.empty()) {
      error("onDemand allows every name of the world", "list names under allow, or name a service under ask");
    }
    if (!demand.ask.empty()) check_url("onDemand.ask", demand.ask);
    for (const std::string& one : demand.allow) {
      if (control::demand_pattern(one)) continue;
      error("onDemand.allow: " + printable(one, 300) + " is no name", "write a name, or *.example.com for one label");
    }
    if (settings_.options.tls_challenge || settings_.options.http_challenge) return;
    error("onDemand needs a challenge that is answered at once", "set tlsChallenge or httpChallenge");
  }

  void add_ca(const std::string& url, const std::optional<config::ExternalAccountBinding>& eab, const rest::Tls& tls) {
    if (!split_url(url)) {
      error("caServer: " + printable(url, 200) + " is no https URL", "write the URL of the CA's directory");
      return;
    }
    CaChoice choice;
    choice.ca.directory_url = url;
    choice.ca.tls = tls;
    choice.ca.timeout = settings_.options.client_timeout;
    choice.ca.head_timeout = settings_.options.client_response_header_timeout;
    choice.account.email = settings_.options.email;
    if (eab && (!eab->kid.empty() || !eab->hmac_encoded.empty())) {
      choice.account.eab_kid = eab->kid;
      choice.account.eab_hmac = eab->hmac_encoded;
      Result<std::string> secret = decode_hmac_key(eab->hmac_encoded);
      if (eab->kid.empty() || !secret || secret->empty()) {
        error("eab needs a kid and an hmacEncoded in base64url", "copy both from the page of the CA");
      }
    }
    settings_.cas.push_back(std::move(choice));
  }

  // Options of the resolver count; without any of them the variables do.
  rest::Tls trust() {
    const config::Acme& options = settings_.options;
    std::vector<std::string> files = options.ca_certificates;
    bool system = options.ca_system_cert_pool;
    rest::Tls tls;
    tls.server_name = options.ca_server_name;
    if (files.empty() && !system && tls.server_name.empty()) {
      const std::string list = variable("LEGO_CA_CERTIFICATES");
      for (std::string_view path : split(list, ':')) {
        if (!path.empty()) files.emplace_back(path);
      }
      const std::string pool = lowered(variable("LEGO_CA_SYSTEM_CERT_POOL"));
      system = pool == "true" || pool == "1" || pool == "t";
      tls.server_name = variable("LEGO_CA_SERVER_NAME");
    }
    if (files.empty()) return tls;
    for (const std::string& file : files) tls.ca += authorities(file);
    if (system) {
      for (const char* path : kSystemAuthorities) {
        Result<std::string> text = read_file(path);
        if (!text) continue;
        tls.ca += *text;
        break;
      }
    }
    return tls;
  }

  std::string authorities(const std::string& file) {
    if (file.find("-----BEGIN") != std::string::npos) return file + '\n';
    Result<std::string> text = read_file(file);
    if (text && text->find("-----BEGIN CERTIFICATE") != std::string::npos) {
      // What stands before the first certificate would make the text look like a path.
      return text->substr(text->find("-----BEGIN")) + '\n';
    }
    error("the authorities in " + printable(file, 300) + " cannot be read" +
              (text ? std::string(": there is no certificate in it")
                    : ": " + std::generic_category().message(text.error().sys)),
          "name a file of certificates in PEM");
    return {};
  }

  std::string variable(const char* name) const {
    auto found = environment_.find(name);
    return found == environment_.end() ? std::string() : found->second;
  }

  void error(const std::string& what, std::string fix) {
    report_.push_back({config::Severity::error, std::string(code::kResolver),
                       "certificatesResolvers." + settings_.name + ".acme: " + what, resolver_.source, kNotRunning,
                       std::move(fix)});
  }

  const config::CertificateResolver& resolver_;
  const config::Static& configuration_;
  const Environment& environment_;
  config::Report& report_;
  ResolverSettings settings_;
};

}  // namespace

ResolverSettings make_settings(const std::string& name, const config::CertificateResolver& resolver,
                               const config::Static& configuration, const Environment& environment,
                               config::Report& report) {
  return Reader(name, resolver, configuration, environment, report).read();
}

}  // namespace sluice::acme
