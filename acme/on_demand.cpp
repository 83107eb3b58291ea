#include "acme/on_demand.h"

#include <algorithm>

#include "acme/dns/http_api.h"
#include "control/demand_rules.h"
#include "observe/log.h"

namespace sluice::acme {
namespace {

using Answer = OnDemand::Verdict::Answer;

OnDemand::Verdict no(std::string why) { return {Answer::no, std::move(why)}; }
OnDemand::Verdict full() { return {Answer::full, "as many names as `limit` says were allowed within the hour"}; }

// Other errors of the client (401, 429) are about the question, not about the name.
bool is_refusal(int status) { return status == 403 || status == 404 || status == 410 || status == 451; }

// One of IPv6 has at least a network of 64 bits to itself.
std::string client_key(const IpAddress& client) {
  const auto& bytes = client.bytes();
  return std::string(bytes.begin(), bytes.begin() + (client.is_v4() ? 16 : 8));
}

}  // namespace

OnDemand::OnDemand(const config::OnDemand& options, rest::Client& http)
    : options_(options), http_(http), rules_(control::demand_rules(options)) {}

Task<OnDemand::Verdict> OnDemand::decide(std::string name, IpAddress client) {
  auto known = questions_.find(name);
  if (known != questions_.end()) {
    const std::shared_ptr<Question> question = known->second;
    while (!question->done) {
      Status waited = co_await question->answered.wait();
      if (!waited) co_return Verdict{Answer::unknown, {}};
    }
    co_return question->verdict;
  }
  auto question = std::make_shared<Question>();
  questions_[name] = question;
  question->verdict = co_await decide_alone(name, client);
  question->done = true;
  questions_.erase(name);
  question->answered.notify_all();
  co_return question->verdict;
}

bool OnDemand::refuses(std::string_view name) const {
  return !rules_.allow(name) || refused_.count(name, Loop::current().now()) > 0;
}

bool OnDemand::is_full(Time now) {
  while (!allowed_.empty() && allowed_.front() <= now) allowed_.pop_front();
  return allowed_.size() >= static_cast<std::size_t>(std::max<std::int64_t>(options_.limit, 0));
}

Task<OnDemand::Verdict> OnDemand::decide_alone(std::string name, IpAddress client) {
  if (!rules_.allow(name)) co_return no("it is not among the allowed names");
  const Time now = Loop::current().now();
  if (refused_.count(name, now) > 0) co_return no("it was refused a moment ago");
  if (is_full(now)) co_return full();
  const std::string key = client_key(client);
  if (clients_.count(key, now) >= static_cast<std::size_t>(std::max<std::int64_t>(options_.client_limit, 0))) {
    co_return no("the client brought up too many names within the hour");
  }
  clients_.add(key, now);
  Verdict verdict = co_await ask(name, client.to_string());
  if (verdict.answer == Answer::yes) {
    // Others were allowed while it was asked about.
    const Time answered = Loop::current().now();
    if (is_full(answered)) co_return full();
    allowed_.push_back(answered + kHour);
    refused_since_.erase(name);
  } else if (verdict.answer == Answer::no) {
    refused_.add(name, Loop::current().now());
  }
  co_return verdict;
}

Task<OnDemand::Verdict> OnDemand::decide_again(std::string name) {
  if (!rules_.allow(name)) co_return Verdict{Answer::no, "it is not among the allowed names any more", true};
  Verdict verdict = co_await ask(name, {});
  if (verdict.answer == Answer::no) {
    const Time now = Loop::current().now();
    verdict.for_good = now - refused_since_.try_emplace(name, now).first->second >= kSureAfter;
  }
  if (verdict.answer != Answer::no || verdict.for_good) refused_since_.erase(name);
  co_return verdict;
}

Task<OnDemand::Verdict> OnDemand::ask(std::string name, std::string client) {
  if (options_.ask.empty()) co_return Verdict{Answer::yes, {}};
  Result<dns::WebAddress> address = dns::parse_web_address(options_.ask);
  if (!address) co_return Verdict{Answer::unknown, log::Field("error", address.error()).value()};
  const std::string& origin = address->server.origin;
  rest::Call call = address->call("GET", kAskTime);
  call.path += (call.path.find('?') == std::string::npos ? "?domain=" : "&domain=") + dns::percent_encoded(name);
  if (!client.empty()) call.path += "&client=" + dns::percent_encoded(client);
  Result<rest::Reply> reply = co_await http_.send(std::move(call));
  if (!reply && reply.error().code == Code::cancelled) co_return Verdict{Answer::unknown, {}};
  if (!reply) co_return Verdict{Answer::unknown, origin + ": " + log::Field("error", reply.error()).value()};
  if (dns::is_success(*reply)) co_return Verdict{Answer::yes, {}};
  const std::string why = origin + " answered " + std::to_string(reply->status);
  co_return Verdict{is_refusal(reply->status) ? Answer::no : Answer::unknown, why};
}

}  // namespace sluice::acme
