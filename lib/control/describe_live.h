// describe_live.h: lists of what is in force, as trees: what `sluice get` and `sluice status` show.
#pragma once

#include <optional>
#include <string_view>

#include "config/tree.h"
#include "control/live.h"

namespace sluice::control {

inline constexpr std::string_view kSchema = "sluice/v1";

// What can be listed.
inline constexpr const char* kKinds =
    "routers|services|middlewares|tcprouters|tcpservices|udprouters|udpservices|entrypoints|delegations|problems|all";

// One of `kKinds`. Nothing for another kind.
std::optional<config::Node> describe_kind(const Live& live, std::string_view kind);

config::Node describe_status(const Live& live);

// A service with its servers and their state, and its children, at most a few levels deep.
config::Node describe_service(const Live& live, const Merged& merged, const std::string& name, int depth = 0);

// "redirectScheme", "addPrefix": the name of a middleware's option; empty when it has none.
std::string middleware_type(const config::Middleware& middleware);

// Trees of scalars.
config::Node text_node(std::string_view text);
config::Node flag_node(bool flag);
config::Node number_node(std::int64_t number);

}  // namespace sluice::control
