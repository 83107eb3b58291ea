#include "acme/self_check.h"

#include <algorithm>

#include "acme/dns/caa.h"
#include "async/offload.h"
#include "base/encoding.h"
#include "base/ip.h"
#include "base/text.h"
#include "net/resolver.h"

namespace sluice::acme {
namespace {

constexpr Duration kTimeout = 5s;

CheckResult judge(const std::string& url, const Result<rest::Reply>& reply, const std::string& expected) {
  CheckResult result;
  if (!reply) {
    const bool unresolved = reply.error().code == Code::not_found;
    result.verdict = unresolved ? CheckResult::Verdict::nowhere : CheckResult::Verdict::unknown;
    result.text = unresolved ? "the name has no address that can be found from here (" + url + ")"
                             : url + " cannot be reached from here: " + std::string(reply.error().text);
    return result;
  }
  if (reply->status == 200 && trim(reply->body) == expected) {
    result.verdict = CheckResult::Verdict::reaches_us;
    result.text = url + " reaches us";
    return result;
  }
  result.verdict = CheckResult::Verdict::elsewhere;
  result.text = url + " is answered by somebody else: status " + std::to_string(reply->status);
  if (std::string_view location = reply->header("Location"); !location.empty()) {
    // Whoever redirects may redirect to us: CAs follow, we do not.
    result.verdict = CheckResult::Verdict::unknown;
    result.text += ", and leads to " + printable(location, 200);
  }
  if (std::string_view server = reply->header("Server"); !server.empty()) {
    result.text += ", server " + printable(server, 100);
  }
  return result;
}

}  // namespace

Task<CheckResult> HttpSelfCheck::check(std::string name) {
  const std::string token = "selfcheck-" + random_hex(16);
  const std::string expected = token + '.' + random_hex(16);
  Status armed = co_await desk_.arm_http(name, token, expected);
  if (!armed) {
    co_return CheckResult{CheckResult::Verdict::unknown,
                          "the workers could not be prepared: " + std::string(armed.error().text)};
  }
  Result<IpAddress> address = IpAddress::parse(name);
  const bool v6 = address && !address->is_v4();
  rest::Call call;
  call.server.origin = "http://" + (v6 ? '[' + name + ']' : name);
  call.path = "/.well-known/acme-challenge/" + token;
  call.connect_timeout = call.timeout = kTimeout;
  call.max_reply = 4096;
  const std::string url = call.server.origin + call.path;
  Result<rest::Reply> reply = co_await http_.send(std::move(call));
  desk_.disarm_http(name, token);
  co_return judge(url, reply, expected);
}

Task<bool> HttpSelfCheck::has_v6(std::string name) {
  auto looking = offload([&] { return net::Resolver::system_lookup(name); });
  Result<net::Resolver::Addresses> found = co_await looking;
  co_return found&& std::any_of(found->begin(), found->end(), [](const IpAddress& one) { return !one.is_v4(); });
}

Task<std::string> HttpSelfCheck::caa_obstacle(std::string name, std::vector<std::string> identities) {
  return dns::caa_obstacle(lookup_, std::move(name), std::move(identities));
}

}  // namespace sluice::acme
