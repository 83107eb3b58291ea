// whoami.cpp: `sluice whoami`: the demo backend, on the server side of the proxy itself.
#include <cstdio>
#include <memory>

#include "base/text.h"
#include "cmd/commands.h"
#include "cmd/one_service.h"
#include "cmd/whoami_handler.h"

namespace sluice::cmd {
namespace {

struct Options {
  std::string address = ":80";
  std::string name;
  unsigned workers = 0;
};

// `-port` as the image everybody knows has it.
bool parse(const std::vector<std::string>& arguments, Options& options) {
  std::string port;
  std::string workers;
  if (!read_flags(arguments,
                  {{"address", &options.address}, {"port", &port}, {"name", &options.name}, {"workers", &workers}})) {
    return false;
  }
  if (!port.empty()) options.address = ":" + port;
  options.workers = static_cast<unsigned>(parse_u64(workers).value_or(0));
  return true;
}

}  // namespace

std::string whoami_address(const std::vector<std::string>& arguments) {
  Options options;
  parse(arguments, options);
  return options.address;
}

int whoami(const std::vector<std::string>& arguments) {
  Options options;
  if (!parse(arguments, options)) {
    std::fprintf(stderr, "usage: sluice whoami [--address=HOST:PORT] [--name=NAME] [--workers=N]\n");
    return 2;
  }
  return serve({"whoami", options.address, options.workers}, std::make_shared<Whoami>(options.name));
}

}  // namespace sluice::cmd
