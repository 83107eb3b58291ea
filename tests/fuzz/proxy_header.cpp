// The PROXY protocol header in front of a connection: what is read stays within the bytes and the bounds, more bytes
// change nothing about a verdict, and addresses that are written again are read again.
#include "net/proxy_protocol.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

using sluice::net::ProxyHeader;
using sluice::net::read_proxy_header;
using State = ProxyHeader::State;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string all(reinterpret_cast<const char*>(data), size);
  ProxyHeader whole = read_proxy_header(all);
  for (std::size_t cut = 0; cut < size && cut < 600; ++cut) {
    ProxyHeader part = read_proxy_header(std::string(all, 0, cut));
    if (part.state == State::need_more) continue;
    require(part.state == whole.state && part.size == whole.size && part.addresses == whole.addresses);
    break;
  }
  require((whole.state == State::malformed) == !whole.why.empty());
  if (whole.state == State::need_more) require(size < ProxyHeader::kMostV2);
  if (whole.state != State::done) return 0;
  require(whole.size <= size && whole.size <= ProxyHeader::kMostV2 && whole.size > 0);
  if (!whole.addresses) return 0;
  for (int version : {1, 2}) {
    ProxyHeader again = read_proxy_header(sluice::net::write_proxy_header(version, *whole.addresses));
    require(again.state == State::done && again.addresses == whole.addresses);
  }
  return 0;
}
