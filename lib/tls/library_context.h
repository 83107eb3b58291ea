// library_context.h: the part of the TLS library that TLS needs. For the .cpp files of this room only.
#pragma once

struct ossl_lib_ctx_st;

namespace sluice::tls {

// The context in which certificates and keys are read and sessions are made: of the library's own provider it has what
// TLS and certificates use, and nothing else. The library tries all it knows before it has read a key, and walks over
// the names of all algorithms in a handshake: with few of both a certificate and its key take half the time. Made by
// the first call; thread-safe; never freed.
ossl_lib_ctx_st* library_context();

}  // namespace sluice::tls
