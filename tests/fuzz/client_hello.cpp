// The first bytes of a connection: a hello read in one piece and one cut in two are the same hello; what is read stays
// within its bounds and is canonical.
#include "tls/client_hello.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

using sluice::tls::ClientHelloReader;
using State = ClientHelloReader::State;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view raw(reinterpret_cast<const char*>(data), size);
  std::size_t seed = 14695981039346656037u;
  for (char c : raw) seed = (seed ^ static_cast<unsigned char>(c)) * 1099511628211u;
  ClientHelloReader whole;
  State state = whole.read(std::string(raw));
  ClientHelloReader in_two;
  State first = in_two.read(std::string(raw.substr(0, seed % (raw.size() + 1))));
  State second = first == State::need_more ? in_two.read(std::string(raw)) : first;
  require(second == state);
  require(in_two.sni() == whole.sni() && in_two.alpn().size() == whole.alpn().size());
  require((state == State::refused) == !whole.why().empty());
  if (state != State::done) return 0;
  require(whole.alpn().size() <= ClientHelloReader::kMostProtocols);
  std::string again;
  require(whole.sni().empty() || sluice::tls::canonical_server_name(whole.sni(), again));
  require(again == whole.sni());
  return 0;
}
