#include "control/grpc_health.h"

#include <fmt/format.h>

#include <cstdint>
#include <optional>

#include "base/text.h"

namespace sluice::control {
namespace {

constexpr std::size_t kPrefix = 5;  // of a message: not compressed, and its length
constexpr std::uint64_t kServing = 1;

// A protobuf varint at `at`, which moves behind it.
std::optional<std::uint64_t> varint(std::string_view bytes, std::size_t& at) {
  std::uint64_t value = 0;
  for (int shift = 0; at < bytes.size() && shift < 64; shift += 7) {
    auto byte = static_cast<unsigned char>(bytes[at++]);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

// Field 1 of a HealthCheckResponse, an enumeration; 0 (UNKNOWN) when it is not there, nothing for no such message.
std::optional<std::uint64_t> status_of(std::string_view message) {
  std::uint64_t status = 0;
  std::size_t at = 0;
  while (at < message.size()) {
    std::optional<std::uint64_t> key = varint(message, at);
    if (!key) return std::nullopt;
    std::uint64_t skip = 0;
    switch (*key & 7) {
      case 0: {
        std::optional<std::uint64_t> value = varint(message, at);
        if (!value) return std::nullopt;
        if (*key >> 3 == 1) status = *value;
        break;
      }
      case 1: skip = 8; break;
      case 2: {
        std::optional<std::uint64_t> length = varint(message, at);
        if (!length) return std::nullopt;
        skip = *length;
        break;
      }
      case 5: skip = 4; break;
      default: return std::nullopt;
    }
    if (skip > message.size() - at) return std::nullopt;
    at += static_cast<std::size_t>(skip);
  }
  return status;
}

std::string name_of(std::uint64_t status) {
  switch (status) {
    case 0: return "UNKNOWN";
    case 2: return "NOT_SERVING";
    case 3: return "SERVICE_UNKNOWN";
    default: return fmt::format("{}", status);
  }
}

}  // namespace

void ask_grpc_health(rest::Call& call) {
  call.http2 = true;
  call.method = "POST";
  call.path = "/grpc.health.v1.Health/Check";
  call.headers.emplace_back("Content-Type", "application/grpc");
  call.headers.emplace_back("TE", "trailers");
  call.body.assign(kPrefix, '\0');  // a message without fields: the server as a whole
}

std::string grpc_health_of(const rest::Reply& reply) {
  if (reply.status != 200) return fmt::format("the gRPC health check was answered {}", reply.status);
  // An answer that has no message has its status in the one block of fields there is.
  std::string_view status = reply.trailer("grpc-status");
  if (status.empty()) status = reply.header("grpc-status");
  if (status == "12") return "it does not implement the gRPC health protocol";
  if (status != "0") {
    return status.empty() ? "it answered without a gRPC status"
                          : fmt::format("it answered with gRPC status {}", status);
  }
  std::string_view body = reply.body;
  if (body.size() < kPrefix || body[0] != 0) return "its answer is no gRPC message";
  std::uint64_t length = 0;
  for (char c : body.substr(1, kPrefix - 1)) length = length << 8 | static_cast<unsigned char>(c);
  if (body.size() - kPrefix != length) return "its answer is no gRPC message";
  std::optional<std::uint64_t> health = status_of(body.substr(kPrefix));
  if (!health) return "its answer is no HealthCheckResponse";
  return *health == kServing ? std::string() : fmt::format("it says that it is {}", name_of(*health));
}

}  // namespace sluice::control
