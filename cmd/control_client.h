// control_client.h: asks the running instance over its control socket, once.
#pragma once

#include <string>

#include "base/result.h"
#include "base/time.h"
#include "rest/call.h"

namespace sluice::cmd {

struct ControlReply {
  int status = 0;  // 0: nobody could be asked, and `error` says why
  std::string body;
  std::string error;
};

// `socket`: path of the control socket; empty: the default ones in turn. `path`: of the question, escaped.
inline constexpr Duration kControlTimeout = 10s;
ControlReply ask_instance(const std::string& socket, const std::string& path, const std::string& method = "GET",
                          Duration timeout = kControlTimeout);

// For the query of a question.
std::string escaped(std::string_view text);

}  // namespace sluice::cmd
