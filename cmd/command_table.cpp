#include "cmd/command_table.h"

#include "cmd/commands.h"
#include "control/describe_live.h"

namespace sluice::cmd {

const std::vector<Command>& commands() {
  static const std::vector<Command> table = {
      {{"run", "[STATIC FLAGS]", "run the proxy; also without a command", {}}, run},
      {{"check",
        "[FLAGS] [FILE|DIRECTORY...]",
        "say what is wrong with configuration before it runs: static, dynamic and compose files",
        {{"--engine", "check the labels of the running engine too"},
         {"--strict", "fail on warnings as well"},
         {"--output=FORM", "text (default), json, sarif or github"},
         {"--quiet", "errors only"},
         {"--no-color", "no colors, also on a terminal"}}},
       check},
      {{"explain",
        "[METHOD] URL",
        "say which router, middlewares and service take a request, and why the others do not",
        {{"--header=NAME: VALUE", "a header of the request, also -H; may be repeated"},
         {"--client-ip=IP", "the client (default 127.0.0.1)"},
         {"--entrypoint=NAME", "the entry point (default: by the port, else by the scheme)"},
         {"--sni=NAME", "the name in the TLS handshake"},
         {"--tcp", "only which TCP router takes the connection; no URL is needed"},
         {"--from=SOURCE", "a file or directory instead of the running instance; may be repeated"},
         {"--output=FORM", "text (default) or json"},
         {"--control=PATH", "the control socket of the running instance"}}},
       explain},
      {{"status",
        "",
        "say how the running instance fares",
        {{"--output=FORM", "text (default) or json"}, {"--control=PATH", "its control socket"}}},
       status},
      {{"get",
        std::string(control::kKinds) + " [NAME]",
        "list what is in force in the running instance",
        {{"--output=FORM", "text (default) or json"}, {"--control=PATH", "its control socket"}}},
       get},
      {{"certs",
        "list|show NAME|test NAME|renew NAME|retry [NAME]|pause [NAME]|resume [NAME]|dry-run NAME|revoke NAME|"
        "account CHANGE RESOLVER|export DIRECTORY [NAME...]|import FROM RESOLVER",
        "say how the certificates of resolvers fare, try one now or only to see, order none for a while, write them "
        "out "
        "as PEM files, take them from lego, certbot, Caddy or Traefik 1; give an account another key",
        {{"--output=FORM", "text (default) or json"},
         {"--control=PATH", "the control socket of the running instance"},
         {"--ca=URL", "dry-run: the directory of a CA for trying (default: Let's Encrypt's)"},
         {"--reason=NUMBER", "revoke: why, as RFC 5280 numbers it"},
         {"--storage=FILE", "export, import: the storage of the resolvers (default acme.json)"}}},
       certs},
      {{"whoami",
        "[FLAGS]",
        "run the demo backend, which says who it is and what it was asked",
        {{"--address=HOST:PORT", "where to listen (default :80)"},
         {"--name=NAME", "a name to say"},
         {"--workers=N", "threads (default: as many as CPUs may be used)"}}},
       whoami},
      {{"engine-proxy",
        "[FLAGS]",
        "hold the Docker socket for a proxy that has none: pass on the calls that only read what it needs",
        {{"--address=HOST:PORT", "where to listen (default :2375)"},
         {"--socket=PATH", "the engine's socket (default /var/run/docker.sock)"},
         {"--inspect", "let single containers be described, with their environment"},
         {"--swarm", "let services, tasks, networks and nodes be listed"}}},
       engine_proxy},
      {{"healthcheck", "[STATIC FLAGS]", "ask the running proxy for /ping; takes the same flags as run", {}},
       healthcheck},
      {{"version", "", "print version and build", {}}, version},
      {{"help", "", "print every command and option", {}}, help},
      {{"man", "", "print the manual page", {}}, man},
      {{"completion", "bash|zsh|fish", "print the completion script of a shell", {}}, completion},
      {{"reference",
        "static|dynamic|labels|static-schema|dynamic-schema|all DIRECTORY",
        "print the reference of all options, or a JSON schema; or write all of docs/reference",
        {}},
       reference},
  };
  return table;
}

config::Program described_program() {
  config::Program program;
  program.name = "sluice";
  program.summary = "an edge router for containers";
  program.version = kVersion;
  for (const Command& command : commands()) program.commands.push_back(command.described);
  return program;
}

}  // namespace sluice::cmd
