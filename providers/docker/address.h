// address.h: where a container is reached: which of its networks, which of its ports. Pure and deterministic.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "providers/docker/container.h"

namespace sluice::providers::docker {

// What the choice depends on beside the containers.
struct Surroundings {
  std::string network;                 // providers.docker.network
  bool use_bind_port_ip = false;       // providers.docker.useBindPortIP
  std::string host_address;            // where the engine's host is reached from here; empty: not known yet
  std::set<std::string> own_networks;  // of the container we run in; empty when we run in none
  std::string own_container;           // its id; empty when we run in none

  friend bool operator==(const Surroundings&, const Surroundings&) = default;
};

struct AddressChoice {
  std::string ip;       // empty: there is none
  std::string network;  // the network it is on; empty for the host
  std::string warning;  // something the operator should know
};

// In this order: the network named by the label or else by the provider's option; the host itself for host networking;
// the other container's address for "container:" networking; else the first network by name, those we are on before
// others. An attachment without an address is passed over unless it was named.
AddressChoice choose_address(const Container& container, const Containers& all, const Surroundings& surroundings);

// The port of a server: `label` if not 0, else the lowest exposed one that speaks `protocol`, else the lowest at all.
// 0 when nothing is exposed. (Traefik mixes the protocols and may give an HTTP service a UDP port.)
std::uint16_t choose_port(const Container& container, std::uint16_t label, Protocol protocol);

struct Endpoint {
  std::string ip;
  std::uint16_t port = 0;
  std::string warning;   // something the operator should know
  std::string missing;   // why there is no endpoint; then ip is empty or port is 0
  bool pending = false;  // there is no address yet, and it may come without an event

  // "10.0.0.2:80", "[fd00::2]:80".
  std::string to_string() const;
};

// Both choices together, and useBindPortIP: a port bound to one address of the host is reached there.
Endpoint choose_endpoint(const Container& container, std::uint16_t label, Protocol protocol, const Containers& all,
                         const Surroundings& surroundings);

// The network a container's own label asks for, or empty.
std::string_view network_label(const Container& container);

}  // namespace sluice::providers::docker
