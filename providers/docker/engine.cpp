#include "providers/docker/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "observe/log.h"

namespace sluice::providers::docker {

// The events that may change what is served. Names this engine does not know do no harm. `exec` events, three for every
// health probe, stay with the engine.
const std::string_view Engine::kContainerEvents =
    R"({"type":["container","network"],"event":["create","start","restart","die","died","kill","stop","destroy",)"
    R"("remove","rename","update","pause","unpause","health_status","connect","disconnect"]})";

namespace {

std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (char c : text) {
    if (is_alpha(c) || is_digit(c) || c == '_' || c == '-' || c == '.') {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

rest::LineStream::Limits event_limits() {
  rest::LineStream::Limits limits;
  limits.line = kMaxEvent;
  return limits;
}

Error from_engine(Code code, std::string_view text) { return Error{code, Origin::upstream, false, 0, text}; }

Status check(const rest::Reply& reply) {
  if (reply.status == 200) return {};
  if (reply.status == 401 || reply.status == 403 || reply.status == 405) {
    return from_engine(Code::security, "the engine, or a proxy before it, refuses the call");
  }
  return from_engine(Code::unavailable, "the engine answered with an unexpected status");
}

// A path without its version, its query and what it names.
std::string endpoint_of(std::string_view path) {
  path = path.substr(0, path.find('?'));
  if (path.starts_with("/v1.")) path.remove_prefix(std::min(path.find('/', 1), path.size()));
  constexpr std::string_view kContainers = "/containers/";
  if (path.starts_with(kContainers) && path != "/containers/json") return "/containers/{id}/json";
  return std::string(path);
}

}  // namespace

bool events_refused(int status, std::string_view provider, Duration interval) {
  if (status != 401 && status != 403 && status != 404 && status != 405) return false;
  log::warn("A proxy before the engine refuses /events, so changes are noticed late: allow it",
            {{log::field::kProvider, provider}, {"status", status}, {"interval", interval}});
  return true;
}

Engine::Engine(rest::Client& client, rest::Server server, Options options, control::ProviderStats& stats)
    : client_(client), server_(std::move(server)), options_(options), stats_(stats), version_(options.dialect) {}

rest::Call Engine::call(std::string method, std::string path) const {
  ++stats_.requests[endpoint_of(path)];
  rest::Call call;
  call.server = server_;
  call.method = std::move(method);
  call.path = std::move(path);
  call.timeout = options_.timeout;
  return call;
}

void Engine::choose(const ApiRange& range) {
  ApiVersion version = range.newest ? std::min(options_.dialect, *range.newest) : options_.dialect;
  // An engine that has given up our dialect: its oldest is the nearest.
  if (range.oldest) version = std::max(version, *range.oldest);
  version_ = version;
}

// Every answer of an engine carries its version, refusals too; a proxy's own answers do not.
bool Engine::learn(const rest::Reply& reply) {
  podman_ = podman_ || !reply.header("Libpod-Api-Version").empty();
  ApiRange range = parse_api_range(reply.body);
  if (!range.newest) range.newest = ApiVersion::parse(reply.header("Api-Version"));
  if (!range.newest && !range.oldest) return false;
  choose(range);
  return true;
}

Task<Status> Engine::negotiate() {
  struct Rung {
    const char* method;
    std::string path;
  };
  std::string dialect = "/v" + options_.dialect.to_string();
  const Rung rungs[] = {{"GET", "/_ping"},
                        {"HEAD", "/_ping"},
                        {"GET", "/version"},
                        {"GET", dialect + "/version"},
                        {"GET", dialect + "/containers/json"}};
  version_ = options_.dialect;
  Status last = from_engine(Code::unavailable, "no call is answered");
  for (const Rung& rung : rungs) {
    rest::Call question = call(rung.method, rung.path);
    question.max_reply = kMaxList;
    Result<rest::Reply> reply = co_await client_.send(std::move(question));
    if (!reply) {
      last = reply.error();
      // Nobody is there, or nobody asks any more.
      if (reply.error().nothing_sent || reply.error().code == Code::cancelled) co_return last;
      continue;
    }
    if (learn(*reply)) co_return Status();
    last = check(*reply);
  }
  // An engine that answers but does not say its version: we try ours.
  co_return last;
}

Task<Status> Engine::ping(Duration patience) {
  rest::Call question = call("GET", "/_ping");
  question.timeout = patience;
  Result<rest::Reply> reply = co_await client_.send(std::move(question));
  if (!reply) co_return reply.error();
  co_return Status();
}

Task<Result<rest::Reply>> Engine::get(std::string path, std::size_t max_reply) {
  rest::Call question = call("GET", "/v" + version_.to_string() + path);
  question.max_reply = max_reply;
  Result<rest::Reply> reply = co_await client_.send(std::move(question));
  if (!reply || reply->status != 400) co_return reply;
  // Negotiated through a proxy that hid the range, or the engine was exchanged.
  ApiVersion refused = version_;
  if (!learn(*reply) || version_ == refused) co_return reply;
  question = call("GET", "/v" + version_.to_string() + path);
  question.max_reply = max_reply;
  Result<rest::Reply> second = co_await client_.send(std::move(question));
  co_return second;
}

Task<Result<std::vector<Container>>> Engine::list() {
  Result<rest::Reply> reply = co_await get("/containers/json?all=1", kMaxList);
  if (!reply) co_return reply.error();
  Status checked = check(*reply);
  if (!checked) co_return checked.error();
  co_return parse_list(reply->body);
}

Task<Result<std::optional<Container>>> Engine::inspect(std::string id) {
  if (!is_container_id(id)) co_return std::optional<Container>();
  if (options_.inspect == Inspect::never || inspect_refused_) {
    Result<std::optional<Container>> listed = co_await find_in_list(std::move(id));
    co_return listed;
  }
  Result<rest::Reply> reply = co_await get("/containers/" + id + "/json", kMaxInspect);
  if (!reply) co_return reply.error();
  if (reply->status == 404) co_return std::optional<Container>();
  Status checked = check(*reply);
  if (!checked && checked.error().code == Code::security && options_.inspect == Inspect::automatic) {
    inspect_refused_ = true;
    Result<std::optional<Container>> listed = co_await find_in_list(std::move(id));
    co_return listed;
  }
  if (!checked) co_return checked.error();
  Result<Container> container = parse_inspect(reply->body);
  if (!container) co_return container.error();
  co_return std::optional<Container>(*std::move(container));
}

Task<Result<std::optional<Container>>> Engine::find_in_list(std::string id) {
  std::string filters = percent_encoded(fmt::format(R"({{"id":["{}"]}})", id));
  Result<rest::Reply> reply = co_await get("/containers/json?all=1&filters=" + filters, kMaxInspect);
  if (!reply) co_return reply.error();
  Status checked = check(*reply);
  if (!checked) co_return checked.error();
  Result<std::vector<Container>> listed = parse_list(reply->body);
  if (!listed) co_return listed.error();
  for (Container& container : *listed) {
    if (container.id == id) co_return std::optional<Container>(std::move(container));
  }
  co_return std::optional<Container>();
}

Task<Result<std::string>> Engine::read(std::string path) {
  Result<rest::Reply> reply = co_await get(std::move(path), kMaxList);
  if (!reply) co_return reply.error();
  Status checked = check(*reply);
  if (!checked) co_return checked.error();
  co_return std::move(reply->body);
}

rest::Call Engine::call_for_events(std::string_view filter) const {
  return call("GET", "/v" + version_.to_string() + "/events?filters=" + percent_encoded(filter));
}

std::unique_ptr<rest::DrainedLines> Engine::events() {
  return std::make_unique<rest::DrainedLines>(call_for_events(kContainerEvents), event_limits(), client_.user_agent());
}

Result<std::unique_ptr<rest::LineStream>> Engine::events(std::string_view filter) {
  return client_.open_lines(call_for_events(filter), event_limits());
}

}  // namespace sluice::providers::docker
