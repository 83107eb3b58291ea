// What the provider takes from its own process.
#include "providers/docker/process.h"

#include "support/catch.h"

using namespace sluice;
using namespace sluice::providers::docker;

namespace {
const std::string kId = "6d1f0a9b8c7e6d5f4a3b2c1d0e9f8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d2e1f";
}

TEST_CASE("the container we run in is known by where its /etc/hostname comes from") {
  const std::string other(64, 'a');
  std::string docker =
      "600 590 0:50 / / rw - overlay overlay rw\n"
      "611 600 254:1 /var/lib/docker/volumes/containers/" +
      other +
      "/_data /data rw - ext4 x rw\n"
      "612 600 254:1 /var/lib/docker/containers/" +
      kId + "/hostname /etc/hostname rw - ext4 x rw\n";
  CHECK(container_id(docker, "") == kId);
  std::string podman = "612 600 0:9 /var/lib/containers/storage/overlay-containers/" + kId +
                       "/userdata/resolv.conf /etc/resolv.conf rw - xfs x rw\n";
  CHECK(container_id(podman, "") == kId);
}

TEST_CASE("failing that by its control group, and outside of containers not at all") {
  CHECK(container_id("", "0::/system.slice/docker-" + kId + ".scope\n") == kId);
  CHECK(container_id("", "4:memory:/docker/" + kId + "\n") == kId);
  CHECK(container_id("", "0::/machine.slice/libpod-" + kId + ".scope/container\n") == kId);
  CHECK(container_id("", "0::/user.slice/" + kId + "\n").empty());
  CHECK(container_id("", "0::/\n").empty());
  CHECK(container_id("garbage\n\n1 2 3 4\n", kId.substr(1)).empty());
  CHECK_FALSE(own_container_id().empty());
}

TEST_CASE("Docker's variables go before the options") {
  config::DockerProvider options;
  options.endpoint = "unix:///run/other.sock";
  CHECK(with_environment(options, {}) == options);
  CHECK(with_environment(options, {{"DOCKER_HOST", ""}, {"DOCKER_CERT_PATH", ""}}) == options);
  CHECK(with_environment(options, {{"DOCKER_HOST", "tcp://engine:2376"}}).endpoint == "tcp://engine:2376");
  config::DockerProvider secured = with_environment(options, {{"DOCKER_CERT_PATH", "/certs"}});
  REQUIRE(secured.tls);
  CHECK(secured.tls->ca == "/certs/ca.pem");
  CHECK(secured.tls->cert == "/certs/cert.pem");
  CHECK(secured.tls->key == "/certs/key.pem");
  CHECK(secured.tls->insecure_skip_verify);
  secured = with_environment(options, {{"DOCKER_CERT_PATH", "/certs"}, {"DOCKER_TLS_VERIFY", "1"}});
  CHECK_FALSE(secured.tls->insecure_skip_verify);
}
