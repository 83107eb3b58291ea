// document.h: the text of one file as dynamic configuration: its template rendered, then YAML or TOML, then decoded.
// Pure, but for what templates may ask of the process (environment, clock).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/dynamic.h"
#include "config/problem.h"

namespace sluice::providers::file {

struct Document {
  // Nothing when the file as a whole cannot be used. A broken object in it is left out alone and is in the report.
  std::optional<config::Dynamic> configuration;
  config::Report report;
  std::optional<std::string> rendered;  // when the text held a template
};

// `path` decides the format and is what problems name. Lines and columns in problems of a file with a template are
// those of the rendered text, which its source says.
Document read_document(std::string_view text, const std::string& path);

}  // namespace sluice::providers::file
