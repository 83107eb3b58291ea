// describe_connections.h: the TCP and UDP routers and services in force, for who asks what runs. Control thread only.
#pragma once

#include <optional>
#include <string_view>

#include "config/tree.h"
#include "control/live.h"

namespace sluice::control {

// kind: "tcprouters", "tcpservices", "udprouters" or "udpservices"; nothing for any other.
std::optional<config::Node> describe_connections(const Live& live, const Merged& merged, std::string_view kind);

}  // namespace sluice::control
