// options.h: the schema as a flat list of options under their whole paths, which help, manual page, completion and the
// reference are written from.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/schema.h"

namespace sluice::config {

struct Option {
  std::string path;           // "entryPoints.<name>.address", "tls.domains[n].main"
  std::string type;           // "text", "duration", "list", "group"…
  std::string default_value;  // empty: none
  const Field* field = nullptr;
  bool group = false;    // has options below; the path alone is an option when the group may be empty
  bool served = true;    // by this version, with everything above it
  bool by_label = true;  // labels can set it
};

// In the order of the declarations, groups before what they hold.
std::vector<Option> list_options(const StructSchema& schema, std::string_view prefix = {});

struct Candidate {
  std::string text;  // the whole word
  std::string doc;
};

// What a partly typed flag of the static configuration ("--entryPoints.web.addr") may become: up to the next dot, the
// "=" before a value, or a value.
std::vector<Candidate> complete_flag(std::string_view typed);

}  // namespace sluice::config
