#include "config/load_static.h"

#include <utility>

#include "config/decode.h"
#include "config/dynamic.h"
#include "config/problem_codes.h"
#include "config/removed_options.h"
#include "config/schema.h"
#include "config/static_checks.h"
#include "config/static_sources.h"

namespace sluice::config {
namespace {

std::string listed(const std::vector<std::string>& names, std::string_view prefix) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + std::string(prefix) + name;
  return text;
}

void report_void(const std::string& what, const std::string& because, Report& report) {
  report.push_back({Severity::warning, std::string(code::kSourceIgnored), what, Source{}, "they are ignored",
                    "sources are never merged: " + because});
}

}  // namespace

LoadedStatic load_static(const std::vector<std::string>& arguments,
                         const std::map<std::string, std::string>& environment, const FileReader& files) {
  LoadedStatic loaded;
  Report& report = loaded.report;
  StaticFlags flags = parse_flags(arguments, report);
  StaticVariables variables = parse_variables(environment, report);
  StaticFile file = read_static_file(flags.config_file, environment, files, report);
  loaded.help_requested = flags.help;
  take_removed_options(flags.tree, report);
  take_removed_options(variables.tree, report);

  const bool only_file_flag = flags.names.size() == 1 && flags.config_file.has_value();
  const Node* tree = nullptr;
  if (!file.path.empty()) {
    loaded.source = StaticSource::file;
    loaded.file = file.path;
    tree = &file.tree;
    if (!flags.names.empty() && !only_file_flag) {
      std::erase_if(flags.names, [](const std::string& name) { return name == "configFile" || name == "configfile"; });
      report_void("flags beside a file: " + listed(flags.names, "--"), file.path + " is the configuration", report);
    }
  } else if (!arguments.empty()) {
    loaded.source = StaticSource::flags;
    tree = &flags.tree;
  } else if (!variables.names.empty()) {
    loaded.source = StaticSource::environment;
    tree = &variables.tree;
  }
  if (!variables.names.empty() && loaded.source != StaticSource::environment) {
    report_void("variables beside another source: " + listed(variables.names, ""),
                loaded.source == StaticSource::file ? file.path + " is the configuration"
                                                    : std::string("one flag makes all variables void"),
                report);
  }

  Static configuration;
  if (tree != nullptr) {
    DecodeRules rules;
    rules.effect = "Sluice does not start";
    rules.elsewhere = &schema_of<Dynamic>();
    rules.elsewhere_fix = "this is dynamic configuration: put it into a file of the file provider";
    decode_struct(schema_of<Static>(), &configuration, *tree, rules, report);
  }
  add_implicit_entry_points(configuration);
  if (!has_errors(report)) check_static(configuration, report);
  if (!has_errors(report)) loaded.configuration = std::move(configuration);
  return loaded;
}

}  // namespace sluice::config
