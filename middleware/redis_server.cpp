#include "middleware/redis_server.h"

#include <fmt/format.h>

#include <algorithm>

#include "proxy/worker_local.h"

namespace sluice::middleware {
namespace {

constexpr std::int64_t kPoolSize = 10;  // where poolSize says nothing
constexpr int kMostRedirections = 5;
constexpr std::string_view kAsking = "*1\r\n$6\r\nASKING\r\n";

Error from_redis(Code code, std::string_view text) { return Error{code, Origin::upstream, false, 0, text}; }

}  // namespace

// A place among the connections of the worker; given back at the end.
class RedisServer::Lease {
 public:
  explicit Lease(PerWorker& mine) : mine_(mine) { ++mine_.active; }
  ~Lease() {
    --mine_.active;
    mine_.freed.notify_one();
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

 private:
  PerWorker& mine_;
};

RedisServer::RedisServer(const config::RateLimitRedis& settings, unsigned workers)
    : settings_(settings), per_worker_(std::make_unique<PerWorker[]>(workers)) {
  if (settings.max_active_conns <= 0) return;
  most_active_ = std::max<std::size_t>(1, static_cast<std::size_t>(settings.max_active_conns) / workers);
}

Result<proxy::ServerUrl> RedisServer::parse(std::string_view endpoint, bool secure) {
  if (endpoint.find('/') != std::string_view::npos) {
    return Error::of(Code::invalid, "an endpoint is host:port, without scheme and path");
  }
  std::string url = (secure ? "https://" : "http://") + std::string(endpoint);
  std::size_t colon = endpoint.rfind(':');
  if (colon == std::string_view::npos || endpoint.find(']', colon) != std::string_view::npos) url += ":6379";
  return proxy::ServerUrl::parse(url);
}

std::shared_ptr<const RedisServer> RedisServer::make(const config::RateLimitRedis& settings, unsigned workers,
                                                     std::shared_ptr<const tls::ClientContext> tls,
                                                     control::Registry& registry, std::string& error) {
  proxy::TransportSettings transport;
  if (settings.dial_timeout > 0s) transport.dial_timeout = settings.dial_timeout;
  transport.max_idle = static_cast<std::size_t>(settings.pool_size > 0 ? settings.pool_size : kPoolSize);
  transport.tls = std::move(tls);
  std::shared_ptr<RedisServer> made(new RedisServer(settings, workers));
  for (const std::string& written : settings.endpoints) {
    Result<proxy::ServerUrl> url = parse(written, transport.tls != nullptr);
    if (!url) {
      error = fmt::format("the endpoint {} of redis: {}", written, url.error().text);
      return nullptr;
    }
    // Connections belong to one user and one database.
    std::string name = fmt::format("redis://{}@{}/{}", settings.username, written, settings.db);
    std::string key = fmt::format("{} {}", proxy::Endpoint::key(name, transport), settings.password);
    made->endpoints_.push_back(registry.get<const proxy::Endpoint>(
        key, [&] { return std::make_shared<const proxy::Endpoint>(*url, transport, name); }));
  }
  if (made->endpoints_.empty()) {
    error = "redis has no endpoints";
    return nullptr;
  }
  return made;
}

Task<Result<RespValue>> RedisServer::ask(std::string_view key, std::string command) const {
  PerWorker& mine = per_worker_[proxy::WorkerLocal::current().index()];
  Deadline patience = Loop::current().now() + settings_.read_timeout;
  while (most_active_ > 0 && mine.active >= most_active_) {
    Status freed = co_await mine.freed.wait(patience);
    if (!freed && freed.error().code == Code::timed_out) {
      co_return from_redis(Code::exhausted, "all maxActiveConns to Redis are in use");
    }
    if (!freed) co_return freed.error();
  }
  Lease lease(mine);
  std::shared_ptr<const proxy::Endpoint> server = mine.cluster.owner_of(key);
  std::shared_ptr<const proxy::Endpoint> lost;  // had the key, and cannot be reached
  Error loss;
  bool asking = false;
  for (int redirections = 0;; ++redirections) {
    bool known = server != nullptr;
    Result<RespValue> reply = co_await ask_at(server, lost.get(), asking, command);
    if (!reply && reply.error().code == Code::cancelled) co_return reply;
    if (!reply && known) mine.cluster.forget(*server);
    if (!reply && lost != nullptr) co_return loss;
    if (!reply && (!known || !reply.error().nothing_sent)) co_return reply;
    if (!reply) {
      loss = reply.error();  // others may know who has the key now
      lost = std::move(server);
      server = nullptr;
      asking = false;
      continue;
    }
    std::optional<RedisRedirection> redirection = RedisRedirection::of(*reply);
    if (!redirection && reply->kind == RespValue::Kind::error && reply->text.starts_with("CLUSTERDOWN")) {
      co_return from_redis(Code::unavailable, "the Redis cluster is down: nobody has some of its slots");
    }
    if (!redirection || redirections >= kMostRedirections) co_return reply;
    server = target(*redirection, *server, mine.cluster);
    if (server == nullptr) co_return reply;
    if (server == lost) co_return loss;
    asking = !redirection->for_good;
    if (asking) {
      mine.cluster.remember(server);
    } else {
      mine.cluster.learn(key, server);
    }
  }
}

std::shared_ptr<const proxy::Endpoint> RedisServer::target(const RedisRedirection& redirection,
                                                           const proxy::Endpoint& from,
                                                           const RedisCluster& cluster) const {
  std::string host(redirection.host.empty() ? from.url().host : redirection.host);
  std::string address = host.find(':') == std::string::npos ? host : '[' + host + ']';
  address += fmt::format(":{}", redirection.port);
  Result<proxy::ServerUrl> url = parse(address, from.settings().tls != nullptr);
  if (!url) return nullptr;
  for (const std::shared_ptr<const proxy::Endpoint>& endpoint : endpoints_) {
    if (endpoint->url().host == url->host && endpoint->url().port == url->port) return endpoint;
  }
  if (std::shared_ptr<const proxy::Endpoint> known = cluster.find(url->host, url->port)) return known;
  return std::make_shared<const proxy::Endpoint>(*url, from.settings(), address);
}

Task<Result<RespValue>> RedisServer::ask_at(std::shared_ptr<const proxy::Endpoint>& server, const proxy::Endpoint* lost,
                                            bool asking, std::string_view command) const {
  if (server != nullptr) {
    proxy::WorkerLocal::current().upstreams().keep(server);
    Result<RespValue> reply = co_await ask_one(*server, asking, command);
    co_return reply;
  }
  Error failure;
  for (const std::shared_ptr<const proxy::Endpoint>& endpoint : endpoints_) {
    if (endpoint.get() == lost) continue;
    server = endpoint;
    Result<RespValue> reply = co_await ask_one(*endpoint, asking, command);
    if (reply || !reply.error().nothing_sent || reply.error().code == Code::cancelled) co_return reply;
    failure = reply.error();
  }
  co_return failure;
}

Task<Result<RespValue>> RedisServer::ask_one(const proxy::Endpoint& endpoint, bool asking,
                                             std::string_view command) const {
  const std::string& name = endpoint.url().host;  // what the certificate of an address must say
  proxy::Upstreams& upstreams = proxy::WorkerLocal::current().upstreams();
  bool fresh = false;
  for (;;) {
    std::unique_ptr<proxy::Connection> connection = fresh ? nullptr : upstreams.take_idle(endpoint, name);
    if (connection == nullptr) {
      Result<std::unique_ptr<proxy::Connection>> dialled = co_await upstreams.dial(endpoint, name);
      if (!dialled) {
        Error error = dialled.error();
        if (error.code != Code::cancelled) error.origin = Origin::upstream;
        co_return error;
      }
      connection = std::move(*dialled);
      Status greeted = co_await greet(*connection->stream);
      if (!greeted) co_return greeted.error();
      fresh = true;
    }
    Result<RespValue> reply = co_await exchange(*connection->stream, asking ? kAsking : command);
    if (reply && asking) reply = co_await exchange(*connection->stream, command);
    if (reply) {
      upstreams.release(endpoint, std::move(connection));
      co_return reply;
    }
    // A kept connection may have been closed meanwhile. If the server did take the command, a token more is gone.
    bool died = reply.error().code == Code::reset || reply.error().code == Code::closed;
    if (fresh || !died) co_return reply;
    fresh = true;
  }
}

Task<Status> RedisServer::greet(net::Stream& stream) const {
  std::vector<std::vector<std::string_view>> commands;
  if (!settings_.password.empty() && !settings_.username.empty()) {
    commands.push_back({"AUTH", settings_.username, settings_.password});
  } else if (!settings_.password.empty()) {
    commands.push_back({"AUTH", settings_.password});
  }
  const std::string database = std::to_string(settings_.db);
  if (settings_.db != 0) commands.push_back({"SELECT", database});
  for (const std::vector<std::string_view>& command : commands) {
    std::string bytes = resp_command(command);
    Result<RespValue> reply = co_await exchange(stream, bytes);
    if (!reply) co_return reply.error();
    // A cluster has one database, whatever `db` says.
    bool only_one = command.front() == "SELECT" && reply->text.find("cluster mode") != std::string::npos;
    if (reply->kind == RespValue::Kind::error && !only_one) {
      co_return from_redis(Code::security, "Redis refuses the user, the password or the database");
    }
  }
  co_return Status();
}

Task<Result<RespValue>> RedisServer::exchange(net::Stream& stream, std::string_view command) const {
  Status sent = co_await net::write_all(stream, command, settings_.write_timeout);
  if (!sent) co_return sent.error();
  Deadline deadline = Loop::current().now() + settings_.read_timeout;
  std::string received;
  for (;;) {
    Result<net::Bytes> bytes = co_await stream.read(deadline);
    if (!bytes) {
      Error error = bytes.error();
      if (error.code != Code::cancelled) error.origin = Origin::upstream;
      if (error.code == Code::timed_out) error.text = "no answer of Redis within readTimeout";
      co_return error;
    }
    if (bytes->empty()) co_return from_redis(Code::closed, "Redis closed the connection");
    received += *bytes;
    RespValue value;
    std::size_t consumed = 0;
    RespState state = resp_read(received, value, consumed);
    if (state == RespState::need_more) continue;
    if (state == RespState::invalid || consumed != received.size()) {
      co_return from_redis(Code::invalid, "the answer is not that of a Redis server");
    }
    co_return value;
  }
}

}  // namespace sluice::middleware
