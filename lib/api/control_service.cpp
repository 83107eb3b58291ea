#include "api/control_service.h"

#include <map>
#include <string>
#include <vector>

#include "base/text.h"
#include "config/json.h"
#include "control/describe_live.h"
#include "control/explain.h"

namespace sluice::api {
namespace {

using config::Node;

struct Answer {
  std::uint16_t status = 200;
  Node node;
};

Answer refuse(std::uint16_t status, std::string_view why) {
  Node node = Node::map();
  node.add("message", control::text_node(why));
  return {status, std::move(node)};
}

// Percent escapes only: `+` is a plus.
std::string unescaped(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape =
        text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0;
    if (!escape) {
      plain += text[i];
      continue;
    }
    plain += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
    i += 2;
  }
  return plain;
}

std::multimap<std::string, std::string> parameters_of(std::string_view query) {
  std::multimap<std::string, std::string> parameters;
  for (std::string_view pair : split(query, '&')) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) continue;
    parameters.emplace(unescaped(pair.substr(0, equals)), unescaped(pair.substr(equals + 1)));
  }
  return parameters;
}

Answer explained(const control::Live& live, std::string_view query) {
  const std::multimap<std::string, std::string> parameters = parameters_of(query);
  auto one = [&](const char* name) {
    auto found = parameters.find(name);
    return found == parameters.end() ? std::string() : found->second;
  };
  Result<control::Question> question = control::parse_question(one("method"), one("url"));
  if (!question) return refuse(400, question.error().text);
  question->entry_point = one("entryPoint");
  question->sni = one("sni");
  question->connection = !one("tcp").empty();
  if (!question->sni.empty()) question->tls = true;
  if (std::string client = one("client"); !client.empty()) {
    Result<IpAddress> address = IpAddress::parse(client);
    if (!address) return refuse(400, "the client is no IP address");
    question->client.ip = *address;
  }
  auto [header, last] = parameters.equal_range("header");
  for (; header != last; ++header) {
    if (std::string_view wrong = control::add_field(*question, header->second); !wrong.empty())
      return refuse(400, wrong);
  }
  return {200, control::explain(live, *question)};
}

Answer answer(const control::Live& live, const http::Request& request) {
  if (request.method != http::Method::get && request.method != http::Method::head) {
    return refuse(405, "the control socket answers GET only");
  }
  std::string_view path = request.target.path;
  if (path == "/status") return {200, control::describe_status(live)};
  constexpr std::string_view kGet = "/get/";
  if (path.starts_with(kGet)) {
    std::optional<Node> found = control::describe_kind(live, path.substr(kGet.size()));
    if (!found) return refuse(404, std::string("the kinds are ") + control::kKinds);
    return {200, *std::move(found)};
  }
  if (path != "/explain") return refuse(404, "there is no such question");
  if (live.snapshot == nullptr) return refuse(503, "no configuration is in force yet");
  return explained(live, request.target.query);
}

std::string parameter_of(const http::Request& request, const char* name) {
  const std::multimap<std::string, std::string> parameters = parameters_of(request.target.query);
  auto found = parameters.find(name);
  return found == parameters.end() ? std::string() : found->second;
}

constexpr std::string_view kPause = "/certs/pause";
constexpr std::string_view kResume = "/certs/resume";

// Those that wait for a CA or a disk. `path` is one of them.
Task<Answer> ask_the_ca(control::CertificateDesk& desk, std::string path, std::string name, std::string reason,
                        std::string resolver, std::string change) {
  std::string wrong;
  if (path == "/certs/revoke") {
    const std::uint64_t code = parse_u64(reason).value_or(0);
    if (code > 10) co_return refuse(400, "reasons are numbers from 0 to 10 (RFC 5280)");
    wrong = co_await desk.revoke(std::move(name), static_cast<int>(code));
  } else if (path == kPause || path == kResume) {
    wrong = co_await desk.hold(std::move(name), path == kPause);
  } else if (change == "roll-key" || change == "close") {
    const auto what = change == "close" ? control::CertificateDesk::AccountChange::close
                                        : control::CertificateDesk::AccountChange::roll_key;
    wrong = co_await desk.change_account(std::move(resolver), what);
  } else {
    co_return refuse(400, "an account can be told roll-key or close");
  }
  co_return wrong.empty() ? refuse(200, "done") : refuse(409, wrong);
}

Answer about_certificates(control::CertificateDesk& desk, const http::Request& request) {
  const std::string_view path = request.target.path;
  const bool asks = request.method == http::Method::get || request.method == http::Method::head;
  if (path == "/certs" && asks) return {200, desk.certificates()};
  if (path != "/certs/renew" && path != "/certs/retry") return refuse(404, "there is no such question");
  if (request.method != http::Method::post) return refuse(405, "this changes something, so it is a POST");
  const std::string name = parameter_of(request, "name");
  if (path == "/certs/retry" && !desk.retry(name)) return refuse(404, "none has failed");
  if (path == "/certs/renew" && !desk.renew(name)) return refuse(404, "no certificate is for this name");
  return refuse(202, "it is tried now; `sluice certs show` says how it goes");
}

}  // namespace

Task<Result<http::Response>> ControlService::handle(http::Request& request) const {
  constexpr std::string_view kCertificates = "/certs";
  constexpr std::string_view kTest = "/certs/test";
  constexpr std::string_view kRevoke = "/certs/revoke";
  constexpr std::string_view kAccount = "/certs/account";
  constexpr std::string_view kDryRun = "/certs/dry-run";
  const std::string_view path = request.target.path;
  if (path == "/metrics" && request.method == http::Method::get) {
    http::Response response = http::text_response(request.arena, 200, request.arena.copy(metrics_.exposition()));
    response.fields.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    co_return response;
  }
  Answer made;
  if (!path.starts_with(kCertificates)) {
    made = answer(source_.live(), request);
  } else if (certificates_ == nullptr) {
    made = refuse(404, "no certificate resolver is configured");
  } else if (path == kTest && request.method == http::Method::get) {
    std::string name = parameter_of(request, "name");
    Node tested = co_await certificates_->test(std::move(name));
    made.node = std::move(tested);
  } else if (path == kDryRun && request.method == http::Method::post) {
    std::string name = parameter_of(request, "name");
    std::string ca = parameter_of(request, "ca");
    Node tried = co_await certificates_->dry_run(std::move(name), std::move(ca));
    made = tried.is_null() ? refuse(404, "no certificate is for this name") : Answer{200, std::move(tried)};
  } else if ((path == kRevoke || path == kAccount || path == kPause || path == kResume) &&
             request.method == http::Method::post) {
    made = co_await ask_the_ca(*certificates_, std::string(path), parameter_of(request, "name"),
                               parameter_of(request, "reason"), parameter_of(request, "resolver"),
                               parameter_of(request, "change"));
  } else {
    made = about_certificates(*certificates_, request);
  }
  const std::string text = config::to_json(made.node, 2) + '\n';
  http::Response response = http::text_response(request.arena, made.status, request.arena.copy(text));
  response.fields.set("Content-Type", "application/json");
  co_return response;
}

}  // namespace sluice::api
