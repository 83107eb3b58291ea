#include "providers/file/document.h"

#include "config/decode.h"
#include "config/template/template.h"
#include "config/toml.h"
#include "config/yaml.h"
#include "providers/file/listing.h"
#include "providers/file/problem_codes.h"

namespace sluice::providers::file {

namespace {

namespace templates = config::templates;

// Nothing, and a problem in the report, when the text is no template or rendering fails.
std::optional<std::string> render(std::string_view text, const std::string& path, config::Report& report) {
  templates::TemplateError error;
  std::optional<std::string> rendered;
  if (std::optional<templates::Template> parsed = templates::Template::parse(text, templates::Dialect::file, error)) {
    rendered = parsed->render({}, error);
  }
  if (!rendered) {
    report.push_back({config::Severity::error,
                      std::string(code::kTemplate),
                      "template: " + error.what,
                      {path, error.line, error.column},
                      "nothing of the file is used",
                      "correct the template, or write {{ \"{{\" }} for two braces that begin none"});
  }
  return rendered;
}

}  // namespace

Document read_document(std::string_view text, const std::string& path) {
  Document document;
  std::string source = path;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // the byte order mark some editors write
  if (text.find("{{") != std::string_view::npos) {
    document.rendered = render(text, path, document.report);
    if (!document.rendered) return document;
    text = *document.rendered;
    source += " (rendered)";
  }
  const std::optional<config::Node> tree = is_toml(path) ? config::parse_toml(text, source, document.report)
                                                         : config::parse_yaml(text, source, document.report);
  if (tree) document.configuration = config::decode_dynamic(*tree, document.report);
  return document;
}

}  // namespace sluice::providers::file
