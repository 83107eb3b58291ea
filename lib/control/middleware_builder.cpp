#include "control/middleware_builder.h"

#include <fmt/format.h>

#include "control/problems.h"

namespace sluice::control {
namespace {

constexpr int kMostNested = 32;  // chains within chains; more is a circle

}  // namespace

void MiddlewareBuilder::begin(const Merged& merged, config::Report& report) {
  merged_ = &merged;
  report_ = &report;
  last_ = std::exchange(built_, {});
}

bool MiddlewareBuilder::append(Chain& chain, const std::vector<std::string>& names, std::string_view provider,
                               const config::Source& referrer, const std::string& effect) {
  bool complete = true;
  for (const std::string& name : names) {
    complete = append_one(chain, qualify(name, provider), referrer, effect, 0) && complete;
  }
  return complete;
}

bool MiddlewareBuilder::append_one(Chain& chain, const std::string& name, const config::Source& referrer,
                                   const std::string& effect, int depth) {
  auto defined = merged_->middlewares.find(name);
  if (defined == merged_->middlewares.end()) {
    std::vector<std::string> known;
    for (const auto& [other, middleware] : merged_->middlewares) known.push_back(other);
    report_->push_back(unknown_reference("middleware", name, known, referrer, effect));
    return false;
  }
  const config::Middleware& definition = *defined->second.object;
  if (definition.chain) {
    if (depth == kMostNested) {
      report_->push_back(problem(code::kCycle, fmt::format("the chain middleware {} contains itself", name),
                                 definition.source, effect, "remove it from its own list"));
      return false;
    }
    bool complete = true;
    for (const std::string& inner : definition.chain->middlewares) {
      complete =
          append_one(chain, qualify(inner, defined->second.provider), definition.source, effect, depth + 1) && complete;
    }
    return complete;
  }
  const Built& built = build(name, definition);
  if (built.middleware == nullptr) {
    report_->push_back(problem(code::kMiddleware, fmt::format("middleware {}: {}", name, built.error),
                               definition.source, effect, "correct its settings"));
    return false;
  }
  chain.push_back(built.middleware);
  return true;
}

const MiddlewareBuilder::Built& MiddlewareBuilder::build(const std::string& name,
                                                         const config::Middleware& definition) {
  if (auto done = built_.find(name); done != built_.end()) return done->second;
  if (auto last = last_.find(name); last != last_.end() && last->second.definition == definition) {
    return built_.emplace(name, std::move(last->second)).first->second;
  }
  Built built;
  built.definition = definition;
  const MiddlewareKind* kind = nullptr;
  int kinds = 0;
  for (const MiddlewareKind& candidate : kinds_) {
    if (!candidate.present(definition)) continue;
    kind = &candidate;
    ++kinds;
  }
  if (kinds == 1) {
    MadeMiddleware made = kind->make(definition, name, registry_);
    built.middleware = std::move(made.middleware);
    built.error = std::move(made.error);
  } else {
    built.error = kinds == 0 ? "it has no type, or one that is not supported yet" : "it has more than one type";
  }
  return built_.emplace(name, std::move(built)).first->second;
}

}  // namespace sluice::control
