// ssh.h: an engine on another host, reached as Docker's own tools reach it: the program `ssh` runs
// `docker system dial-stdio` there, once for each connection. Pure.
#pragma once

#include <string_view>

#include "rest/call.h"

namespace sluice::providers::docker {

// "ssh://[user@]host[:port][/path]"; the path is that of the engine's socket over there. Error: Code::invalid.
//
// What ssh and the shell of the other side see of it is made of letters, digits and a few signs, and no word of it
// begins with a dash.
Result<rest::Server> ssh_server(std::string_view endpoint);

}  // namespace sluice::providers::docker
