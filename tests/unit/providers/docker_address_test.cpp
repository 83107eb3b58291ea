// Which network, which address, which port.
#include "providers/docker/address.h"

#include "base/text.h"
#include "providers/docker/engine_json.h"
#include "support/catch.h"
#include "unit/providers/docker_data.h"

using namespace sluice;
using namespace sluice::providers::docker;

namespace {

Container on(std::vector<Network> networks) {
  Container container;
  container.id = "c1";
  container.name = "web";
  container.state = State::running;
  container.networks = std::move(networks);
  return container;
}

Port exposed(int number, Protocol protocol = Protocol::tcp, std::vector<Binding> bindings = {}) {
  return Port{static_cast<std::uint16_t>(number), protocol, std::move(bindings)};
}

const Network kApp{"app", "10.1.0.2", ""};
const Network kProxy{"proxy", "10.2.0.2", ""};

}  // namespace

TEST_CASE("the network of the label comes before the provider's, and both before all others") {
  Container container = on({kApp, kProxy});
  Surroundings surroundings;
  CHECK(choose_address(container, {}, surroundings).ip == "10.1.0.2");
  surroundings.network = "proxy";
  CHECK(choose_address(container, {}, surroundings).ip == "10.2.0.2");
  container.labels["traefik.docker.network"] = "app";
  AddressChoice choice = choose_address(container, {}, surroundings);
  CHECK(choice.ip == "10.1.0.2");
  CHECK(choice.warning.empty());
  container.labels = {{"traefik.Docker.Network", "proxy"}};
  CHECK(choose_address(container, {}, Surroundings{}).ip == "10.2.0.2");
}

TEST_CASE("a wanted network the container is not on is said, with the networks it is on") {
  Surroundings surroundings;
  surroundings.network = "edge";
  AddressChoice choice = choose_address(on({kApp, kProxy}), {}, surroundings);
  CHECK(choice.ip == "10.1.0.2");
  CHECK(choice.warning == "Could not find network named edge: the container is on app, proxy; taking app");
}

TEST_CASE("a wanted network without an address yet is waited for, not replaced") {
  Surroundings surroundings;
  surroundings.network = "edge";
  AddressChoice choice = choose_address(on({kApp, {"edge", "", ""}}), {}, surroundings);
  CHECK(choice.ip.empty());
  CHECK(choice.warning == "no address on network edge yet");
}

TEST_CASE("networks we are on ourselves come first, and none in common is said") {
  Surroundings surroundings;
  surroundings.own_networks = {"proxy", "other"};
  CHECK(choose_address(on({kApp, kProxy}), {}, surroundings).ip == "10.2.0.2");
  AddressChoice choice = choose_address(on({kApp}), {}, surroundings);
  CHECK(choice.ip == "10.1.0.2");
  CHECK(choice.warning == "no network in common with us: it is on app, and we are on other, proxy");
}

TEST_CASE("IPv6 serves where there is no IPv4, networks without an address are passed over") {
  CHECK(choose_address(on({{"a", "", "fd00::2"}}), {}, {}).ip == "fd00::2");
  CHECK(choose_address(on({{"a", "10.0.0.2", "fd00::2"}}), {}, {}).ip == "10.0.0.2");
  CHECK(choose_address(on({{"a", "", ""}, kProxy}), {}, {}).ip == "10.2.0.2");
  CHECK(choose_address(on({{"ingress", "10.0.0.9", ""}, kProxy}), {}, {}).ip == "10.2.0.2");
  CHECK(choose_address(on({}), {}, {}).ip.empty());
}

TEST_CASE("host networking is reached where the host is") {
  Container container = on({{"host", "", ""}});
  container.network_mode = "host";
  CHECK(choose_address(container, {}, {}).ip.empty());  // until somebody has found out
  Surroundings surroundings;
  surroundings.host_address = "172.17.0.1";
  CHECK(choose_address(container, {}, surroundings).ip == "172.17.0.1");
}

TEST_CASE("a container that borrows a network is reached at the other's address, by the other's label") {
  Container owner = on({kApp, kProxy});
  owner.id = "owner";
  owner.name = "vpn";
  Container sidecar = on({});
  sidecar.network_mode = "container:owner";
  Containers all{{"owner", owner}};
  CHECK(choose_address(sidecar, all, {}).ip == "10.1.0.2");
  sidecar.labels["traefik.docker.network"] = "proxy";
  CHECK(choose_address(sidecar, all, {}).ip == "10.2.0.2");
  all.at("owner").labels["traefik.docker.network"] = "app";
  CHECK(choose_address(sidecar, all, {}).ip == "10.1.0.2");

  sidecar.network_mode = "container:vpn";  // Podman may give a name
  CHECK(choose_address(sidecar, all, {}).ip == "10.1.0.2");
  sidecar.network_mode = "container:gone";
  AddressChoice choice = choose_address(sidecar, all, {});
  CHECK(choice.ip.empty());
  CHECK(choice.warning.find("which is not there") != std::string::npos);
}

TEST_CASE("containers that borrow from each other in a circle have no address") {
  Container a = on({});
  a.id = "a";
  a.network_mode = "container:b";
  Container b = a;
  b.id = "b";
  b.network_mode = "container:a";
  CHECK(choose_address(a, {{"a", a}, {"b", b}}, {}).ip.empty());
}

TEST_CASE("the choice is the same every time") {
  Container container = on({{"d", "10.0.0.4", ""}, {"c", "10.0.0.3", ""}});
  std::string first = choose_address(container, {}, {}).ip;
  for (int i = 0; i < 100; ++i) CHECK(choose_address(container, {}, {}).ip == first);
}

TEST_CASE("the recorded containers have the addresses the engine gave them") {
  Containers all;
  auto list = parse_list(test::recorded("list_20.10.json"));
  for (const Container& container : *list) all.emplace(container.id, container);
  std::map<std::string, std::string> address;
  Surroundings surroundings;
  surroundings.host_address = "127.0.0.1";
  for (const auto& [id, container] : all) address[container.name] = choose_address(container, all, surroundings).ip;
  CHECK(address["blog-web-1"] == "172.18.0.2");  // its label says proxy
  CHECK(address["sidecar"] == "172.18.0.2");
  CHECK(address["published"] == "172.17.0.2");
  CHECK(address["hosted"] == "127.0.0.1");
  CHECK(address["lonely"].empty());
  CHECK(address["created"].empty());
}

TEST_CASE("the port is the label's, or the lowest that speaks the protocol, or the lowest") {
  Container container = on({kApp});
  CHECK(choose_port(container, 0, Protocol::tcp) == 0);
  CHECK(choose_port(container, 3000, Protocol::tcp) == 3000);
  container.ports = {exposed(53, Protocol::udp), exposed(443), exposed(8080)};
  CHECK(choose_port(container, 0, Protocol::tcp) == 443);
  CHECK(choose_port(container, 0, Protocol::udp) == 53);
  CHECK(choose_port(container, 3000, Protocol::tcp) == 3000);
  container.ports = {exposed(53, Protocol::udp)};
  CHECK(choose_port(container, 0, Protocol::tcp) == 53);
}

TEST_CASE("useBindPortIP, row by row of Traefik's documentation") {
  struct Row {
    std::uint16_t label;
    std::vector<Port> ports;
    const char* expected;
  };
  const std::vector<Row> rows = {
      {0, {exposed(80)}, "10.1.0.2:80"},
      {0, {exposed(80, Protocol::tcp, {{"", 8080}})}, "10.1.0.2:80"},
      {0, {exposed(80, Protocol::tcp, {{"192.0.2.1", 8080}})}, "192.0.2.1:8080"},
      {80, {}, "10.1.0.2:80"},
      {80, {exposed(80, Protocol::tcp, {{"192.0.2.1", 8080}})}, "192.0.2.1:8080"},
      {80, {exposed(90, Protocol::tcp, {{"192.0.2.1", 8080}})}, "10.1.0.2:80"},
      {80,
       {exposed(70, Protocol::tcp, {{"192.0.2.1", 8080}}), exposed(90, Protocol::tcp, {{"192.0.2.2", 80}})},
       "192.0.2.2:80"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.expected);
    Container container = on({kApp});
    container.ports = row.ports;
    Surroundings surroundings;
    surroundings.use_bind_port_ip = true;
    CHECK(choose_endpoint(container, row.label, Protocol::tcp, {}, surroundings).to_string() == row.expected);
    surroundings.use_bind_port_ip = false;
    Endpoint direct = choose_endpoint(container, row.label, Protocol::tcp, {}, surroundings);
    CHECK(direct.ip == "10.1.0.2");
  }
}

TEST_CASE("bindings to every address of the host are not used") {
  Container container = on({kApp});
  container.ports = {exposed(80, Protocol::tcp, {{"0.0.0.0", 8080}, {"::", 8080}})};
  Surroundings surroundings;
  surroundings.use_bind_port_ip = true;
  CHECK(choose_endpoint(container, 0, Protocol::tcp, {}, surroundings).to_string() == "10.1.0.2:80");
}

TEST_CASE("what is missing for an endpoint is named, and IPv6 is bracketed") {
  Endpoint no_port = choose_endpoint(on({kApp}), 0, Protocol::tcp, {}, {});
  CHECK(no_port.missing.find("port is missing") == 0);
  Endpoint no_address = choose_endpoint(on({{"none", "", ""}}), 80, Protocol::tcp, {}, {});
  CHECK(no_address.missing == "unable to find the IP address: networks: none");
  Endpoint v6 = choose_endpoint(on({{"a", "", "fd00::2"}}), 80, Protocol::tcp, {}, {});
  CHECK(v6.to_string() == "[fd00::2]:80");
}
