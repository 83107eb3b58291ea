// engine_json.h: the answers of the Docker Engine API (1.24 to 1.5x, and Podman's) as containers and events. Pure.
//
// Total: whatever the bytes are, the result is a value or an error. Unknown and missing fields are tolerated, nesting
// and size are bounded, addresses and ids are checked. Of two equal keys the last counts, as in the engine's own
// client.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "providers/docker/container.h"
#include "providers/docker/event.h"

namespace sluice::providers::docker {

// Bytes the provider reads of one answer, and of one line of the event stream.
inline constexpr std::size_t kMaxList = 64 * 1024 * 1024;
inline constexpr std::size_t kMaxInspect = 4 * 1024 * 1024;
inline constexpr std::size_t kMaxEvent = 1024 * 1024;

// GET /containers/json. Entries that are no containers (no usable id) are left out.
// The list lacks what a running container's inspect has: ports of host-network containers, the health of paused ones
// and the stop signal; and Podman's has neither health nor unpublished ports.
Result<std::vector<Container>> parse_list(std::string_view body);

// GET /containers/{id}/json.
Result<Container> parse_inspect(std::string_view body);

// One line of GET /events, without its end. Nothing for blank lines and for events that say nothing about a container.
// A leading record separator (RFC 7464) is skipped.
Result<std::optional<Event>> parse_event(std::string_view line);

// An API version, "1.41".
struct ApiVersion {
  int major = 0;
  int minor = 0;

  static std::optional<ApiVersion> parse(std::string_view text);
  std::string to_string() const;
  friend auto operator<=>(const ApiVersion&, const ApiVersion&) = default;
};

// What a server said about the versions it speaks.
struct ApiRange {
  std::optional<ApiVersion> newest;
  std::optional<ApiVersion> oldest;
};

// Reads GET /version, or the text of a refusal ("client version 1.44 is too new. Maximum supported API version is
// 1.41"), as JSON or plain text.
ApiRange parse_api_range(std::string_view body);

// True for what the engine itself calls an id or a name: safe as a segment of a path.
bool is_container_id(std::string_view id);

}  // namespace sluice::providers::docker
