#include "config/template/template.h"

#include <fmt/format.h>

#include "config/template/ast.h"
#include "config/template/limits.h"
#include "config/template/parser.h"
#include "config/template/renderer.h"

namespace sluice::config::templates {

Template::Template(std::unique_ptr<const Program> program) : program_(std::move(program)) {}
Template::Template(Template&&) noexcept = default;
Template& Template::operator=(Template&&) noexcept = default;
Template::~Template() = default;

std::optional<Template> Template::parse(std::string_view text, Dialect dialect, TemplateError& error) {
  if (text.size() > kMaxSource) {
    error = {fmt::format("the template is longer than {} MiB", kMaxSource >> 20), 1, 1};
    return std::nullopt;
  }
  auto program = std::make_unique<Program>();
  Parser parser(text, dialect);
  if (parser.parse(*program)) return Template(std::move(program));
  error = parser.error();
  return std::nullopt;
}

std::optional<std::string> Template::render(const Value& data, TemplateError& error) const {
  Renderer renderer(*program_, data);
  if (renderer.run(data)) return std::move(renderer.output());
  error = renderer.error();
  return std::nullopt;
}

}  // namespace sluice::config::templates
