#include "acme/hooks.h"

#include <algorithm>
#include <utility>

#include "acme/dns/http_api.h"
#include "async/child_process.h"
#include "async/scope.h"
#include "base/text.h"
#include "config/json.h"
#include "control/describe_live.h"
#include "observe/log.h"

namespace sluice::acme {
namespace {

constexpr std::size_t kMostReason = 300;
constexpr std::size_t kMostAnswer = 64 * 1024;

std::string text_in(const config::Node& event, std::string_view name) {
  const config::Node* found = event.find(name);
  return found == nullptr ? std::string() : found->text();
}

// What a hook says for itself: its first line.
std::string first_line(std::string_view output) {
  output = trim(output);
  output = output.substr(0, output.find('\n'));
  return printable(output.substr(0, kMostReason));
}

void log_failure(const config::Node& event, std::string_view hook, const std::string& what) {
  log::warn("a hook failed, which changes nothing else", {{"resolver", text_in(event, "resolver")},
                                                          {"event", text_in(event, "event")},
                                                          {"hook", hook},
                                                          {"problem", what}});
}

}  // namespace

config::Node hook_event(std::string_view event, std::string_view resolver, const std::vector<std::string>& names) {
  config::Node node = config::Node::map();
  node.add("schema", control::text_node(control::kSchema));
  node.add("event", control::text_node(event));
  node.add("resolver", control::text_node(resolver));
  config::Node list = config::Node::list();
  for (const std::string& name : names) list.add(control::text_node(name));
  node.add("names", std::move(list));
  return node;
}

std::vector<std::string> hook_variables(const config::Node& event) {
  std::vector<std::string> variables;
  for (const config::Node::Entry& entry : event.children()) {
    std::string one = "SLUICE_";
    for (char c : entry.key) {
      const bool upper = c >= 'A' && c <= 'Z';
      if (upper) one += '_';
      one += upper || c < 'a' || c > 'z' ? c : static_cast<char>(c - 'a' + 'A');
    }
    one += '=';
    const char* comma = "";
    for (const config::Node::Entry& item : entry.node.children()) {
      one += std::exchange(comma, ",") + item.node.text();
    }
    if (entry.node.is_scalar()) one += entry.node.text();
    std::erase(one, '\0');
    variables.push_back(std::move(one));
  }
  return variables;
}

bool Hooks::is_for(const config::AcmeHook& hook, const config::Node& event) const {
  return hook.events.empty() ||
         std::find(hook.events.begin(), hook.events.end(), text_in(event, "event")) != hook.events.end();
}

void Hooks::tell(config::Node event) {
  if (std::none_of(hooks_.begin(), hooks_.end(), [&](const config::AcmeHook& one) { return is_for(one, event); })) {
    return;
  }
  if (waiting_.size() >= kMostWaiting) {
    log_failure(waiting_.front(), "", "too many events wait for hooks to end; this one is told to nobody");
    waiting_.pop_front();
  }
  waiting_.push_back(std::move(event));
  told_.notify_one();
}

Task<std::string> Hooks::ask(config::Node event) { return run_all(std::move(event)); }

Task<void> Hooks::run() {
  for (;;) {
    while (waiting_.empty()) {
      Status waited = co_await told_.wait();
      if (!waited) co_return;
    }
    config::Node event = std::move(waiting_.front());
    waiting_.pop_front();
    const std::string forbidden = co_await run_all(std::move(event));
    (void)forbidden;  // it has happened
  }
}

Task<std::string> Hooks::run_all(config::Node event) {
  std::vector<std::string> forbidden(hooks_.size());
  Scope* current = co_await current_scope();
  Scope side_by_side(current);
  for (std::size_t i = 0; i < hooks_.size(); ++i) {
    if (is_for(hooks_[i], event)) side_by_side.spawn(run_one(hooks_[i], event, forbidden[i]));
  }
  co_await side_by_side.join();
  auto first = std::find_if(forbidden.begin(), forbidden.end(), [](const std::string& one) { return !one.empty(); });
  co_return first == forbidden.end() ? std::string() : *first;
}

Task<void> Hooks::run_one(const config::AcmeHook& hook, const config::Node& event, std::string& forbidden) {
  if (hook.exec.empty()) {
    co_await call_web(hook, event, forbidden);
  } else {
    co_await run_exec(hook, event, forbidden);
  }
}

Task<void> Hooks::run_exec(const config::AcmeHook& hook, const config::Node& event, std::string& forbidden) {
  const std::string& program = hook.exec.front();
  Result<ProgramEnd> end = co_await sluice::run_program(hook.exec, hook.timeout, hook_variables(event));
  if (!end) {
    if (end.error().code != Code::cancelled) log_failure(event, program, log::Field("error", end.error()).value());
    co_return;
  }
  const std::string said = first_line(end->output);
  if (end->status == kForbidsByExit) {
    forbidden = program + " forbids it" + (said.empty() ? "" : ": " + said);
  } else if (end->status != 0) {
    log_failure(event, program,
                "it ended with status " + std::to_string(end->status) + (said.empty() ? "" : ": ") + said);
  }
}

Task<void> Hooks::call_web(const config::AcmeHook& hook, const config::Node& event, std::string& forbidden) {
  Result<dns::WebAddress> address = dns::parse_web_address(hook.webhook);
  if (!address) {
    log_failure(event, "webhook", log::Field("error", address.error()).value());
    co_return;
  }
  const std::string& origin = address->server.origin;
  rest::Call call = address->call("POST", hook.timeout);
  call.headers.emplace_back("Content-Type", "application/json");
  call.body = config::to_json(event);
  call.max_reply = kMostAnswer;
  Result<rest::Reply> reply = co_await http_.send(std::move(call));
  if (!reply) {
    if (reply.error().code != Code::cancelled) {
      log_failure(event, origin, log::Field("error", reply.error()).value());
    }
    co_return;
  }
  const std::string said = first_line(reply->body);
  if (reply->status == kForbidsByStatus) {
    forbidden = origin + " forbids it" + (said.empty() ? "" : ": " + said);
  } else if (!dns::is_success(*reply)) {
    log_failure(event, origin, "it answered " + std::to_string(reply->status) + (said.empty() ? "" : ": ") + said);
  }
}

}  // namespace sluice::acme
