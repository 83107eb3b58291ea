// command_table.h: the subcommands by name, with the line that help, man page and completion show.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace sluice::cmd {

struct Command {
  const char* name;
  const char* arguments;
  const char* summary;
  int (*run)(const std::vector<std::string>& arguments);
};

std::span<const Command> commands();

}  // namespace sluice::cmd
