// wiping.h: memory is wiped before it is freed, so that no copy of a private key outlives what it was made for: PEM in
// a string, JSON that was read or written, a buffer that grew. (OpenSSL wipes the keys that it holds itself.)
//
// Whoever links this room gets its operator delete. Not covered: what C libraries allocate with malloc, and builds with
// the sanitizers for addresses and threads.
#pragma once

namespace sluice {

// This thread frees as it always did. For those that move other people's bytes and never see a key's.
void free_without_wiping();

}  // namespace sluice
