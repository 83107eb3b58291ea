// control_options.h: the command line of the commands that ask the running instance, and its answer.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cmd/control_client.h"

namespace sluice::cmd {

// The exit status when nobody could be asked, or the answer is that of no instance.
inline constexpr int kUnreachable = 3;

struct ControlOptions {
  std::vector<std::string> words;           // what is no option
  std::string output = "text";              // or "json"
  std::string control;                      // path of the socket; empty: the default ones
  std::map<std::string, std::string> more;  // what else the command takes, "--storage", with its default
};

// False for an option that is not known, and for another output.
bool read_options(const std::vector<std::string>& arguments, ControlOptions& options);

// What the instance answered; a discarded value after a message on standard error.
nlohmann::json answer_of(const ControlReply& reply, const char* command);

void print(const std::string& text);

}  // namespace sluice::cmd
