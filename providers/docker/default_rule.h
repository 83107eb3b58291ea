// default_rule.h: providers.docker.defaultRule, the template of the rule of routers that have none.
//
// Immutable once parsed.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/template/template.h"
#include "providers/docker/container.h"

namespace sluice::providers::docker {

class DefaultRule {
 public:
  // Nothing, and `error` says why, when the text is no template.
  static std::optional<DefaultRule> parse(std::string_view text, std::string& error);

  // The rule for a container. Nothing, and `error` says why, when the template fails or gives an empty text.
  // The template sees .Name (normalised, see service_name), .ContainerName and .Labels.
  std::optional<std::string> render(const Container& container, std::string& error) const;

 private:
  explicit DefaultRule(config::templates::Template parsed) : template_(std::move(parsed)) {}
  config::templates::Template template_;
};

}  // namespace sluice::providers::docker
