#include "control/tcp_middlewares.h"

#include <fmt/format.h>

#include <utility>

#include "control/problems.h"

namespace sluice::control {

void TcpMiddlewares::begin(const Merged& merged, config::Report& report) {
  merged_ = &merged;
  report_ = &report;
  last_ = std::exchange(built_, {});
}

bool TcpMiddlewares::append(proxy::TcpChain& chain, const std::vector<std::string>& names, std::string_view provider,
                            const config::Source& referrer, const std::string& effect) {
  bool complete = true;
  for (const std::string& written : names) {
    std::string name = qualify(written, provider);
    auto defined = merged_->tcp_middlewares.find(name);
    if (defined == merged_->tcp_middlewares.end()) {
      complete = false;
      if (merged_->middlewares.contains(name)) {
        report_->push_back(problem(code::kUnknownReference,
                                   fmt::format("middleware {} is an HTTP middleware, not a TCP one", name), referrer,
                                   effect, "use one of tcp.middlewares: ipAllowList or inFlightConn"));
        continue;
      }
      std::vector<std::string> known;
      for (const auto& [other, middleware] : merged_->tcp_middlewares) known.push_back(other);
      report_->push_back(unknown_reference("TCP middleware", name, known, referrer, effect));
      continue;
    }
    const config::TcpMiddleware& definition = *defined->second.object;
    const MadeTcpMiddleware& made = build(name, definition);
    if (made.middleware == nullptr) {
      complete = false;
      report_->push_back(problem(code::kMiddleware, fmt::format("TCP middleware {}: {}", name, made.error),
                                 definition.source, effect, "correct its settings"));
      continue;
    }
    chain.push_back(made.middleware);
  }
  return complete;
}

const MadeTcpMiddleware& TcpMiddlewares::build(const std::string& name, const config::TcpMiddleware& definition) {
  if (auto done = built_.find(name); done != built_.end()) return done->second.made;
  if (auto last = last_.find(name); last != last_.end() && last->second.definition == definition) {
    return built_.emplace(name, std::move(last->second)).first->second.made;
  }
  const TcpMiddlewareKind* kind = nullptr;
  int present = 0;
  for (const TcpMiddlewareKind& candidate : kinds_) {
    if (!candidate.present(definition)) continue;
    kind = &candidate;
    ++present;
  }
  Built built{definition, {}};
  if (present == 1) {
    built.made = kind->make(definition, name, registry_);
  } else {
    built.made.error = present == 0 ? "it has no type" : "it has more than one type";
  }
  return built_.emplace(name, std::move(built)).first->second.made;
}

}  // namespace sluice::control
