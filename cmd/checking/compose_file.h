// compose_file.h: a compose file as the containers it would start, with the place of every label.
//
// Reads what routing depends on: names, labels, networks, ports, the command and mounts of the router itself.
// Everything else of the file is compose's business. Pure but for the environment and a `.env` file beside the file,
// which compose reads too.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/problem.h"
#include "config/tree.h"
#include "providers/docker/container.h"

namespace sluice::cmd::checking {

// Where something stands in a file, from 1; 0: unknown.
struct Mark {
  int line = 0;
  int column = 0;
};

struct ComposeLabel {
  std::string key;
  std::string value;  // with variables replaced
  Mark at;            // of the key
  Mark value_at;      // of the value; of the key where both are one text
};

struct ComposeWord {
  std::string text;
  Mark at;
};

struct ComposeMount {
  std::string host;  // resolved against the directory of the file
  std::string container;
};

struct ComposeService {
  std::string name;
  Mark at;
  std::vector<ComposeLabel> labels;
  providers::docker::Container container;  // as compose would start it, with invented addresses
  bool knows_ports = false;                // false: the image may expose some
  std::vector<ComposeWord> command;
  std::map<std::string, std::string> environment;
  std::vector<ComposeMount> mounts;
  bool is_router = false;  // Sluice or Traefik itself
};

struct ComposeFile {
  std::string path;
  std::vector<ComposeService> services;
  config::Report report;
};

// `root` is the tree of the file. `first_id` numbers the invented containers.
ComposeFile read_compose(const config::Node& root, const std::string& path,
                         const std::map<std::string, std::string>& environment, unsigned first_id);

// "container app-web-1": as messages name what the service becomes.
std::string owner_of(const ComposeService& service);

}  // namespace sluice::cmd::checking
