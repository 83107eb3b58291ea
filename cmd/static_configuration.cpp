#include "cmd/static_configuration.h"

#include <cstdio>
#include <map>

extern char** environ;  // NOLINT: POSIX

namespace sluice::cmd {

std::map<std::string, std::string> environment() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    std::string_view text = *entry;
    std::size_t equals = text.find('=');
    if (equals != std::string_view::npos) variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

void print_report(const config::Report& report) {
  for (const config::Problem& problem : report) {
    std::fprintf(stderr, "%s: %s\n", std::string(config::to_string(problem.severity)).c_str(),
                 config::to_line(problem).c_str());
  }
}

config::LoadedStatic load_static(const std::vector<std::string>& arguments) {
  return config::load_static(arguments, environment(), config::system_files());
}

}  // namespace sluice::cmd
