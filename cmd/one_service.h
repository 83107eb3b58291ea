// one_service.h: commands that serve one handler on one address until they are told to end.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ip.h"
#include "proxy/handler.h"

namespace sluice::cmd {

// What a flag sets: a text, or a switch that is on without a value too.
using Flag = std::variant<std::string*, bool*>;
// `--name=value`, `--name value`, one dash or two. False: one of them is none of these flags, or lacks its value.
bool read_flags(const std::vector<std::string>& arguments, const std::map<std::string_view, Flag>& flags);

struct OneService {
  std::string name;        // for the log
  std::string address;     // "HOST:PORT", an address or nothing before the colon
  unsigned workers = 0;    // threads; 0: as many as CPUs may be used
  bool normalises = true;  // paths, before the handler sees them
};

// Says where it listens on standard output. Returns the exit status: 0 after SIGTERM or SIGINT, 1 when it cannot
// listen, 2 when the address is none.
int serve(const OneService& service, std::shared_ptr<const proxy::Handler> handler);

}  // namespace sluice::cmd
