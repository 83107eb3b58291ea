// command_table.h: the subcommands by name: what runs them, and the lines that help, man page and completion show.
#pragma once

#include <string>
#include <vector>

#include "config/reference.h"

namespace sluice::cmd {

struct Command {
  config::Command described;
  int (*run)(const std::vector<std::string>& arguments);
};

const std::vector<Command>& commands();

// The same, as the writers of documents take it.
config::Program described_program();

}  // namespace sluice::cmd
