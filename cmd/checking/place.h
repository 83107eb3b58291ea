// place.h: from a problem to the place a person looks at: file, line and column, or container and label, with the line
// as it was written and the piece of it that is meant.
//
// A problem names its object's source and quotes the value it is about; the value's own place is found here, in the
// text it was read from.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/checking/material.h"
#include "config/problem.h"
#include "config/tree.h"

namespace sluice::cmd::checking {

struct Place {
  std::string file;  // empty: in no file
  int line = 0;      // from 1; 0: the file as a whole
  int column = 0;    // from 1, in characters
  std::string container;
  std::string label;
  std::string name;       // of anything else: "flag --x", "environment variable X"
  std::string excerpt;    // the line as written; empty: there is none
  std::size_t caret = 0;  // of the piece in the excerpt, in bytes
  std::size_t width = 0;
};

struct Finding {
  config::Problem problem;
  Place place;
};

class Locator {
 public:
  explicit Locator(const Material& material);
  ~Locator();

  Place locate(const config::Problem& problem);

 private:
  // A value of an object: "rule" and its text.
  struct Option {
    std::string name;
    std::string value;
    Mark at;        // of the name
    Mark value_at;  // of the value
  };

  Place in_container(const config::Problem& problem, std::string owner, const std::string& key);
  Place in_static(const config::Problem& problem);
  Place in_flag(const config::Problem& problem, const std::string& flag);
  Place in_file(const config::Problem& problem);
  Place at(const std::string& file, Mark mark, const config::Problem& problem, std::string_view value);
  void point(Place& place, std::size_t start, const config::Problem& problem, std::string_view value) const;
  const Option* meant(const std::vector<Option>& options, const config::Problem& problem) const;
  const std::vector<std::string>* lines_of(const std::string& file);
  const config::Node* tree_of(const std::string& file);

  const Material& material_;
  std::map<std::string, std::optional<std::vector<std::string>>> lines_;
  std::map<std::string, std::optional<config::Node>> trees_;
  std::map<std::string, std::pair<const ComposeFile*, const ComposeService*>> owners_;
};

}  // namespace sluice::cmd::checking
