// constraint.h: providers.docker.constraints, an expression over labels that a container must meet to take part:
//
//   Label(`tier`, `front`) && !(LabelRegex(`team`, `^test`) || Label(`off`, `1`))
//
// `&&` binds tighter than `||`. Label compares whole values, LabelRegex finds an RE2 expression anywhere in the value;
// a missing label meets neither. Immutable once parsed; copies share their expressions.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "route/pattern.h"

namespace sluice::providers::docker {

class Constraint {
 public:
  // Nothing, and `error` says what and where, when the text is no expression.
  static std::optional<Constraint> parse(std::string_view text, std::string& error);

  bool met_by(const std::map<std::string, std::string>& labels) const { return met(root_, labels); }

 private:
  friend class ConstraintParser;
  enum class Kind { label, label_regex, negation, both, either };
  struct Node {
    Kind kind;
    std::string key;
    std::string value;                                // label
    std::shared_ptr<const route::Pattern> pattern{};  // label_regex
    std::size_t left = 0;                             // index of a node; negation has only this one
    std::size_t right = 0;
  };

  bool met(std::size_t index, const std::map<std::string, std::string>& labels) const;

  std::vector<Node> nodes_;
  std::size_t root_ = 0;
};

}  // namespace sluice::providers::docker
