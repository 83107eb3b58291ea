// listing.h: which files of a directory are configuration: all .toml, .yaml, .yml and .json below it, in alphabetical
// order; but acme.json, which keeps certificates.
//
// Hidden entries are passed over, and with them editors' and Kubernetes' own files. Links are followed, each directory
// once, so that links in a circle end. Blocks: for threads of the pool.
#pragma once

#include <string>
#include <vector>

#include "config/problem.h"

namespace sluice::providers::file {

inline constexpr std::size_t kMaxFiles = 10'000;
inline constexpr int kMaxDepth = 16;  // directories in directories

struct Listing {
  bool found = false;  // the directory exists and could be read
  std::vector<std::string> paths;
  config::Report report;
};

Listing list_files(const std::string& directory);

// Whether the file is read as TOML; anything else is YAML, and so JSON.
bool is_toml(std::string_view path);

}  // namespace sluice::providers::file
