// commands.h: the subcommands. Each takes the arguments behind its name and gives the exit status: 0 for success, 1 for
// "no" (invalid, unhealthy, not routed), 2 for wrong usage, 3 when the running instance cannot be asked.
#pragma once

#include <string>
#include <vector>

namespace sluice::cmd {

int dispatch(const std::vector<std::string>& arguments);

int run(const std::vector<std::string>& arguments);
int check(const std::vector<std::string>& arguments);
int explain(const std::vector<std::string>& arguments);
int status(const std::vector<std::string>& arguments);
int get(const std::vector<std::string>& arguments);
int certs(const std::vector<std::string>& arguments);
int engine_proxy(const std::vector<std::string>& arguments);
int whoami(const std::vector<std::string>& arguments);
// Where `sluice whoami` with these arguments listens.
std::string whoami_address(const std::vector<std::string>& arguments);
int healthcheck(const std::vector<std::string>& arguments);
int version(const std::vector<std::string>& arguments);
int help(const std::vector<std::string>& arguments);
int man(const std::vector<std::string>& arguments);
int completion(const std::vector<std::string>& arguments);
int reference(const std::vector<std::string>& arguments);
// Candidates for the word being typed; asked by the completion scripts.
int complete(const std::vector<std::string>& words);

inline constexpr const char* kVersion = SLUICE_VERSION;

}  // namespace sluice::cmd
