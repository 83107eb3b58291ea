// load_static.h: the static configuration from files, flags and environment, with Traefik's precedence: a file, else
// flags, else variables. The three are never merged; what is void because of that is reported.
//
// Runs once, on the main thread, before anything else exists.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/problem.h"
#include "config/static_config.h"

namespace sluice::config {

// The files the loader looks at, so that tests need no file system.
class FileReader {
 public:
  virtual ~FileReader() = default;
  // The content, or nothing when there is no such file. `unreadable` is set to the reason (errno) when the file exists
  // but cannot be read.
  virtual std::optional<std::string> read(const std::string& path, int& unreadable) const = 0;
};

// The real file system.
const FileReader& system_files();

enum class StaticSource { defaults, file, flags, environment };

struct LoadedStatic {
  std::optional<Static> configuration;  // nothing: start-up must fail, the report has the errors
  Report report;
  StaticSource source = StaticSource::defaults;
  std::string file;             // the file, when source is file
  bool help_requested = false;  // --help or -h was among the arguments
};

// `arguments` are the flags of the command line, without the program and without a subcommand. `environment` is all of
// it: TRAEFIK_* variables count, SLUICE_* twins win over them, HOME and XDG_CONFIG_HOME locate the default file.
LoadedStatic load_static(const std::vector<std::string>& arguments,
                         const std::map<std::string, std::string>& environment, const FileReader& files);

}  // namespace sluice::config
