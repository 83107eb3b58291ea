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
    if (!found) return refuse(404, "kinds are routers, services, middlewares, entrypoints, problems and all");
    return {200, *std::move(found)};
  }
  if (path != "/explain") return refuse(404, "there is no such question");
  if (live.snapshot == nullptr) return refuse(503, "no configuration is in force yet");
  return explained(live, request.target.query);
}

}  // namespace

Task<Result<http::Response>> ControlService::handle(http::Request& request) const {
  const Answer made = answer(source_.live(), request);
  const std::string text = config::to_json(made.node, 2) + '\n';
  http::Response response = http::text_response(request.arena, made.status, request.arena.copy(text));
  response.fields.set("Content-Type", "application/json");
  co_return response;
}

}  // namespace sluice::api
