// main.cpp: the program `sluice`. Without a subcommand it runs the proxy, with Traefik's flags.
#include <string>
#include <string_view>
#include <vector>

#include "cmd/commands.h"

int main(int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  return sluice::cmd::dispatch(arguments);
}
