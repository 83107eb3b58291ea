// Fields that say where a request came from, as anybody might send them: lines of `name: value`.
//
// What an untrusted peer says about itself is gone in every spelling, nominated by Connection or not; what is left of
// those names are our own facts.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "http/chars.h"
#include "http/forwarded.h"
#include "http/hop_by_hop.h"

using namespace sluice;
using http::FieldId;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void read_lines(std::string_view text, http::Request& request) {
  while (!text.empty()) {
    std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !http::is_token(line.substr(0, colon))) continue;
    std::string_view value = trim(line.substr(colon + 1));
    if (http::is_field_value(value)) request.fields.add(line.substr(0, colon), value);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  for (bool trusted : {false, true}) {
    Arena arena;
    http::Peer peer;
    peer.remote = *SocketAddress::parse("192.0.2.7:1");
    http::Request request(arena, peer);
    request.authority = "app.test";
    read_lines(text, request);
    http::remove_nominated(request.fields, {});
    http::set_forwarded(request, trusted, {"edge", false});
    require(request.fields.count(FieldId::x_forwarded_for) <= 1);
    require(request.fields.count(FieldId::x_forwarded_server) == 1);
    require(*request.fields.get(FieldId::x_forwarded_server) == "edge");
    for (const http::Field& field : request.fields) {
      FieldId alias = http::field_id_of_alias(field.name);
      require(field.id == alias || !http::is_managed(alias));
    }
    if (!trusted) {
      require(*request.fields.get(FieldId::x_real_ip) == "192.0.2.7");
      require(*request.fields.get(FieldId::x_forwarded_host) == "app.test");
      require(*request.fields.get(FieldId::x_forwarded_proto) == "http");
      require(!request.fields.has(FieldId::x_forwarded_for) &&
              !request.fields.has(FieldId::x_forwarded_tls_client_cert));
    }
    http::append_forwarded_for(request);
    require(request.fields.get(FieldId::x_forwarded_for)->ends_with("192.0.2.7"));
  }
  return 0;
}
