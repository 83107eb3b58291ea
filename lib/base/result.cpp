#include "base/result.h"

#include <cerrno>
#include <cstdio>

namespace sluice {

std::string_view to_string(Code code) {
  switch (code) {
    case Code::cancelled: return "cancelled";
    case Code::timed_out: return "timed out";
    case Code::closed: return "closed";
    case Code::reset: return "reset";
    case Code::refused: return "refused";
    case Code::not_found: return "not found";
    case Code::invalid: return "invalid";
    case Code::too_large: return "too large";
    case Code::unsupported: return "unsupported";
    case Code::exhausted: return "exhausted";
    case Code::unavailable: return "unavailable";
    case Code::security: return "security";
    case Code::internal: return "internal";
  }
  return "internal";
}

std::string_view to_string(Origin origin) {
  switch (origin) {
    case Origin::client: return "client";
    case Origin::upstream: return "upstream";
    case Origin::self: return "self";
  }
  return "self";
}

static Code code_of(int error_number) {
  switch (error_number) {
    case ECONNRESET:
    case EPIPE:
    case ECONNABORTED: return Code::reset;
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EADDRNOTAVAIL: return Code::refused;
    case ETIMEDOUT: return Code::timed_out;
    case ENOENT: return Code::not_found;
    case EACCES:
    case EPERM: return Code::security;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
    case ENOSPC: return Code::exhausted;
    case EINVAL: return Code::invalid;
    default: return Code::internal;
  }
}

Error Error::system(int error_number, std::string_view text, Origin origin) {
  return Error{code_of(error_number), origin, false, error_number, text};
}

void broken_invariant(const char* what, const char* file, int line) {
  std::fprintf(stderr, "sluice: broken invariant: %s (%s:%d)\n", what, file, line);
  std::abort();
}

}  // namespace sluice
