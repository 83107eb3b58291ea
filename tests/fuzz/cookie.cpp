// Cookie fields as anybody might send them, to a service that sticks clients to servers.
//
// Whatever is sent, the server asked for is one there is; and the value we write ourselves leads to its server.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/message.h"
#include "proxy/sticky.h"

using namespace sluice;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const proxy::Sticky sticky({"stay", false, false, "", 0, "/", ""}, {"http://a:1", "http://b:2"});
  Arena arena;
  http::Peer peer;
  http::Request request(arena, peer);
  std::string_view text(reinterpret_cast<const char*>(data), size);
  // Two fields, cut in the middle: a cookie may be in either.
  request.fields.add("Cookie", text.substr(0, size / 2));
  request.fields.add("Cookie", text.substr(size / 2));
  proxy::Sticky::Wish wish = sticky.wish_of(request);
  require(wish.index >= -1 && wish.index < 2);
  require(!wish.current || wish.index >= 0);

  http::Request whole(arena, peer);
  whole.fields.add("Cookie", text);
  wish = sticky.wish_of(whole);
  if (wish.index >= 0) {
    http::Response response(arena);
    sticky.remember(response, static_cast<std::size_t>(wish.index));
    std::string_view written = *response.fields.get(http::FieldId::set_cookie);
    http::Request again(arena, peer);
    again.fields.add("Cookie", written.substr(0, written.find(';')));
    proxy::Sticky::Wish same = sticky.wish_of(again);
    require(same.index == wish.index && same.current);
  }
  require(proxy::Sticky::sanitized_name(text).size() == size);
  return 0;
}
