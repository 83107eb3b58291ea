// container.h: what the provider keeps of a container. Values only; the control loop owns them.
//
// Deliberately little: environment, mounts and commands hold secrets and are dropped while reading (engine_json.h).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace sluice::providers::docker {

// `ended` is exited, dead, removing and whatever an engine may call a container that does not run.
enum class State { created, running, paused, restarting, ended };

// `none`: neither the image nor the container defines a health check.
enum class Health { none, starting, healthy, unhealthy };

enum class Protocol { tcp, udp, other };

// One attachment to a network. Addresses are literal IPs or empty; an attachment without any is kept, because it says
// that the container is on its way there.
struct Network {
  std::string name;
  std::string ipv4;
  std::string ipv6;

  // IPv4 if there is one, else IPv6, else empty.
  const std::string& address() const { return ipv4.empty() ? ipv6 : ipv4; }
  friend bool operator==(const Network&, const Network&) = default;
};

// A published port: `host_ip` is empty or unspecified where every address of the host is meant.
struct Binding {
  std::string host_ip;
  std::uint16_t host_port = 0;
  friend bool operator==(const Binding&, const Binding&) = default;
};

// An exposed or published port of the container.
struct Port {
  std::uint16_t number = 0;
  Protocol protocol = Protocol::tcp;
  std::vector<Binding> bindings;
  friend bool operator==(const Port&, const Port&) = default;
};

struct Container {
  std::string id;
  std::string name;  // without the leading slash
  std::map<std::string, std::string> labels;
  State state = State::ended;
  Health health = Health::none;
  std::string network_mode;       // "bridge", "host", "none", "container:<id>", or a network's name
  std::vector<Network> networks;  // sorted by name
  std::vector<Port> ports;        // sorted by number, then protocol
  int stop_signal = 15;           // what `docker stop` sends first; known from inspect only

  friend bool operator==(const Container&, const Container&) = default;
};

// All containers an engine told of, by id.
using Containers = std::map<std::string, Container, std::less<>>;

}  // namespace sluice::providers::docker
