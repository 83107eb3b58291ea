#include "middleware/pass_tls_client_cert.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>

#include "base/encoding.h"
#include "middleware/own_fields.h"
#include "tls/certificate_facts.h"

namespace sluice::middleware {
namespace {

constexpr std::string_view kWhole = "X-Forwarded-Tls-Client-Cert";
constexpr std::string_view kInfo = "X-Forwarded-Tls-Client-Cert-Info";

class Parts {
 public:
  void add(bool wanted, std::string_view name, const std::string& value) {
    if (!wanted || value.empty()) return;
    if (!text_.empty()) text_ += ',';
    text_ += fmt::format("{}={}", name, value);
  }
  void add(bool wanted, std::string_view name, const std::vector<std::string>& values) {
    for (const std::string& value : values) add(wanted, name, value);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// Both kinds of settings have these; the issuer's have no organizationalUnit.
template <class Wanted>
std::string name_text(const Wanted& wanted, bool organizational_unit, const tls::DistinguishedName& name) {
  Parts parts;
  parts.add(wanted.domain_component, "DC", name.domain_components);
  parts.add(wanted.country, "C", name.countries);
  parts.add(wanted.province, "ST", name.provinces);
  parts.add(wanted.locality, "L", name.localities);
  parts.add(wanted.organization, "O", name.organizations);
  parts.add(organizational_unit, "OU", name.organizational_units);
  parts.add(wanted.serial_number, "SN", name.serial_number);
  parts.add(wanted.common_name, "CN", name.common_name);
  return parts.text();
}

// As Go's url.QueryEscape, which Traefik's readers undo.
std::string query_escaped(std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string escaped;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
                 c == '.' || c == '~';
    if (plain) {
      escaped += c;
    } else if (c == ' ') {
      escaped += '+';
    } else {
      escaped += '%';
      escaped += kHex[byte >> 4];
      escaped += kHex[byte & 15];
    }
  }
  return escaped;
}

}  // namespace

// Of the last certificates on this thread.
struct PassTlsClientCert::Values {
  std::uint64_t whose = 0;
  std::vector<std::string> chain;
  std::string whole;
  std::string info;
};

PassTlsClientCert::PassTlsClientCert(config::PassTlsClientCert settings) : settings_(std::move(settings)) {
  static std::atomic<std::uint64_t> last{0};
  number_ = ++last;
}

std::string PassTlsClientCert::info_of(std::span<const std::string> chain) const {
  const config::ClientCertInfo& wanted = *settings_.info;
  std::string all;
  for (const std::string& der : chain) {
    std::optional<tls::CertificateFacts> facts = tls::CertificateFacts::of(der);
    if (!facts) continue;
    std::string one;
    auto add = [&one](std::string_view name, const std::string& value) {
      if (value.empty()) return;
      if (!one.empty()) one += ';';
      one += fmt::format("{}=\"{}\"", name, value);
    };
    if (wanted.subject) {
      add("Subject", name_text(*wanted.subject, wanted.subject->organizational_unit, facts->subject));
    }
    if (wanted.issuer) add("Issuer", name_text(*wanted.issuer, false, facts->issuer));
    if (wanted.serial_number) add("SerialNumber", facts->serial_number);
    if (wanted.not_before) add("NB", std::to_string(facts->not_before));
    if (wanted.not_after) add("NA", std::to_string(facts->not_after));
    std::string names;
    for (const std::string& name : facts->names) names += (names.empty() ? "" : ",") + name;
    if (wanted.sans) add("SAN", names);
    if (&der != &chain.front()) all += ',';
    all += one;
  }
  return query_escaped(all);
}

const PassTlsClientCert::Values& PassTlsClientCert::values_of(std::span<const std::string> chain) const {
  thread_local Values values;
  if (values.whose == number_ && std::equal(chain.begin(), chain.end(), values.chain.begin(), values.chain.end())) {
    return values;
  }
  values.whose = number_;
  values.chain.assign(chain.begin(), chain.end());
  values.whole.clear();
  values.info.clear();
  if (settings_.pem) {
    for (const std::string& der : chain) {
      if (!values.whole.empty()) values.whole += ',';
      values.whole += base64_encode(der);
    }
  }
  if (settings_.info) values.info = info_of(chain);
  return values;
}

Task<Result<http::Response>> PassTlsClientCert::handle(http::Request& request, const proxy::Handler& next) const {
  if (!request.peer.client_chain.empty()) {
    // The values live as long as the thread keeps this certificate; the request may be longer under way.
    const Values& values = values_of(request.peer.client_chain);
    if (settings_.pem) set_own_field(request.fields, kWhole, request.arena.copy(values.whole));
    if (settings_.info) {
      remove_own_field(request.fields, kInfo);
      if (!values.info.empty()) set_own_field(request.fields, kInfo, request.arena.copy(values.info));
    }
  }
  return next.handle(request);
}

const control::MiddlewareKind PassTlsClientCert::kKind = {
    "passTLSClientCert", [](const config::Middleware& settings) { return settings.pass_tls_client_cert.has_value(); },
    [](const control::MiddlewareParts& parts) {
      const config::PassTlsClientCert& settings = *parts.settings.pass_tls_client_cert;
      if (!settings.pem && !settings.info) {
        return control::MadeMiddleware::refused("passTLSClientCert passes nothing: it needs pem or info");
      }
      return control::MadeMiddleware::of(std::make_shared<PassTlsClientCert>(settings));
    }};

}  // namespace sluice::middleware
