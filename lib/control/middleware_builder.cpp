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
  const MadeMiddleware& made = build(name, defined->second).made;
  if (made.middleware == nullptr) {
    report_->push_back(problem(code::kMiddleware, fmt::format("middleware {}: {}", name, made.error), definition.source,
                               effect, "correct its settings"));
    return false;
  }
  chain.push_back(made.middleware);
  return true;
}

const MiddlewareBuilder::Built& MiddlewareBuilder::build(const std::string& name,
                                                         const Owned<config::Middleware>& defined) {
  if (auto done = built_.find(name); done != built_.end()) return done->second;
  const config::Middleware& definition = *defined.object;
  const MiddlewareKind* kind = nullptr;
  int kinds = 0;
  for (const MiddlewareKind& candidate : kinds_.http) {
    if (!candidate.present(definition)) continue;
    kind = &candidate;
    ++kinds;
  }
  Built built;
  built.definition = definition;
  std::string service;
  if (kinds == 1 && kind->service != nullptr) {
    service = kind->service(definition);
    if (!service.empty()) {
      built.service = services_.find(qualify(service, defined.provider), definition.source,
                                     fmt::format("middleware {} cannot be used", name));
    }
  }
  std::optional<ClientTlsSettings> tls;
  if (kinds == 1 && kind->tls != nullptr) tls = kind->tls(definition);
  if (tls) built.tls = tls_.client_context(name, *tls, definition.source, TlsBuilder::Client::middleware);
  // What could not be made is tried again: it may depend on a file.
  if (auto last = last_.find(name); last != last_.end() && last->second.made.middleware != nullptr &&
                                    last->second.definition == definition && last->second.service == built.service &&
                                    last->second.tls == built.tls) {
    return built_.emplace(name, std::move(last->second)).first->second;
  }
  if (kinds == 0) {
    built.made = MadeMiddleware::refused("it has no type, or one that is not supported yet");
  } else if (kinds > 1) {
    built.made = MadeMiddleware::refused("it has more than one type");
  } else if (!service.empty() && built.service == nullptr) {
    built.made = MadeMiddleware::refused(fmt::format("its service {} cannot be used", service));
  } else if (tls && built.tls == nullptr) {
    built.made = MadeMiddleware::refused("its TLS settings cannot be used");
  } else {
    built.made = kind->make(MiddlewareParts{definition, name, registry_, workers_, built.service, built.tls});
  }
  return built_.emplace(name, std::move(built)).first->second;
}

std::vector<std::shared_ptr<const proxy::Endpoint>> MiddlewareBuilder::endpoints() const {
  std::vector<std::shared_ptr<const proxy::Endpoint>> all;
  for (const auto& [name, built] : built_) {
    all.insert(all.end(), built.made.endpoints.begin(), built.made.endpoints.end());
  }
  return all;
}

}  // namespace sluice::control
