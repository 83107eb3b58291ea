#include <cstdio>

#include "cmd/command_table.h"
#include "cmd/commands.h"

namespace sluice::cmd {

int help(const std::vector<std::string>&) {
  std::printf("Usage: sluice [command] [flags]\n\nCommands:\n");
  for (const Command& command : commands()) {
    std::printf("  %-12s %-28s %s\n", command.name, command.arguments, command.summary);
  }
  return 0;
}

}  // namespace sluice::cmd
