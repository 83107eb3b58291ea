#include <sys/utsname.h>

#include <cstdio>

#include "cmd/commands.h"
#include "tls/library.h"

namespace sluice::cmd {

int version(const std::vector<std::string>&) {
  utsname system{};
  uname(&system);
  std::printf("Version:      %s\n", kVersion);
  std::printf("Codename:     sluice\n");
  std::printf("Compiler:     %s\n", SLUICE_COMPILER);
  std::printf("TLS:          %s\n", tls::library_version());
  std::printf("OS/Arch:      linux/%s\n", system.machine);
  return 0;
}

}  // namespace sluice::cmd
