#include "config/problem.h"

#include <algorithm>

#include "base/text.h"

namespace sluice::config {

std::string to_string(const Source& source) {
  std::string text = source.where;
  if (source.line > 0) {
    text += ':' + std::to_string(source.line);
    if (source.column > 0) text += ':' + std::to_string(source.column);
  }
  return text;
}

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::error: return "error";
    case Severity::warning: return "warning";
    case Severity::info: return "info";
  }
  return "error";
}

std::string to_line(const Problem& problem) {
  std::string line = problem.code;
  const std::string where = to_string(problem.source);
  if (!where.empty()) line += (line.empty() ? "" : " ") + where;
  if (!line.empty()) line += ": ";
  line += problem.what;
  if (!problem.effect.empty()) line += "; effect: " + problem.effect;
  if (!problem.fix.empty()) line += "; fix: " + problem.fix;
  return printable(line);
}

bool has_errors(const Report& report) {
  return std::any_of(report.begin(), report.end(),
                     [](const Problem& problem) { return problem.severity == Severity::error; });
}

}  // namespace sluice::config
