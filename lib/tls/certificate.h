// certificate.h: a certificate with its chain and private key, ready to be served.
//
// Immutable; made on the control thread and shared by all workers. The key never leaves the object.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct ssl_ctx_st;
struct ssl_st;
struct x509_st;

namespace sluice::tls {

class Certificate {
 public:
  struct Made {
    std::shared_ptr<const Certificate> certificate;  // null: `error` says why
    std::string error;                               // for people; without a byte of the key
  };
  // The first certificate of `chain` is the server's own, the others lead to its root. The key must belong to it.
  static Made parse(const std::string& chain, const std::string& key);

  // For hosts without a certificate: a new P-256 key, valid for a year. Aborts if the library cannot make it.
  static std::shared_ptr<const Certificate> self_signed(const std::string& name);

  ~Certificate();

  // What it is for: its DNS names and addresses, and its common name if it has neither. Canonical; "*.a.example" for
  // one label.
  const std::vector<std::string>& names() const { return names_; }
  // Certificates of different algorithms may stand side by side for one name: which one serves is the client's choice.
  enum class Algorithm : std::uint8_t { ecdsa, rsa, other };
  Algorithm algorithm() const { return algorithm_; }

  // Unix time in seconds, both included.
  std::int64_t not_before() const { return not_before_; }
  std::int64_t not_after() const { return not_after_; }
  bool valid_at(std::int64_t unix_seconds) const { return not_before_ <= unix_seconds && unix_seconds <= not_after_; }

  // Where to ask whether it has been withdrawn (RFC 5280 §4.2.2.1); empty: it does not say.
  const std::string& ocsp_responder() const { return ocsp_responder_; }
  // Clients are to refuse it without a stapled answer (RFC 7633).
  bool must_staple() const { return must_staple_; }

  // For this room. The issuer is the next one of the chain, or null.
  x509_st* native() const;
  x509_st* issuer() const;

  // Serves it in this session, or in all of this context, beside others of other algorithms. False when the security
  // level refuses it.
  bool use_in(ssl_st* session) const;
  bool use_in(ssl_ctx_st* context) const;

 private:
  struct Parts;
  explicit Certificate(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
  std::vector<std::string> names_;
  Algorithm algorithm_ = Algorithm::other;
  std::int64_t not_before_ = 0;
  std::int64_t not_after_ = 0;
  std::string ocsp_responder_;
  bool must_staple_ = false;
};

}  // namespace sluice::tls
