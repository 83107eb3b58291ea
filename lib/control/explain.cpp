#include "control/explain.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "control/describe_live.h"
#include "control/explain_connection.h"
#include "http/h1/request_parser.h"
#include "http/rejection.h"
#include "server/http_challenges.h"
#include "server/tls_challenges.h"

namespace sluice::control {
namespace {

using config::Node;

constexpr std::size_t kNearest = 3;

// The entry point a request with this authority and scheme would most likely come in on.
std::size_t entry_point_of(const Live& live, const Question& question, std::string& because) {
  auto find = [&](auto fits) {
    auto found = std::find_if(live.entry_points.begin(), live.entry_points.end(),
                              [&](const auto& settings) { return !settings.udp && fits(settings); });
    return static_cast<std::size_t>(found - live.entry_points.begin());
  };
  const std::size_t count = live.entry_points.size();
  if (!question.entry_point.empty()) {
    because = "it was named";
    return find([&](const auto& settings) { return settings.name == question.entry_point; });
  }
  const std::size_t colon = question.authority.rfind(':');
  const bool has_port = colon != std::string::npos && question.authority.find(']', colon) == std::string::npos;
  std::optional<std::uint64_t> port = question.tls ? 443 : 80;
  if (has_port) port = parse_u64(std::string_view(question.authority).substr(colon + 1));
  const std::size_t by_port = find([&](const auto& settings) { return port && settings.address.port == *port; });
  because = "of its port";
  if (by_port < count) return by_port;
  const std::size_t by_name =
      find([&](const auto& settings) { return settings.name == (question.tls ? "websecure" : "web"); });
  because = "of its name; none has the port";
  if (by_name < count) return by_name;
  because = "it is the first; none has the port";
  return find([](const auto&) { return true; });
}

std::string head_of(const Question& question) {
  std::string head = question.method + ' ' + question.target + " HTTP/1.1\r\nHost: " + question.authority + "\r\n";
  for (const auto& [name, value] : question.fields) {
    if (!iequals(name, "Host")) head += name + ": " + value + "\r\n";
  }
  return head + "\r\n";
}

class Explainer {
 public:
  Explainer(const Live& live, const Question& question)
      : live_(live), question_(question), merged_(merge(live.fragments)) {}

  Node run() {
    node_.add("schema", text_node(kSchema));
    std::string because;
    const std::size_t index = entry_point_of(live_, question_, because);
    if (index >= live_.entry_points.size()) {
      answer(0, live_.entry_points.empty() ? "there is no entry point"
                                           : fmt::format("there is no entry point {}", question_.entry_point));
      return std::move(node_);
    }
    const server::EntryPointSettings& settings = live_.entry_points[index];
    Node entry_point = Node::map();
    entry_point.add("name", text_node(settings.name));
    entry_point.add("address", text_node(settings.address.to_string()));
    entry_point.add("because", text_node(because));
    node_.add("entryPoint", std::move(entry_point));
    const server::EntryPointRoutes& here = *live_.snapshot->entry_points[index];
    const server::ChallengeRules* rules = live_.snapshot->challenge_rules(index);
    if (question_.tls) tls_challenge(here, rules);
    if (!tcp_takes_it(here)) route(settings, here, rules);
    return std::move(node_);
  }

 private:
  std::string server_name() const {
    if (!question_.sni.empty() || !question_.tls) return lowered(question_.sni);
    return lowered(question_.authority.substr(0, question_.authority.find(':')));
  }

  // What a CA would find that asks for this name in a handshake. Worth saying when it is asked about connections, and
  // when somebody else answers.
  void tls_challenge(const server::EntryPointRoutes& here, const server::ChallengeRules* rules) {
    const std::string name = server_name();
    const server::TlsChallenge challenge =
        server::decide_tls_challenge({here, rules, nullptr}, name, question_.client.ip);
    const bool passed = challenge.way == server::TlsChallenge::Way::pass;
    if (!passed && !question_.connection) return;
    const std::string what = passed ? fmt::format("passed, bytes as they come, to {}", challenge.route.router)
                                    : fmt::format("refused with an alert: {}", challenge.why);
    node_.add("tlsChallenge", text_node(fmt::format("a CA's handshake for {} is {}", name, what)));
  }

  // True: the question is answered.
  bool tcp_takes_it(const server::EntryPointRoutes& here) {
    const Connection connection{question_.tls, server_name(), question_.client.ip};
    if (std::optional<Node> found = explain_connection(merged_, here, connection)) {
      for (Node::Entry& entry : found->children()) node_.add(entry.key, std::move(entry.node));
      return true;
    }
    if (!question_.connection) return false;
    node_.add("tcpRouters", tcp_verdicts(here, connection));
    answer(0, fmt::format("no TCP router takes the connection: it is for {}", question_.tls ? "HTTPS" : "HTTP"));
    return true;
  }

  void route(const server::EntryPointSettings& settings, const server::EntryPointRoutes& here,
             const server::ChallengeRules* rules) {
    const server::HttpRoutes& routes = question_.tls && here.tls != nullptr ? here.tls->http : here;
    Arena arena;
    http::Peer peer;
    peer.remote = question_.client;
    peer.local = settings.address;
    peer.entry_point = settings.name;
    peer.tls = question_.tls;
    const std::string sni = server_name();
    peer.sni = sni;
    http::Request request(arena, peer);
    http::h1::RequestParser parser;
    const std::string head = head_of(question_);
    const http::h1::HeadResult read = parser.parse(head, arena, request, settings.limits);
    if (read.state != http::h1::HeadResult::State::done) {
      const std::uint16_t status = http::status_of(read.reason);
      node_.add("refused", text_node(http::text_of(read.reason)));
      answer(status, fmt::format("{} {}: {}", status, http::reason_phrase(status), http::text_of(read.reason)));
      return;
    }
    Node asked = Node::map();
    asked.add("method", text_node(request.method_text));
    asked.add("host", text_node(request.host));
    asked.add("path", text_node(request.target.match_path));
    asked.add("query", text_node(request.target.query));
    asked.add("client", text_node(peer.remote.ip.to_string()));
    if (!sni.empty()) asked.add("sni", text_node(sni));
    node_.add("request", std::move(asked));

    if (question_.tls && here.tls != nullptr) {
      const std::string& agreed = here.tls->hosts.find(sni).policy->options;
      const std::string& wanted = here.tls->hosts.find(request.host).policy->options;
      node_.add("tlsOptions", text_node(agreed));
      if (agreed != wanted) {
        return answer(421, fmt::format("421 Misdirected Request: {} has the TLS options {}, the connection has {}",
                                       request.host, wanted, agreed));
      }
    }
    // As a worker without armed challenges does it.
    using Way = server::HttpChallenge::Way;
    const server::HttpChallenge challenge = server::decide_challenge({routes, rules, nullptr}, request);
    if (challenge.way != Way::none) node_.add("challenge", text_node(challenge.why));
    if (challenge.way == Way::refuse) return answer(404, fmt::format("404: {}", challenge.why));
    if (challenge.way == Way::loop) return answer(508, fmt::format("508: {}", challenge.why));
    if (challenge.way == Way::target) {
      return answer(200, fmt::format("to the service of {}, without middlewares", challenge.target->router));
    }
    const bool around = challenge.way == Way::router && routes.not_redirected != nullptr;
    const route::HttpTable& table = around ? *routes.not_redirected : routes.table;
    // As route_request does it.
    if (request.target.path == "*") return answer(204, "204 No Content: a question about the server itself");
    const std::optional<std::uint32_t> matched = table.match(request);
    std::string_view taker = matched ? std::string_view(routes.routes[*matched].router) : std::string_view();
    Node considered = Node::list();
    bool taken = false;
    for (const route::Verdict& verdict : table.explain(request)) {
      Node one = Node::map();
      one.add("name", text_node(verdict.router));
      one.add("rule", text_node(verdict.rule));
      one.add("priority", number_node(verdict.priority));
      one.add("matches", flag_node(verdict.matched));
      if (!verdict.matched) {
        one.add("failed", text_node(verdict.failed));
        one.add("offset", number_node(static_cast<std::int64_t>(verdict.offset)));
      } else {
        one.add("takes", flag_node(!taken));
        taken = true;
      }
      considered.add(std::move(one));
    }
    node_.add("routers", std::move(considered));
    if (!matched) return nobody(routes, request);
    node_.add("router", text_node(taker));
    const server::Route& row = routes.routes[*matched];
    if (row.deny_encoded_characters && !http::allowed(request.target.path, row.characters)) {
      return answer(400, "400 Bad Request: the path has an encoded character the entry point refuses");
    }
    behind(settings, std::string(taker));
  }

  void nobody(const server::HttpRoutes& routes, const http::Request& request) {
    Node nearest = Node::list();
    bool same_host = false;
    for (const route::Near& near : routes.table.nearest(request, kNearest)) {
      nearest.add(text_node(near.router));
      same_host = near.same_host;
    }
    node_.add("nearest", std::move(nearest));
    Node elsewhere = Node::list();
    for (std::size_t i = 0; i < live_.entry_points.size(); ++i) {
      const server::EntryPointRoutes& there = *live_.snapshot->entry_points[i];
      const server::HttpRoutes& other = question_.tls && there.tls != nullptr ? there.tls->http : there;
      if (&other != &routes && other.table.match(request)) elsewhere.add(text_node(live_.entry_points[i].name));
    }
    std::string why = routes.table.size() == 0 ? "the entry point has no router"
                      : same_host              ? "the host has routers, but none for this path, method or client"
                                               : "no router has this host";
    if (!elsewhere.children().empty()) {
      why += fmt::format("; entry point {} has one that would take it", elsewhere.children().front().node.text());
    }
    node_.add("elsewhere", std::move(elsewhere));
    answer(404, "404 page not found: " + why);
  }

  // Middlewares, service and servers of the router.
  void behind(const server::EntryPointSettings& settings, const std::string& taker) {
    auto found = merged_.routers.find(taker);
    // A router on several entry points is placed under the name of each.
    if (found == merged_.routers.end() && taker.starts_with(settings.name + '-')) {
      found = merged_.routers.find(taker.substr(settings.name.size() + 1));
    }
    if (found == merged_.routers.end()) return answer(0, "the router is gone by now");
    const config::HttpRouter& router = *found->second.object;
    if (!router.source.where.empty()) node_.add("source", text_node(config::to_string(router.source)));
    Node middlewares = Node::list();
    auto model = live_.configuration->entry_points.find(settings.name);
    if (model != live_.configuration->entry_points.end() && found->second.provider != "internal") {
      for (const std::string& one : model->second.http.middlewares)
        add_middleware(middlewares, qualify(one, "internal"));
    }
    for (const std::string& one : router.middlewares) add_middleware(middlewares, qualify(one, found->second.provider));
    const bool any = !middlewares.children().empty();
    node_.add("middlewares", std::move(middlewares));
    Node service = describe_service(live_, merged_, qualify(router.service, found->second.provider));
    const std::size_t ready = ready_servers(service);
    const Node* type = service.find("type");
    const bool internal = type != nullptr && type->text() == "internal";
    node_.add("service", std::move(service));
    const std::string through = any ? "unless a middleware answers, " : "";
    if (internal) return answer(200, through + "Sluice itself answers");
    if (ready == 0) return answer(503, through + "503: the service has no ready server");
    answer(200, fmt::format("{}forwarded to {}", through,
                            ready == 1 ? "its server" : fmt::format("one of {} servers", ready)));
  }

  void add_middleware(Node& list, const std::string& name, int depth = 0) {
    auto found = merged_.middlewares.find(name);
    Node one = Node::map();
    one.add("name", text_node(name));
    if (found == merged_.middlewares.end()) {
      list.add(std::move(one));
      return;
    }
    if (found->second.object->chain && depth < 16) {
      for (const std::string& inner : found->second.object->chain->middlewares) {
        add_middleware(list, qualify(inner, found->second.provider), depth + 1);
      }
      return;
    }
    one.add("type", text_node(middleware_type(*found->second.object)));
    list.add(std::move(one));
  }

  static std::size_t ready_servers(const Node& service) {
    std::size_t ready = 0;
    if (const Node* servers = service.find("servers")) {
      for (const Node::Entry& server : servers->children()) {
        const Node* state = server.node.find("state");
        if (state != nullptr && state->text() == "ready") ++ready;
      }
    }
    if (const Node* children = service.find("services")) {
      for (const Node::Entry& child : children->children()) ready += ready_servers(child.node);
    }
    return ready;
  }

  // `status` 0: the question cannot be answered; 200: whatever the service says.
  void answer(std::uint16_t status, const std::string& text) {
    node_.add("status", number_node(status));
    node_.add("answer", text_node(text));
  }

  const Live& live_;
  const Question& question_;
  Merged merged_;
  Node node_ = Node::map();
};

}  // namespace

Result<Question> parse_question(std::string_view method, std::string_view url) {
  Question question;
  question.method = method.empty() ? "GET" : std::string(method);
  for (char c : question.method) {
    if (!is_alpha(c) && c != '-') return Error{Code::invalid, Origin::client, true, 0, "the method is no word"};
  }
  for (char c : url) {
    if (static_cast<unsigned char>(c) <= ' ')
      return Error{Code::invalid, Origin::client, true, 0, "the URL has a blank"};
  }
  if (istarts_with(url, "http://")) {
    url.remove_prefix(7);
  } else if (istarts_with(url, "https://")) {
    url.remove_prefix(8);
    question.tls = true;
  } else if (url.find("://") != std::string_view::npos) {
    return Error{Code::invalid, Origin::client, true, 0, "the scheme is neither http nor https"};
  }
  url = url.substr(0, url.find('#'));
  const std::size_t path = url.find_first_of("/?");
  question.authority = url.substr(0, path);
  if (path != std::string_view::npos) question.target = url.substr(path);
  if (question.target.starts_with('?')) question.target.insert(0, "/");
  return question;
}

std::string_view add_field(Question& question, std::string_view header) {
  const std::size_t colon = header.find(':');
  if (colon == std::string_view::npos || colon == 0) return "a header is written as Name: value";
  for (char c : header) {
    if (static_cast<unsigned char>(c) < ' ' && c != '\t') return "a header has a control character";
  }
  const std::string name(trim(header.substr(0, colon)));
  const std::string value(trim(header.substr(colon + 1)));
  if (iequals(name, "Host")) {
    question.authority = value;
  } else {
    question.fields.emplace_back(name, value);
  }
  return {};
}

Node explain(const Live& live, const Question& question) { return Explainer(live, question).run(); }

std::optional<std::string> taker(const Node& explanation) {
  const Node* router = explanation.find("router");
  if (router == nullptr) return std::nullopt;
  return router->text();
}

}  // namespace sluice::control
