// control_paths.h: where the control socket is, for the process that serves it and for the commands that ask it.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace sluice::api {

// Of the default socket, best first: systemd's RUNTIME_DIRECTORY, /run/sluice, XDG_RUNTIME_DIR/sluice, and a directory
// of this user below the one for temporary files.
std::vector<std::string> default_control_paths(const std::map<std::string, std::string>& environment);

}  // namespace sluice::api
