// resolver_status.cpp: what a Resolver says of its certificates, to people and commands.
#include <algorithm>
#include <ctime>

#include "acme/problem_codes.h"
#include "acme/resolver.h"
#include "base/text.h"
#include "control/describe_live.h"

namespace sluice::acme {
namespace {

using config::Node;
using control::number_node;
using control::text_node;

Node texts(const std::vector<std::string>& list) {
  Node node = Node::list();
  for (const std::string& text : list) node.add(text_node(text));
  return node;
}

void add_leaf(Node& to, const Leaf& leaf) {
  to.add("issuer", text_node(printable(leaf.issuer, 200)));
  to.add("serial", text_node(leaf.serial));
  to.add("notBefore", number_node(leaf.not_before));
  to.add("notAfter", number_node(leaf.not_after));
}

}  // namespace

void Resolver::describe(Node& list) const {
  const std::int64_t now = std::time(nullptr);
  for (const Planned& one : plan_.planned) {
    const std::string key = one.key();
    const LedgerEntry* entry = entry_of(key);
    auto job = jobs_.find(key);
    const bool serves = one.certificate && leaves_.size() > *one.certificate;
    const bool revoked = serves && is_revoked(leaves_[*one.certificate]);
    const bool valid = serves && !revoked && leaves_[*one.certificate].not_after > now;
    std::string state = valid ? "valid" : revoked ? "revoked" : serves ? "expired" : "waiting";
    if (entry != nullptr && entry->failures > 0) state = valid ? "renewal failing" : "failing";
    if (is_held(one.names)) state = valid ? "valid, paused" : "paused";
    if (job != jobs_.end()) state = valid ? "renewing" : "obtaining";
    if (!trouble_.empty() || !storage_trouble_.empty()) state = valid ? "valid" : "blocked";
    Node node = Node::map();
    node.add("name", text_node(one.names.front()));
    node.add("names", texts(one.names));
    node.add("resolver", text_node(name()));
    node.add("state", text_node(state));
    node.add("routers", texts(one.routers));
    if (serves) {
      add_leaf(node, leaves_[*one.certificate]);
      if (settings_.second_key_type) node.add("key", text_node(leaves_[*one.certificate].rsa ? "RSA" : "EC"));
      auto about = state_.certificates.find(leaves_[*one.certificate].serial);
      if (about != state_.certificates.end() && !about->second.directory.empty()) {
        node.add("ca", text_node(about->second.directory));
      }
      if (about != state_.certificates.end() && about->second.suggestion.window.valid()) {
        node.add("suggestedFrom", number_node(about->second.suggestion.window.start));
        node.add("suggestedUntil", number_node(about->second.suggestion.window.end));
      }
    }
    if (job != jobs_.end()) {
      node.add("doing", text_node(job->second->doing));
      if (!job->second->order_url.empty()) node.add("order", text_node(job->second->order_url));
    } else {
      const Due due = due_of(one, key);
      if (!is_held(one.names) || asked_for_.contains(key)) node.add("nextAttempt", number_node(std::max(due.at, now)));
      node.add("because", text_node(due.reason));
    }
    if (entry != nullptr && entry->failures > 0) {
      node.add("failures", number_node(entry->failures));
      node.add("lastAttempt", number_node(entry->last_attempt));
      node.add("problem", text_node(entry->problem));
      if (!entry->document.empty()) node.add("document", text_node(entry->document));
    }
    if (!trouble_.empty()) {
      node.add("blockedBy", text_node(trouble_));
    } else if (!storage_trouble_.empty()) {
      node.add("blockedBy", text_node(storage_trouble_));
    }
    list.add(std::move(node));
  }
  for (const Plan::Refused& refused : plan_.refused) {
    Node node = Node::map();
    node.add("name", text_node(printable(refused.name, 300)));
    node.add("names", texts({printable(refused.name, 300)}));
    node.add("resolver", text_node(name()));
    node.add("state", text_node("refused"));
    node.add("routers", texts({refused.router}));
    node.add("problem", text_node(refused.why));
    list.add(std::move(node));
  }
  for (std::size_t i : plan_.unused) {
    if (i >= leaves_.size()) continue;
    Node node = Node::map();
    node.add("name", text_node(data_.certificates[i].main));
    node.add("names", texts(leaves_[i].names));
    node.add("resolver", text_node(name()));
    node.add("state", text_node("unused"));
    add_leaf(node, leaves_[i]);
    list.add(std::move(node));
  }
}

void Resolver::show_metrics() {
  const std::int64_t now = std::time(nullptr);
  std::vector<ResolverMetrics::Certificate> all;
  for (const Planned& planned : plan_.planned) {
    ResolverMetrics::Certificate one;
    one.key = planned.key();
    const LedgerEntry* entry = entry_of(one.key);
    one.failures = entry == nullptr ? 0 : entry->failures;
    if (one.failures > 0) one.last_result = 0;
    if (planned.certificate) {
      const Leaf& leaf = leaves_[*planned.certificate];
      one.not_after = leaf.not_after;
      auto about = state_.certificates.find(leaf.serial);
      if (about != state_.certificates.end()) {
        const RenewalWindow& window = about->second.suggestion.window;
        if (window.valid()) one.window_start = window.start;
        if (window.valid()) one.window_end = window.end;
        if (one.failures == 0 && !about->second.directory.empty()) one.last_result = 1;
      }
    }
    if (!is_held(planned.names)) one.next_attempt = std::max(due_of(planned, one.key).at, now);
    all.push_back(std::move(one));
  }
  metrics_.show(all);
  std::map<std::string, std::int64_t> blocked = state_.paused;
  std::erase_if(blocked, [&](const auto& one) { return one.second <= now; });
  metrics_.show_blocked(blocked);
}

config::Node Resolver::event_of(std::string_view event, const std::string& key,
                                const std::vector<std::string>& names) const {
  config::Node node = hook_event(event, name(), names);
  node.add("certificate", text_node(key));
  return node;
}

config::Report Resolver::problems() const {
  config::Report report;
  if (!storage_trouble_.empty()) {
    report.push_back({config::Severity::error, std::string(code::kStorage),
                      "certificatesResolvers." + name() + ".acme.storage: " + storage_trouble_, settings_.source,
                      "nothing is ordered; what is known is served", "see to the file"});
  }
  for (const Plan::Refused& refused : plan_.refused) {
    report.push_back({config::Severity::warning, std::string(code::kName),
                      refused.router + " wants a certificate for " + printable(refused.name, 300) + " from " + name() +
                          ": " + refused.why,
                      settings_.source, "none is ordered for that name", "correct the rule or tls.domains"});
  }
  return report;
}

}  // namespace sluice::acme
