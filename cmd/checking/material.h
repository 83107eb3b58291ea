// material.h: what `sluice check` and `sluice explain` were given to read: files sorted by what they are, the static
// configuration among them, and on request the labels of the running engine.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cmd/checking/compose_file.h"
#include "config/load_static.h"

namespace sluice::cmd::checking {

struct Request {
  std::vector<std::string> sources;       // files and directories
  std::vector<std::string> static_flags;  // as for run
  bool engine = false;                    // the containers of the running engine too
};

struct Material {
  config::LoadedStatic loaded;
  bool static_known = false;              // `loaded` is somebody's configuration, not the defaults
  std::vector<ComposeWord> static_words;  // the flags as they were written
  std::string static_words_file;          // the compose file they stand in; empty: the command line
  std::vector<ComposeFile> compose_files;
  std::vector<std::string> dynamic_files;         // in the order they are merged
  std::map<std::string, std::string> host_paths;  // of files a container sees under another path
  std::vector<providers::docker::Container> engine_containers;
  bool engine_read = false;
  config::Report report;
  bool unreadable = false;  // a source could not be read at all
};

// Without sources: the static configuration `run` would find, its files, and a compose file of the working directory.
Material read_material(const Request& request, const std::map<std::string, std::string>& environment);

}  // namespace sluice::cmd::checking
