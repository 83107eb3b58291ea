#include "cmd/commands.h"

#include <cstdio>

#include "cmd/command_table.h"

namespace sluice::cmd {

int dispatch(const std::vector<std::string>& arguments) {
  if (!arguments.empty()) {
    const std::string& name = arguments.front();
    for (const Command& command : commands()) {
      if (name == command.name) return command.run({arguments.begin() + 1, arguments.end()});
    }
    if (name == "--version" || name == "-v" || name == "-V") return version({});
    if (name[0] != '-') {
      std::fprintf(stderr, "sluice: %s is no command\n", name.c_str());
      std::fprintf(stderr, "Commands:");
      for (const Command& command : commands()) std::fprintf(stderr, " %s", command.name);
      std::fprintf(stderr, ". See sluice help.\n");
      return 2;
    }
  }
  return run(arguments);
}

}  // namespace sluice::cmd
