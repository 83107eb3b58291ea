#include "cmd/command_table.h"

#include "cmd/commands.h"

namespace sluice::cmd {

static constexpr Command kCommands[] = {
    {"run", "[flags]", "run the proxy (also without a command)", run},
    {"whoami", "[--address=ADDR] [--name=NAME]", "run the demo backend, which says who it is and what it was asked",
     whoami},
    {"healthcheck", "[flags]", "ask the running proxy for /ping; takes the same flags as run", healthcheck},
    {"version", "", "print version and build", version},
    {"help", "[option]", "print the commands and every option", help},
};

std::span<const Command> commands() { return kCommands; }

}  // namespace sluice::cmd
