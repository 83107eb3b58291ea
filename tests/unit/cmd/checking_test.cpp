#include <algorithm>

#include "cmd/checking/compose_file.h"
#include "cmd/checking/compose_parts.h"
#include "cmd/checking/interpolation.h"
#include "cmd/checking/pieces.h"
#include "config/yaml.h"
#include "support/catch.h"

using namespace sluice;
using namespace sluice::cmd::checking;

namespace {

std::string piece(std::string_view line, std::size_t start, std::string_view what, std::string_view value = {}) {
  Piece found = piece_of(line, start, what, value);
  return std::string(line.substr(found.at, found.size));
}

ComposeFile compose(std::string_view text) {
  config::Report report;
  std::optional<config::Node> root = config::parse_yaml(text, "compose.yaml", report);
  REQUIRE(root.has_value());
  return read_compose(*root, "compose.yaml", {{"DOMAIN", "a.example"}}, 1);
}

}  // namespace

TEST_CASE("variables are replaced as compose replaces them") {
  std::map<std::string, std::string> variables = {{"A", "1"}, {"EMPTY", ""}};
  CHECK(interpolate("x${A}y$A-$$A", variables).text == "x1y1-$A");
  CHECK(interpolate("${EMPTY:-d}${EMPTY-d}${NO:-${A}}${NO-}", variables).text == "d1");
  CHECK(interpolate("${A:+yes}${NO:+no}", variables).text == "yes");
  CHECK(interpolate("$NO ${OTHER}", variables).unset == std::vector<std::string>{"NO", "OTHER"});
  CHECK(interpolate("$2y$05", variables).invalid == "$2");
  CHECK(interpolate("${A", variables).invalid == "${A");
  CHECK(interpolate("a$", variables).invalid == "$");
}

TEST_CASE("the caret stands under the piece that is meant") {
  CHECK(piece("traefik.http.services.web.loadbalacer.server.port: \"80\"", 0,
              "field not found, node: loadbalacer (http.services.web.loadbalacer)") == "loadbalacer");
  CHECK(piece("rule: Host('a')", 6, "the rule cannot be used: x, at byte 6 of Host('a')", "Host('a')") == "'");
  CHECK(piece("entrypoints: web,websecur", 13, "router x is to be on entry point websecur, which", "web,websecur") ==
        "websecur");
  CHECK(piece("level: VERBOSE", 7, "log.level: \"VERBOSE\" is not one of", "VERBOSE") == "VERBOSE");
  CHECK(piece("", 0, "whatever", "").empty());
  CHECK(mentions("service web@docker does not exist", "web"));
  CHECK_FALSE(mentions("service webmail does not exist", "web"));
}

TEST_CASE("labels of a compose file are read in both notations, with their places") {
  ComposeFile file = compose(
      "name: App\n"
      "services:\n"
      "  one:\n"
      "    image: registry.example/traefik:v3\n"
      "    labels:\n"
      "      - traefik.http.routers.one.rule=Host(`${DOMAIN}`)\n"
      "  two:\n"
      "    ports: [\"8080:81\", {target: 82}]\n"
      "    expose: [80, \"53/udp\"]\n"
      "    labels:\n"
      "      traefik.enable: true\n"
      "      other: x\n");
  REQUIRE(file.services.size() == 2);
  CHECK(file.report.empty());
  const ComposeService& one = file.services[0];
  CHECK(one.is_router);
  CHECK(owner_of(one) == "container app-one-1");
  REQUIRE(one.labels.size() == 1);
  CHECK(one.labels[0].value == "Host(`a.example`)");
  CHECK(one.labels[0].at.line == 6);
  CHECK(one.labels[0].at.column == 9);
  const ComposeService& two = file.services[1];
  CHECK_FALSE(two.is_router);
  CHECK(two.container.labels.at("traefik.enable") == "true");
  CHECK(two.labels[0].value_at.column == 23);
  CHECK(std::count_if(two.container.ports.begin(), two.container.ports.end(),
                      [](const auto& port) { return port.number >= 80 && port.number <= 82; }) == 3);
  CHECK(two.container.networks.at(0).name == "app_default");
}

TEST_CASE("a command in one text is taken apart as a shell does it") {
  CHECK(shell_words("traefik --a.b='x y' \"--c\"  d") == std::vector<std::string>{"traefik", "--a.b=x y", "--c", "d"});
  CHECK(project_name("My App.v2") == "myappv2");
}
