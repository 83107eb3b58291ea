// ocsp.h: asking whether a certificate has been withdrawn (RFC 6960), and reading the answer, which servers staple to
// their handshakes (RFC 6066 §8). Pure: bytes in, bytes out. Control thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tls/certificate.h"

namespace sluice::tls {

// The question as it is posted to Certificate::ocsp_responder. Empty: the chain has no issuer to ask about.
std::string ocsp_request(const Certificate& certificate);

struct OcspAnswer {
  enum class State : std::uint8_t { good, revoked, unusable } state = State::unusable;
  std::string why;               // for people, unless it is good
  std::int64_t this_update = 0;  // Unix time in seconds
  std::int64_t next_update = 0;  // 0: the responder does not say
};
// Signed by the issuer or by whom it allowed to, about this certificate, and good for now.
OcspAnswer read_ocsp_response(const Certificate& certificate, std::string_view der);

}  // namespace sluice::tls
