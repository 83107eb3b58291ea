#include "tls/certificate.h"

#include <unistd.h>

#include <cstdio>
#include <ctime>

#include "support/catch.h"
#include "support/tls/test_certificates.h"
#include "tls/certificate_index.h"
#include "tls/pem.h"

using namespace sluice;
using namespace sluice::tls;
using test::certificate_for;
using test::CertificateForm;
using test::Pem;

namespace {

std::shared_ptr<const Certificate> parsed(const Pem& pem) {
  Certificate::Made made = Certificate::parse(pem.certificate, pem.key);
  INFO(made.error);
  REQUIRE(made.certificate != nullptr);
  return made.certificate;
}

std::string error_of(const std::string& certificate, const std::string& key) {
  Certificate::Made made = Certificate::parse(certificate, key);
  CHECK(made.certificate == nullptr);
  return made.error;
}

}  // namespace

TEST_CASE("a certificate knows its names, algorithm and dates") {
  CertificateForm form;
  form.names = {"DNS:A.Example", "DNS:*.b.example", "IP:192.0.2.1", "IP:2001:db8::1", "URI:spiffe://a"};
  form.common_name = "c.example";
  auto certificate = parsed(make_certificate(form));
  CHECK(certificate->names() ==
        std::vector<std::string>{"a.example", "*.b.example", "192.0.2.1", "2001:db8::1", "c.example"});
  CHECK(certificate->algorithm() == Certificate::Algorithm::ecdsa);
  std::int64_t now = std::time(nullptr);
  CHECK(certificate->valid_at(now));
  CHECK_FALSE(certificate->valid_at(now + 25 * 3600));
  CHECK_FALSE(certificate->valid_at(now - 2 * 3600));
}

TEST_CASE("a chain and its key are read from one text or from two") {
  Pem authority = test::make_authority();
  Pem own = certificate_for({"a.example"}, &authority);
  CHECK(parsed({own.certificate + authority.certificate, own.key})->names().front() == "a.example");
  CHECK(parsed({"some text before\n" + own.certificate + own.key, own.key + own.certificate}) != nullptr);
}

TEST_CASE("what is wrong with a certificate is said, and the key never") {
  Pem a = certificate_for({"a.example"});
  Pem b = certificate_for({"b.example"});
  CHECK(error_of(a.certificate, b.key) == "the key does not belong to the certificate");
  CHECK(error_of(a.key, a.key) == "there is no certificate in it");
  CHECK(error_of(a.certificate, a.certificate) == "there is no private key in the key file");
  std::string cut = a.certificate;
  cut.erase(cut.size() / 2, 8);
  CHECK_THAT(error_of(cut, a.key), Catch::Matchers::ContainsSubstring("certificate 1 cannot be read"));
  std::string secret = a.key.substr(40, 20);
  std::string broken = a.key;
  broken.erase(60, 3);
  CHECK_THAT(error_of(a.certificate, broken), Catch::Matchers::ContainsSubstring("the key cannot be read"));
  CHECK(error_of(a.certificate, broken).find(secret) == std::string::npos);
  std::string encrypted =
      "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
      "MIHjME4GCSqGSIb3DQEFDTBBMCkGCSqGSIb3DQEFDDAcBAjl5oPWkGYGzwICCAAwDAYIKoZIhvcNAgkFADAUBggqhkiG9w0DBwQI\n"
      "-----END ENCRYPTED PRIVATE KEY-----\n";
  CHECK(error_of(a.certificate, encrypted).find("PRIVATE") == std::string::npos);
}

TEST_CASE("PEM comes inline or from a file, and a missing one is named unless it is a key") {
  Pem pem = certificate_for({"a.example"});
  CHECK(read_pem(pem.certificate, Kind::certificate).text == pem.certificate);
  char path[] = "/tmp/sluice-pem-XXXXXX";
  int fd = mkstemp(path);
  REQUIRE(fd >= 0);
  REQUIRE(write(fd, pem.key.data(), pem.key.size()) == static_cast<ssize_t>(pem.key.size()));
  close(fd);
  CHECK(read_pem(path, Kind::key).text == pem.key);
  CHECK_FALSE(file_stamp(path).empty());
  std::remove(path);
  CHECK(file_stamp(path).empty());
  CHECK_THAT(read_pem(path, Kind::certificate).error, Catch::Matchers::ContainsSubstring(path));
  CHECK(read_pem("c2VjcmV0", Kind::key).error == "the key file cannot be read: No such file or directory");
  CHECK(read_pem("/tmp", Kind::certificate).error == "/tmp cannot be read: Is a directory");
  CHECK(read_pem("/proc/self/maps", Kind::certificate).error == "/proc/self/maps holds no PEM text");
  CHECK_FALSE(read_pem("", Kind::certificate).error.empty());
  CHECK_FALSE(read_pem("secret\nsecret", Kind::key).error.empty());
}

TEST_CASE("an exact name comes before a wildcard, and only what is valid now serves") {
  CertificateForm expired;
  expired.names = {"DNS:old.example", "DNS:www.example"};
  expired.until = -60;
  expired.common_name = "expired";
  CertificateForm future;
  future.names = {"DNS:new.example"};
  future.from = 3600;
  CertificateForm rsa;
  rsa.names = {"DNS:a.example"};
  rsa.key = CertificateForm::Key::rsa;
  auto wildcard = parsed(certificate_for({"*.example"}));
  auto first = parsed(certificate_for({"a.example"}));
  auto second = parsed(certificate_for({"a.example"}));
  auto of_rsa = parsed(make_certificate(rsa));
  auto fallback = Certificate::self_signed("default.example");
  CertificateIndex index(
      {wildcard, first, second, of_rsa, parsed(make_certificate(expired)), parsed(make_certificate(future))}, fallback);
  std::int64_t now = std::time(nullptr);
  auto serves = [&](std::string_view name) { return index.find(name, now).certificates[0]; };
  CHECK(serves("a.example") == first.get());
  CHECK(index.find("a.example", now).certificates[1] == of_rsa.get());
  CHECK(index.find("a.example", now).certificates[2] == nullptr);
  CHECK(serves("b.example") == wildcard.get());
  CHECK(serves("old.example") == wildcard.get());
  CHECK(serves("new.example") == wildcard.get());
  CHECK(serves("a.b.example") == nullptr);
  CHECK(serves("example") == nullptr);
  CHECK(serves("") == nullptr);
  CHECK(&index.fallback() == fallback.get());
  CHECK(fallback->names() == std::vector<std::string>{"default.example"});
  CHECK(fallback->valid_at(now));
}

TEST_CASE("a name that is to get a certificate of its own gets no other") {
  const std::int64_t now = std::time(nullptr);
  std::shared_ptr<const Certificate> fallback = parsed(certificate_for({"other.test", "*.wild.test"}));
  CertificateForm old;
  old.names = {"DNS:old.test"};
  old.from = -7200;
  old.until = -3600;
  CertificateIndex index({parsed(test::make_certificate(old))}, fallback,
                         {"own.test", "old.test", "other.test", "a.wild.test", "*.many.test"});
  CHECK(index.awaits("own.test"));
  CHECK(index.awaits("x.many.test"));
  CHECK(index.find("own.test", now).empty());
  // The fallback is theirs too.
  CHECK_FALSE(index.awaits("other.test"));
  CHECK_FALSE(index.awaits("a.wild.test"));
  CHECK_FALSE(index.awaits("stranger.test"));
  CHECK_FALSE(index.awaits(""));
  // An expired one of its own is better than none.
  CHECK_FALSE(index.find("old.test", now).empty());
}
