// main.cpp: the program `sluice`. Without a subcommand it runs the proxy, with Traefik's flags.
#include <csignal>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/commands.h"

int main(int argc, char** argv) {
  // A peer that went away is an error of the call that wrote to it (splice has no flag for that), not the end of us.
  std::signal(SIGPIPE, SIG_IGN);
  std::vector<std::string> arguments(argv + 1, argv + argc);
  return sluice::cmd::dispatch(arguments);
}
