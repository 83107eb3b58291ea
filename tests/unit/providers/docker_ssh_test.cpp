// ssh:// endpoints, and what ssh is asked to do.
#include "providers/docker/ssh.h"

#include <cstdlib>

#include "providers/docker/settings.h"
#include "support/catch.h"

using namespace sluice;
using providers::docker::Settings;
using providers::docker::ssh_server;
namespace {

// Without what is the same for all.
std::string command_for(std::string_view endpoint) {
  Result<rest::Server> server = ssh_server(endpoint);
  REQUIRE(server.ok());
  CHECK(server->origin == "http://localhost");
  CHECK(server->connector->name() == endpoint);
  const std::string all = server->connector->command_line();
  const std::string same = "ssh -T -o BatchMode=yes -o ConnectTimeout=8 ";
  REQUIRE(all.starts_with(same));
  return all.substr(same.size());
}

}  // namespace

TEST_CASE("an ssh endpoint is what Docker's tools make of it") {
  CHECK(command_for("ssh://east") == "-- east docker system dial-stdio");
  CHECK(command_for("SSH://me@east.example:2222/") == "-l me -p 2222 -- east.example docker system dial-stdio");
  CHECK(command_for("ssh://me@[fd00::1]:2222") == "-l me -p 2222 -- fd00::1 docker system dial-stdio");
  CHECK(command_for("ssh://[::1]") == "-- ::1 docker system dial-stdio");
  CHECK(command_for("ssh://me@east/run/user/1000/docker.sock") ==
        "-l me -- east docker --host=unix:///run/user/1000/docker.sock system dial-stdio");
}

TEST_CASE("no option, no command and no password comes in by an ssh endpoint") {
  for (const char* endpoint : {"ssh://",
                               "ssh:///run/docker.sock",
                               "ssh://me@",
                               "ssh://@east",
                               "ssh://-oProxyCommand=x",
                               "ssh://me@-J",
                               "ssh://-lme@east",
                               "ssh://me:secret@east",
                               "ssh://east:0",
                               "ssh://east:70000",
                               "ssh://east:",
                               "ssh://east:-1",
                               "ssh://east west",
                               "ssh://east;reboot",
                               "ssh://$(reboot)",
                               "ssh://e%20t",
                               "ssh://m e@east",
                               "ssh://`x`@east",
                               "ssh://[::1",
                               "ssh://::1",
                               "ssh://[::1]x",
                               "ssh://[-1::]",
                               "ssh://]:1",
                               "ssh://east/run/$(x)",
                               "ssh://east/a b",
                               "ssh://east/x;y",
                               "ssh://east?x=1",
                               "ssh://east/x?y",
                               "ssh://east#x",
                               "ssh://east\n"}) {
    CAPTURE(endpoint);
    Result<rest::Server> server = ssh_server(endpoint);
    REQUIRE_FALSE(server.ok());
    CHECK(server.error().code == Code::invalid);
    CHECK_FALSE(server.error().text.empty());
  }
}

TEST_CASE("where there is no program ssh the endpoint is refused, with another way") {
  const std::string path = std::getenv("PATH") == nullptr ? "/usr/bin:/bin" : std::getenv("PATH");
  config::DockerProvider options;
  options.endpoint = "ssh://me@east";
  config::Report report;
  setenv("PATH", "/nonexistent", 1);
  const bool usable = Settings::of(options, "providers.docker", report).has_value();
  setenv("PATH", path.c_str(), 1);
  CHECK_FALSE(usable);
  REQUIRE(report.size() == 1);
  CHECK(report[0].what == "providers.docker.endpoint: ssh:// needs the program ssh, and PATH has none");
  CHECK(report[0].fix.find("ssh -nNT -L") != std::string::npos);
}
