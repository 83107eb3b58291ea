// path_rewriting.h: how middlewares change the path of a request. Whatever they make of it is normalised again, so that
// everything behind them, the upstream included, reads one path. Stateless; any worker.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace sluice::middleware {

// The option that is a path or the beginning of one: with a leading slash and escapes as in normal paths (target.h).
// Nothing when it is not a path.
std::optional<std::string> path_option(std::string_view text);

// The part of the normal path `path` that its match form shows as `count` bytes.
std::string_view escaped_front(std::string_view path, std::size_t count);

// Makes `path` the path of the request. 0, or the status of a refusal: 500 when it has an escape that is none; 400 when
// it is no path, or one that says the same as another (empty segments, dot segments): a rule in front of the middleware
// has decided about a path, and the rewritten one must not lead around it.
std::uint16_t rewrite_path(http::Request& request, std::string_view path);

// Takes `prefix`, the beginning of the path as rules see it, off the path and notes it in X-Forwarded-Prefix.
// As rewrite_path.
std::uint16_t strip_prefix(http::Request& request, std::string_view prefix);

// X-Replaced-Path becomes the path as it is now.
void note_replaced_path(http::Request& request);

}  // namespace sluice::middleware
