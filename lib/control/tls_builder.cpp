#include "control/tls_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <ctime>
#include <iterator>
#include <thread>
#include <utility>

#include "base/text.h"
#include "base/time.h"
#include "control/problems.h"
#include "tls/pem.h"

namespace sluice::control {
namespace {

using ClientAuth = tls::ServerPolicy::ClientAuth;

// What our own server speaks.
bool is_served(std::string_view protocol) { return protocol == "h2" || protocol == "http/1.1"; }
// Answered by nobody but the ACME resolver (RFC 8737).
constexpr std::string_view kChallengeProtocol = "acme-tls/1";

std::string client_auth_of(const config::ClientAuth& from, ClientAuth& to) {
  const std::string& type = from.client_auth_type;
  if (type.empty()) {
    to = from.ca_files.empty() ? ClientAuth::none : ClientAuth::require_and_verify;
  } else if (type == "NoClientCert") {
    to = ClientAuth::none;
  } else if (type == "RequestClientCert") {
    to = ClientAuth::request;
  } else if (type == "RequireAnyClientCert") {
    to = ClientAuth::require_any;
  } else if (type == "VerifyClientCertIfGiven") {
    to = ClientAuth::verify_if_given;
  } else if (type == "RequireAndVerifyClientCert") {
    to = ClientAuth::require_and_verify;
  } else {
    return "clientAuth.clientAuthType: there is no type " + printable(type, 100);
  }
  return {};
}

std::string shown(const std::string& file) { return tls::is_inline_pem(file) ? "its PEM text" : printable(file, 300); }

bool is_stored(const config::TlsCertificate& certificate) {
  const std::vector<std::string>& stores = certificate.stores;
  return stores.empty() || std::find(stores.begin(), stores.end(), TlsBuilder::kDefault) != stores.end();
}

// So many certificates take longer to read than a thread to start.
constexpr std::size_t kWorthAThread = 100;

using PeerName = tls::ClientPolicy::PeerName;

std::optional<PeerName::Kind> kind_of(std::string_view type) {
  if (iequals(type, "dns")) return PeerName::Kind::dns;
  if (iequals(type, "email")) return PeerName::Kind::email;
  if (iequals(type, "ip")) return PeerName::Kind::ip;
  if (iequals(type, "uri")) return PeerName::Kind::uri;
  return std::nullopt;
}

std::vector<PeerName> peer_names(const ClientTlsSettings& settings) {
  std::vector<PeerName> names;
  if (!settings.peer_uri.empty()) names.push_back({PeerName::Kind::uri, settings.peer_uri});
  for (const config::PeerCertSan& san : settings.peer_sans) {
    if (std::optional<PeerName::Kind> kind = kind_of(san.type)) names.push_back({*kind, san.value});
  }
  return names;
}

}  // namespace

void TlsBuilder::watch(const std::string& file) {
  if (!file.empty() && !tls::is_inline_pem(file) && file.find('\n') == std::string::npos) files_.insert(file);
}

void TlsBuilder::begin(const Merged& merged, config::Report& report) {
  ++number_;
  merged_ = &merged;
  report_ = &report;
  files_.clear();
  for (const Merged::Twice& twice : merged.twice) {
    report.push_back(problem(code::kTlsOptions, twice.what, *twice.source, "the other definition stays in force",
                             "remove one of the two"));
  }
  static const config::TlsOptions kDefaultOptions;
  if (!merged.tls_options.contains(std::string(kDefault))) begin_options(std::string(kDefault), kDefaultOptions);
  for (const auto& [name, options] : merged.tls_options) begin_options(name, *options.object);
  std::erase_if(options_, [this](const auto& cached) { return cached.second.used_in != number_; });
  begin_certificates();
}

std::string TlsBuilder::options_name(const std::string& written, std::string_view provider) {
  return written.empty() || written == kDefault ? std::string(kDefault) : qualify(written, provider);
}

TlsBuilder::LoadedText TlsBuilder::authorities(const std::string& ca_file) {
  watch(ca_file);
  tls::PemText pem = tls::read_pem(ca_file, tls::Kind::certificate);
  return {std::move(pem.text), std::move(pem.error)};
}

void TlsBuilder::begin_options(const std::string& name, const config::TlsOptions& options) {
  CachedOptions fresh;
  fresh.definition = options;
  fresh.used_in = number_;
  for (const std::string& file : options.client_auth.ca_files) {
    LoadedText loaded = authorities(file);
    if (!loaded.error.empty() && fresh.error.empty()) fresh.error = "clientAuth.caFiles: " + loaded.error;
    fresh.authorities.push_back(std::move(loaded.text));
  }
  auto known = options_.find(name);
  bool same = known != options_.end() && known->second.definition == options;
  if (!same || known->second.authorities != fresh.authorities) {
    if (fresh.error.empty()) {
      tls::ServerContext::Made made = make(name, fresh, For::http);
      fresh.error = std::move(made.error);
      fresh.warnings = std::move(made.warnings);
      fresh.contexts[For::http] = std::move(made.context);
    }
    if (same && !fresh.error.empty() && known->second.error.empty()) {
      // A list of authorities that is being replaced: whom it trusted is still whom we trust.
      report_->push_back(problem(code::kTlsOptions, fmt::format("TLS options {}: {}", name, fresh.error),
                                 options.source, "the last good list stays in force", "correct the file"));
      known->second.used_in = number_;
      return;
    }
    known = options_.insert_or_assign(name, std::move(fresh)).first;
  }
  CachedOptions& cached = known->second;
  cached.used_in = number_;
  if (!cached.error.empty()) {
    report_->push_back(problem(code::kTlsOptions, fmt::format("TLS options {}: {}", name, cached.error), options.source,
                               "connections for hosts that use them are closed", "correct them"));
  }
  for (const std::string& warning : cached.warnings) {
    report_->push_back(problem(code::kTlsOptions, fmt::format("TLS options {}: {}", name, warning), options.source,
                               "they are used without it", "remove it", config::Severity::warning));
  }
}

tls::ServerContext::Made TlsBuilder::make(const std::string& name, const CachedOptions& options, For whom) const {
  const config::TlsOptions& from = options.definition;
  tls::ServerPolicy policy;
  policy.identity = fmt::format("{} {}", name, whom == For::http ? "http" : "tcp");
  policy.protocol = {from.min_version, from.max_version, from.cipher_suites, from.curve_preferences};
  policy.client_authorities = options.authorities;
  policy.sni_strict = from.sni_strict;
  policy.session_tickets = !from.disable_session_tickets;
  if (whom == For::http) {
    std::copy_if(from.alpn_protocols.begin(), from.alpn_protocols.end(), std::back_inserter(policy.alpn), is_served);
  } else {
    policy.alpn = from.alpn_protocols;
    std::erase(policy.alpn, kChallengeProtocol);
  }
  tls::ServerContext::Made made;
  made.error = client_auth_of(from.client_auth, policy.client_auth);
  return made.error.empty() ? tls::ServerContext::make(policy, tickets_) : std::move(made);
}

std::shared_ptr<const tls::ServerContext> TlsBuilder::context(const std::string& options, For whom) {
  auto known = options_.find(options);
  if (known == options_.end() || !known->second.error.empty()) return nullptr;
  std::shared_ptr<const tls::ServerContext>& context = known->second.contexts[whom];
  if (context == nullptr) context = make(options, known->second, whom).context;
  return context;
}

config::Problem TlsBuilder::refusal(const std::string& whose, const std::string& options, const config::Source& source,
                                    std::string effect) const {
  if (options_.contains(options)) {
    return problem(code::kTlsRouter, fmt::format("{} has the TLS options {}, and they are broken", whose, options),
                   source, std::move(effect), "correct them");
  }
  std::vector<std::string> known;
  for (const auto& [name, defined] : merged_->tls_options) known.push_back(name);
  config::Problem missing = unknown_reference("TLS options", options, known, source, std::move(effect));
  missing.code = code::kUnknownTlsOptions;
  missing.what = fmt::format("{} has the TLS options {}, and they do not exist", whose, options);
  return missing;
}

void TlsBuilder::refresh(CachedCertificate& cached, const std::string& cert_file, const std::string& key_file) {
  std::string stamp = tls::file_stamp(cert_file) + ' ' + tls::file_stamp(key_file);
  if (cached.stamp == stamp) return;
  cached.stamp = std::move(stamp);
  tls::PemText chain = tls::read_pem(cert_file, tls::Kind::certificate);
  tls::PemText key = chain.error.empty() ? tls::read_pem(key_file, tls::Kind::key) : tls::PemText();
  cached.error = chain.error.empty() ? key.error : chain.error;
  if (!cached.error.empty()) return;
  tls::Certificate::Made made = tls::Certificate::parse(chain.text, key.text);
  cached.error = std::move(made.error);
  if (made.certificate != nullptr) cached.certificate = std::move(made.certificate);
}

void TlsBuilder::read_ahead() {
  std::vector<std::pair<const config::TlsCertificate*, CachedCertificate*>> fresh;
  for (const Owned<config::TlsCertificate>& owned : merged_->certificates) {
    if (!is_stored(*owned.object)) continue;
    CachedCertificate& cached = certificates_[owned.object->cert_file + '\n' + owned.object->key_file];
    if (std::exchange(cached.used_in, number_) == 0) fresh.emplace_back(owned.object, &cached);
  }
  const std::size_t helpers = std::min<std::size_t>(std::thread::hardware_concurrency(), fresh.size() / kWorthAThread);
  if (helpers < 2) return;
  std::atomic<std::size_t> next = 0;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < helpers; ++i) {
    threads.emplace_back([&] {
      for (std::size_t at = next++; at < fresh.size(); at = next++) {
        refresh(*fresh[at].second, fresh[at].first->cert_file, fresh[at].first->key_file);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

std::shared_ptr<const tls::Certificate> TlsBuilder::certificate(const std::string& cert_file,
                                                                const std::string& key_file, std::string& error) {
  watch(cert_file);
  watch(key_file);
  CachedCertificate& cached = certificates_[cert_file + '\n' + key_file];
  cached.used_in = number_;
  refresh(cached, cert_file, key_file);
  error = cached.error;
  return cached.certificate;
}

std::shared_ptr<const tls::Certificate> TlsBuilder::default_certificate() {
  for (const auto& [name, store] : merged_->tls_stores) {
    const config::TlsStore& settings = *store.object;
    if (name != kDefault) {
      report_->push_back(problem(code::kCertificate, fmt::format("TLS store {}: only the store default is used", name),
                                 settings.source, "it has no effect", "name it default", config::Severity::warning));
      continue;
    }
    if (settings.default_generated_cert && settings.default_generated_cert->domain) {
      const std::string wanted = lowered(settings.default_generated_cert->domain->main);
      for (std::size_t i = provided_; i < loaded_.size(); ++i) {
        const std::vector<std::string>& names = loaded_[i]->names();
        if (std::find(names.begin(), names.end(), wanted) != names.end()) return loaded_[i];
      }
    }
    if (!settings.default_certificate) continue;
    const config::CertificateFiles& files = *settings.default_certificate;
    std::string error;
    std::shared_ptr<const tls::Certificate> loaded = certificate(files.cert_file, files.key_file, error);
    if (!error.empty()) {
      report_->push_back(problem(
          code::kCertificate, fmt::format("the default certificate {}: {}", shown(files.cert_file), error),
          settings.source, loaded != nullptr ? "the last good one stays in force" : "a self-signed one is served",
          "correct its files"));
    }
    if (loaded != nullptr) return loaded;
  }
  if (self_signed_ == nullptr) self_signed_ = tls::Certificate::self_signed("sluice.default");
  return self_signed_;
}

void TlsBuilder::begin_certificates() {
  loaded_.clear();
  read_ahead();
  // What an operator gives comes before what a resolver obtained for the same name.
  for (bool obtained : {false, true}) {
    load_certificates(obtained);
    if (!obtained) provided_ = loaded_.size();
  }
  default_ = default_certificate();
}

void TlsBuilder::load_certificates(bool obtained) {
  std::int64_t now = std::time(nullptr);
  for (const Owned<config::TlsCertificate>& owned : merged_->certificates) {
    const config::TlsCertificate& settings = *owned.object;
    if ((owned.provider == kObtained) != obtained) continue;
    if (!is_stored(settings)) continue;
    std::string error;
    std::shared_ptr<const tls::Certificate> loaded = certificate(settings.cert_file, settings.key_file, error);
    std::string name = fmt::format("certificate {}", shown(settings.cert_file));
    if (!error.empty()) {
      report_->push_back(problem(code::kCertificate, fmt::format("{}: {}", name, error), settings.source,
                                 loaded != nullptr ? "the last good one stays in force" : "it is not served",
                                 "correct its files"));
    }
    if (loaded == nullptr) continue;
    if (!loaded->valid_at(now)) {
      bool future = now < loaded->not_before();
      report_->push_back(problem(code::kCertificate,
                                 fmt::format("{} {} {}", name, future ? "is not valid before" : "has expired on",
                                             http_date(future ? loaded->not_before() : loaded->not_after())),
                                 settings.source, "it is not served", "renew it, or set the clock",
                                 config::Severity::warning));
    }
    loaded_.push_back(std::move(loaded));
  }
}

void TlsBuilder::staple(const std::shared_ptr<const tls::Certificate>& certificate,
                        std::shared_ptr<const std::string> response) {
  if (response == nullptr) {
    staples_.erase(certificate);
  } else {
    staples_[certificate] = std::move(response);
  }
  stapled_ = true;
}

void TlsBuilder::await(const std::vector<CertificateWant>& wants, const Fragments& fragments) {
  std::vector<std::string> awaited;
  for (const CertificateWant& want : wants) {
    for (const std::string& name : want.names) awaited.push_back(lowered(name));
  }
  for (const auto& fragment : fragments) awaited.insert(awaited.end(), fragment->keeps.begin(), fragment->keeps.end());
  std::sort(awaited.begin(), awaited.end());
  awaited.erase(std::unique(awaited.begin(), awaited.end()), awaited.end());
  std::vector<std::shared_ptr<const tls::Certificate>> indexed = loaded_;
  indexed.push_back(default_);
  if (index_ != nullptr && indexed == indexed_ && awaited == awaited_ && !stapled_) return;
  indexed_ = std::move(indexed);
  awaited_ = std::move(awaited);
  stapled_ = false;
  std::erase_if(staples_, [](const auto& entry) { return entry.first.expired(); });
  tls::CertificateIndex::Staples staples;
  for (const auto& [certificate, response] : staples_) staples.emplace(certificate.lock().get(), response);
  index_ = std::make_shared<const tls::CertificateIndex>(loaded_, default_, awaited_, std::move(staples));
}

std::vector<std::string> TlsBuilder::provided() const {
  const std::int64_t now = std::time(nullptr);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < provided_; ++i) {
    const tls::Certificate& one = *loaded_[i];
    if (now >= one.not_before() && one.not_after() - now > (one.not_after() - one.not_before()) / 3) {
      names.insert(names.end(), one.names().begin(), one.names().end());
    }
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::shared_ptr<const tls::ClientContext> TlsBuilder::client_context(const std::string& name,
                                                                     const ClientTlsSettings& settings,
                                                                     const config::Source& source, Client kind) {
  bool transports = kind == Client::transport;
  const std::string whose = (transports ? "serversTransport " : "middleware ") + name;
  auto known = clients_.find(whose);
  if (known != clients_.end() && known->second.used_in == number_) return known->second.context;
  CachedClient fresh;
  fresh.settings = settings;
  for (const std::string& file : settings.root_cas) {
    LoadedText loaded = authorities(file);
    if (!loaded.error.empty() && fresh.error.empty()) fresh.error = "rootCAs: " + loaded.error;
    fresh.authorities.push_back(std::move(loaded.text));
  }
  for (const config::CertificateFiles& files : settings.certificates) {
    std::string error;
    fresh.certificates.push_back(certificate(files.cert_file, files.key_file, error));
    if (fresh.certificates.back() == nullptr && fresh.error.empty()) fresh.error = "certificates: " + error;
  }
  for (const config::PeerCertSan& san : settings.peer_sans) {
    if (kind_of(san.type) || !fresh.error.empty()) continue;
    fresh.error = fmt::format("peerCertSANs: the type {} is none of DNS, email, IP and URI", san.type);
  }
  bool same = known != clients_.end() && known->second.settings == settings;
  if (!same || known->second.authorities != fresh.authorities || known->second.certificates != fresh.certificates) {
    if (fresh.error.empty()) {
      tls::ClientPolicy policy;
      policy.server_name = settings.server_name;
      policy.insecure_skip_verify = settings.insecure_skip_verify;
      policy.authorities = fresh.authorities;
      policy.certificates = fresh.certificates;
      policy.protocol = settings.protocol;
      policy.peer_names = peer_names(settings);
      policy.alpn = settings.alpn;
      tls::ClientContext::Made made = tls::ClientContext::make(std::move(policy));
      fresh.context = std::move(made.context);
      fresh.error = std::move(made.error);
    }
    std::string error = fresh.error;
    // Files that are being replaced: what they said last stays in force until they can be read again.
    bool keep = same && fresh.context == nullptr && known->second.context != nullptr;
    if (!keep) known = clients_.insert_or_assign(whose, std::move(fresh)).first;
    if (keep) {
      report_->push_back(problem(code::kCertificate, fmt::format("{}: {}", whose, error), source,
                                 "what its files said last stays in force", "correct its files"));
    }
  }
  CachedClient& cached = known->second;
  cached.used_in = number_;
  if (cached.context == nullptr) {
    report_->push_back(problem(code::kCertificate, fmt::format("{}: {}", whose, cached.error), source,
                               transports ? "services that use it cannot be used" : "it cannot be used",
                               "correct its files"));
  } else if (settings.insecure_skip_verify) {
    report_->push_back(problem(
        code::kCertificate, fmt::format("{} accepts any certificate", whose), source,
        "whoever is in between can read and change everything",
        transports ? "give it rootCAs and remove insecureSkipVerify" : "give it tls.ca and remove insecureSkipVerify",
        config::Severity::warning));
  }
  return cached.context;
}

void TlsBuilder::finish() {
  std::erase_if(certificates_, [this](const auto& cached) { return cached.second.used_in != number_; });
  std::erase_if(clients_, [this](const auto& cached) { return cached.second.used_in != number_; });
}

}  // namespace sluice::control
