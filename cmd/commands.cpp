#include "cmd/commands.h"

#include <cstdio>

#include "cmd/command_table.h"

namespace sluice::cmd {

int dispatch(const std::vector<std::string>& arguments) {
  if (!arguments.empty()) {
    const std::string& name = arguments.front();
    for (const Command& command : commands()) {
      if (name == command.described.name) return command.run({arguments.begin() + 1, arguments.end()});
    }
    if (name == "__complete") return complete({arguments.begin() + 1, arguments.end()});
    if (name == "--version" || name == "-v" || name == "-V") return version({});
    if (name[0] != '-') {
      std::fprintf(stderr, "sluice: %s is no command\n%s", name.c_str(),
                   config::short_help_text(described_program()).c_str());
      return 2;
    }
  }
  return run(arguments);
}

}  // namespace sluice::cmd
