// How endpoints are written.
#include "rest/call.h"
#include "support/catch.h"

using sluice::Code;
using sluice::rest::Reply;
using sluice::rest::Server;

TEST_CASE("a unix endpoint names a socket and a constant host") {
  auto server = Server::parse("unix:///var/run/docker.sock");
  REQUIRE(server.ok());
  CHECK(server->unix_socket == "/var/run/docker.sock");
  CHECK(server->origin == "http://localhost");
}

TEST_CASE("tcp endpoints speak TLS exactly when there are TLS options") {
  CHECK(Server::parse("tcp://10.0.0.1:2375")->origin == "http://10.0.0.1:2375");
  CHECK(Server::parse("tcp://10.0.0.1:2376", true)->origin == "https://10.0.0.1:2376");
  CHECK(Server::parse("http://proxy:2375/", true)->origin == "http://proxy:2375");
  CHECK(Server::parse("HTTPS://engine/base/")->origin == "https://engine/base");
  CHECK(Server::parse("tcp://[::1]:2375")->origin == "http://[::1]:2375");
}

TEST_CASE("endpoints that cannot be connected to are refused") {
  for (const char* text : {"", "/var/run/docker.sock", "unix://relative/path", "tcp://", "tcp:///x", "tcp://:2375",
                           "http://user:secret@host", "http://host?x=1", "http://host\r\nX: y", "http://ho st"}) {
    CAPTURE(text);
    auto server = Server::parse(text);
    REQUIRE_FALSE(server.ok());
    CHECK(server.error().code == Code::invalid);
  }
  CHECK(Server::parse("unix:///" + std::string(200, 'x')).error().code == Code::invalid);
  CHECK(Server::parse("ssh://user@host").error().code == Code::unsupported);
  CHECK(Server::parse("npipe:////./pipe/docker").error().code == Code::unsupported);
}

TEST_CASE("headers of a reply are found whatever their case") {
  Reply reply;
  reply.headers = {{"Api-Version", "1.41"}, {"x", ""}};
  CHECK(reply.header("api-version") == "1.41");
  CHECK(reply.header("missing").empty());
}
