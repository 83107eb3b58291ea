// check.cpp: `sluice check`: says what is wrong with configuration before it runs: files, directories, compose files,
// flags, and on request the labels of the running engine.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string_view>

#include "base/text.h"
#include "cmd/checking/assembly.h"
#include "cmd/checking/output.h"
#include "cmd/commands.h"
#include "cmd/middleware_kinds.h"
#include "cmd/static_configuration.h"

namespace sluice::cmd {
namespace {

struct Options {
  checking::Request request;
  std::string output = "text";
  bool strict = false;
  bool color = true;
  bool quiet = false;
};

int usage(const std::string& why) {
  std::fprintf(stderr,
               "sluice check: %s\nusage: sluice check [--strict] [-o text|json|sarif|github] [--engine] "
               "[STATIC FLAGS] [FILE|DIRECTORY...]\n",
               why.c_str());
  return 2;
}

// Empty: good. Flags that are none of ours are static ones; they need their value behind an "=".
std::string read_options(const std::vector<std::string>& arguments, Options& options) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "--strict") {
      options.strict = true;
    } else if (argument == "--engine" || argument == "docker:") {
      options.request.engine = true;
    } else if (argument == "--no-color") {
      options.color = false;
    } else if (argument == "-q" || argument == "--quiet") {
      options.quiet = true;
    } else if (argument == "-o" || argument == "--output") {
      if (++i == arguments.size()) return argument + " needs a value";
      options.output = arguments[i];
    } else if (argument.starts_with("-o=") || argument.starts_with("--output=")) {
      options.output = argument.substr(argument.find('=') + 1);
    } else if (argument.starts_with("-") && argument.size() > 1) {
      options.request.static_flags.push_back(argument);
    } else {
      options.request.sources.push_back(argument);
    }
  }
  static const std::set<std::string_view> kOutputs = {"text", "json", "sarif", "github"};
  if (!kOutputs.contains(options.output)) return options.output + " is no form of output";
  return {};
}

// Each problem once, in the order of the files they are in.
std::vector<checking::Finding> findings_of(const config::Report& report, const checking::Material& material) {
  checking::Locator locator(material);
  std::vector<checking::Finding> findings;
  std::set<std::string> said;
  for (const config::Problem& problem : report) {
    checking::Place place = locator.locate(problem);
    if (!said.insert(problem.code + checking::text_of(place) + problem.what).second) continue;
    findings.push_back({problem, std::move(place)});
  }
  std::stable_sort(findings.begin(), findings.end(), [](const checking::Finding& a, const checking::Finding& b) {
    return std::tie(a.place.file, a.place.line) < std::tie(b.place.file, b.place.line);
  });
  return findings;
}

}  // namespace

int check(const std::vector<std::string>& arguments) {
  Options options;
  if (std::string wrong = read_options(arguments, options); !wrong.empty()) return usage(wrong);
  checking::Material material = checking::read_material(options.request, environment());
  if (material.loaded.help_requested) return help({});
  bool nothing = !material.static_known && material.dynamic_files.empty() && material.compose_files.empty() &&
                 !material.engine_read && material.report.empty();
  if (nothing) return usage("there is nothing to check: name files, or give flags");

  std::unique_ptr<checking::Assembly> assembly = checking::assemble(material, middleware_kinds());
  std::vector<checking::Finding> findings = findings_of(assembly->report, material);
  const checking::Summary summary = checking::summary_of(findings, assembly->build.routers);
  std::string text;
  if (options.output == "json") {
    text = checking::as_json(findings, summary);
  } else if (options.output == "sarif") {
    text = checking::as_sarif(findings);
  } else if (options.output == "github") {
    text = checking::as_github(findings);
  } else {
    if (options.quiet) {
      std::erase_if(findings, [](const auto& finding) { return finding.problem.severity != config::Severity::error; });
    }
    const bool color = options.color && std::getenv("NO_COLOR") == nullptr && isatty(STDOUT_FILENO) == 1;
    text = checking::as_text(findings, summary, color);
  }
  std::fwrite(text.data(), 1, text.size(), stdout);
  if (material.unreadable) return 2;
  return summary.errors > 0 || (options.strict && summary.warnings > 0) ? 1 : 0;
}

}  // namespace sluice::cmd
