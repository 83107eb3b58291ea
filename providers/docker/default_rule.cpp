#include "providers/docker/default_rule.h"

#include <fmt/format.h>

#include "base/text.h"
#include "providers/docker/names.h"

namespace sluice::providers::docker {

using config::templates::Dialect;
using config::templates::Template;
using config::templates::TemplateError;
using config::templates::Value;

std::optional<DefaultRule> DefaultRule::parse(std::string_view text, std::string& error) {
  TemplateError failure;
  std::optional<Template> parsed = Template::parse(text, Dialect::rule, failure);
  if (!parsed) {
    error = fmt::format("{} (line {}, column {})", failure.what, failure.line, failure.column);
    return std::nullopt;
  }
  return DefaultRule(*std::move(parsed));
}

std::optional<std::string> DefaultRule::render(const Container& container, std::string& error) const {
  Value::Entries labels;
  for (const auto& [key, value] : container.labels) labels.emplace(key, value);
  Value::Entries fields;
  fields.emplace("Name", config::templates::normalize(service_name(container)));
  fields.emplace("ContainerName", container.name);
  fields.emplace("Labels", Value::texts(std::move(labels)));

  TemplateError failure;
  std::optional<std::string> rule = template_.render(Value::record(std::move(fields)), failure);
  if (!rule) {
    error = std::move(failure.what);
    return std::nullopt;
  }
  std::string_view trimmed = trim(*rule);
  if (trimmed.empty()) {
    error = "it gives an empty rule";
    return std::nullopt;
  }
  return std::string(trimmed);
}

}  // namespace sluice::providers::docker
