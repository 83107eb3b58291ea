#include "cmd/websocket_echo.h"

#include <string>

#include "base/encoding.h"
#include "base/text.h"
#include "net/relay.h"
#include "tls/digest.h"

namespace sluice::cmd {
namespace {

constexpr std::size_t kMostPayload = 16 * 1024 * 1024;
constexpr unsigned kClose = 0x8;
constexpr unsigned kPing = 0x9;
constexpr unsigned kPong = 0xA;

// One frame at the front of `bytes` (RFC 6455 §5.2), unmasked. `size` 0: not complete yet.
struct Frame {
  std::size_t size = 0;
  unsigned opcode = 0;
  bool final = true;
  bool broken = false;
  std::string payload;
};

Frame read_frame(const std::string& bytes) {
  Frame frame;
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  if (bytes.size() < 2) return frame;
  frame.opcode = byte(0) & 0x0FU;
  frame.final = (byte(0) & 0x80) != 0;
  std::uint64_t length = byte(1) & 0x7F;
  std::size_t header = 2;
  unsigned extended = length == 126 ? 2 : length == 127 ? 8 : 0;
  if (bytes.size() < header + extended) return frame;
  if (extended > 0) length = 0;
  for (unsigned i = 0; i < extended; ++i) length = length << 8 | byte(header + i);
  header += extended;
  bool masked = (byte(1) & 0x80) != 0;
  if (!masked || length > kMostPayload) {  // RFC 6455 §5.1: clients mask
    frame.broken = true;
    return frame;
  }
  if (bytes.size() < header + 4 + length) return frame;
  frame.payload = bytes.substr(header + 4, length);
  for (std::size_t i = 0; i < frame.payload.size(); ++i) {
    frame.payload[i] = static_cast<char>(static_cast<unsigned char>(frame.payload[i]) ^ byte(header + i % 4));
  }
  frame.size = header + 4 + static_cast<std::size_t>(length);
  return frame;
}

std::string write_frame(unsigned opcode, bool final, std::string_view payload) {
  std::string bytes(1, static_cast<char>(opcode | (final ? 0x80U : 0U)));
  unsigned extended = payload.size() < 126 ? 0 : payload.size() < 65536 ? 2 : 8;
  bytes += static_cast<char>(extended == 0 ? payload.size() : extended == 2 ? 126 : 127);
  for (unsigned i = extended; i > 0; --i) bytes += static_cast<char>(payload.size() >> (8 * (i - 1)) & 0xFF);
  return bytes.append(payload);
}

class Echo final : public http::Tunnel {
 public:
  Task<Status> run(net::Stream& client, http::Bytes already_read) override {
    std::string received(already_read);
    for (;;) {
      Frame frame = read_frame(received);
      if (frame.broken) co_return Error::of(Code::invalid, "not a WebSocket frame", Origin::client);
      if (frame.size == 0) {
        Result<net::Bytes> bytes = co_await client.read(kNoDeadline);
        if (!bytes) co_return bytes.error();
        if (bytes->empty()) co_return Status();
        received += *bytes;
        continue;
      }
      received.erase(0, frame.size);
      if (frame.opcode == kPong) continue;
      std::string answer = write_frame(frame.opcode == kPing ? kPong : frame.opcode, frame.final, frame.payload);
      Status written = co_await net::write_all(client, answer, net::kNoStall);
      if (!written || frame.opcode == kClose) co_return written;
    }
  }
};

}  // namespace

http::Response accept_websocket(http::Request& request) {
  std::optional<std::string_view> key = request.fields.get(http::FieldId::sec_websocket_key);
  if (!iequals(request.upgrade, "websocket") || !key) {
    return http::text_response(request.arena, 400, "this is a WebSocket endpoint\n");
  }
  http::Response response(request.arena);
  response.status = 101;
  // RFC 6455 §4.2.2
  std::string accept = base64_encode(tls::sha1(std::string(*key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
  response.fields.add("Sec-WebSocket-Accept", request.arena.copy(accept));
  response.tunnel = std::make_unique<Echo>();
  return response;
}

}  // namespace sluice::cmd
