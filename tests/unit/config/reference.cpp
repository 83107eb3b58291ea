#include "config/reference.h"

#include "config/yaml.h"
#include "support/catch.h"

using namespace sluice::config;

namespace {

Program program() {
  return {"sluice",
          "An edge router.",
          "1.2.3",
          {{"run", "[STATIC FLAGS]", "Serve.", {}},
           {"whoami", "", "Answer requests.", {{"--port=N", "The port."}, {"--verbose", "Say more."}}}}};
}

bool contains(std::string_view text, std::string_view piece) { return text.find(piece) != std::string_view::npos; }

}  // namespace

TEST_CASE("help names commands, flags, defaults and what is not served yet") {
  const std::string help = help_text(program());
  CHECK(contains(help, "  whoami  Answer requests.\n"));
  CHECK(contains(help, "--entryPoints.<name>.address=<text>\n        [host]:port"));
  CHECK(contains(help, "--log.level=<text>  (default ERROR)"));
  CHECK(contains(help, "--providers.docker  (default off)"));
  CHECK(contains(help, "--providers.docker.watch  (default true)"));
  CHECK(contains(help, "--configFile=<text>"));
  CHECK_FALSE(contains(help, "\n  --providers=\n"));
  CHECK(contains(short_help_text(program()), "whoami"));
  CHECK_FALSE(contains(short_help_text(program()), "--log.level"));
}

TEST_CASE("the manual page has its sections and escapes hyphens") {
  const std::string page = man_page(program());
  CHECK(page.rfind(".TH SLUICE 1", 0) == 0);
  for (const char* section : {"NAME", "SYNOPSIS", "COMMANDS", "CONFIGURATION", "OPTIONS"}) {
    CHECK(contains(page, std::string("\n.SH ") + section + "\n"));
  }
  CHECK(contains(page, "\\-\\-log.level"));
  CHECK(contains(page, "\\-\\-port=N"));
}

TEST_CASE("the references list options of files and labels") {
  CHECK(contains(static_reference(), "| `entryPoints.<name>.reusePort` | true or false | `false` |"));
  CHECK(contains(static_reference(), "| `workers` | whole number | `0` |"));
  CHECK(contains(dynamic_reference(), "| `http.services.<name>.loadBalancer.servers[n].url` | text |"));
  CHECK(contains(dynamic_reference(), "## `tcp.routers`"));
  const std::string labels = label_reference();
  CHECK(contains(labels, "`traefik.http.services.<name>.loadbalancer.server.port`"));
  CHECK(contains(labels, "`traefik.docker.network`"));
  CHECK(contains(labels, "`traefik.http.routers.<name>.tls`"));
  CHECK(contains(labels, "weighted"));
  CHECK_FALSE(contains(labels, "loadbalancer.servers["));
  CHECK(contains(labels, "traefik.tls.options"));
}

TEST_CASE("the JSON schemas are JSON and describe the options") {
  for (const std::string& text : {static_json_schema(), dynamic_json_schema()}) {
    Report report;
    const std::optional<Node> schema = parse_yaml(text, "schema.json", report);
    REQUIRE(schema);
    CHECK(report.empty());
    CHECK(schema->find("$defs")->children().size() > 50);
  }
  Report report;
  const std::optional<Node> schema = parse_yaml(dynamic_json_schema(), "schema.json", report);
  const Node* router = schema->find("$defs")->find("HttpRouter")->find("properties");
  REQUIRE(router != nullptr);
  CHECK(router->find("priority")->find("type")->text() == "integer");
  CHECK(router->find("ruleSyntax")->find("enum")->children().size() == 2);
  CHECK(router->find("tls")->find("anyOf")->children().size() == 2);
}

TEST_CASE("completion scripts name the program") {
  for (const Shell shell : {Shell::bash, Shell::zsh, Shell::fish}) {
    const std::string script = completion_script(shell, program());
    CHECK(contains(script, "sluice __complete"));
    CHECK_FALSE(contains(script, "@PROGRAM@"));
  }
}

TEST_CASE("words are completed to commands, their flags, and static flags") {
  CHECK(complete_words(program(), {"wh"}) == "whoami\tAnswer requests.\n");
  CHECK(complete_words(program(), {}) == "run\tServe.\nwhoami\tAnswer requests.\n");
  CHECK(complete_words(program(), {"whoami", "--p"}) == "--port=\tThe port.\n");
  CHECK(contains(complete_words(program(), {"run", "--pi"}), "--ping\t"));
  CHECK(contains(complete_words(program(), {"--pi"}), "--ping\t"));
  CHECK(contains(complete_words(program(), {"--ping", "--conf"}), "--configFile="));
  CHECK_FALSE(contains(complete_words(program(), {"whoami", "--"}), "--ping"));
}
