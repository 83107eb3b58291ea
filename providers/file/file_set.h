// file_set.h: the files of a file provider and the last good content of each.
//
// A file that cannot be read or understood keeps what it said last; the others are not held up by it. Owned by the
// provider; `load` blocks and is called on a thread of the pool, one call at a time.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/dynamic.h"
#include "config/problem.h"
#include "config/static_providers.h"

namespace sluice::providers::file {

inline constexpr std::size_t kMaxFileSize = std::size_t{16} << 20;

class FileSet {
 public:
  enum class Reading {
    changes,  // files whose text is the same are not read into configuration again
    all,      // even those: a template may come to another result, a certificate may be new
  };
  // What to do with a file that is empty and was not before, or is new: whoever truncated or made it may be about to
  // write it.
  enum class Empty {
    hold,    // keep its last content, if it had any, for the moment
    accept,  // it is meant to be empty
  };
  struct Loaded {
    config::Dynamic configuration;
    config::Report report;
    bool held = false;  // an empty file was held: load again soon, and accept it then
  };

  explicit FileSet(config::FileProvider options) : options_(std::move(options)) {}

  Loaded load(Reading reading, Empty empty);

 private:
  struct Known {
    bool read = false;  // `text` is what the file held
    std::string text;
    config::Dynamic good;  // of the last text that could be used
    bool has_good = false;
    config::Report report;  // about `text`
  };

  void list(config::Report& report);
  void load_file(const std::string& path, Reading reading, Empty empty, Loaded& loaded);
  void warn_if_mounted_alone(config::Report& report) const;

  config::FileProvider options_;
  std::vector<std::string> paths_;
  std::map<std::string, Known> known_;
};

}  // namespace sluice::providers::file
