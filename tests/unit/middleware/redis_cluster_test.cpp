#include "middleware/redis_cluster.h"

#include "support/catch.h"

using namespace sluice;
using middleware::RedisCluster;
using middleware::RedisRedirection;
using middleware::RespValue;

namespace {

RespValue failure(std::string text) { return {.kind = RespValue::Kind::error, .text = std::move(text)}; }

std::shared_ptr<const proxy::Endpoint> server(const std::string& address) {
  return std::make_shared<const proxy::Endpoint>(*proxy::ServerUrl::parse("http://" + address),
                                                 proxy::TransportSettings(), address);
}

// "MOVED host port", "ASK host port" or "none".
std::string read(std::string text) {
  RespValue reply = failure(std::move(text));
  std::optional<RedisRedirection> redirection = RedisRedirection::of(reply);
  if (!redirection) return "none";
  return (redirection->for_good ? "MOVED " : "ASK ") + std::string(redirection->host) + ' ' +
         std::string(redirection->port);
}

}  // namespace

TEST_CASE("the slot of a key is that of CLUSTER KEYSLOT") {
  CHECK(middleware::redis_slot("") == 0);
  CHECK(middleware::redis_slot("123456789") == 12739);
  CHECK(middleware::redis_slot("foo") == 12182);
  CHECK(middleware::redis_slot("{user1000}.following") == middleware::redis_slot("user1000"));
  CHECK(middleware::redis_slot("foo{}{bar}") != middleware::redis_slot("bar"));  // nothing within the first braces
  CHECK(middleware::redis_slot("foo{{bar}}zap") == middleware::redis_slot("{bar"));
  CHECK(middleware::redis_slot("foo{bar}{zap}") == middleware::redis_slot("bar"));
  CHECK(middleware::redis_slot("foo{bar") != middleware::redis_slot("bar"));
}

TEST_CASE("a redirection names who has the key") {
  CHECK(read("MOVED 3999 127.0.0.1:6381") == "MOVED 127.0.0.1 6381");
  CHECK(read("ASK 3999 redis-2.example:6381") == "ASK redis-2.example 6381");
  CHECK(read("MOVED 3999 :6381") == "MOVED  6381");
  CHECK(read("MOVED 3999 ?:6381") == "MOVED  6381");
  CHECK(read("MOVED 3999 fd00::2:6381") == "MOVED fd00::2 6381");
  for (const char* other : {"ERR no", "MOVED", "MOVED ", "MOVED 3999", "MOVED 127.0.0.1:6381", "MOVEDX 1 a:1", ""}) {
    CHECK(read(other) == "none");
  }
  RespValue text = failure("MOVED 3999 127.0.0.1:6381");
  text.kind = RespValue::Kind::text;
  CHECK_FALSE(RedisRedirection::of(text));
}

TEST_CASE("what is learnt of a cluster is kept by slot, until its server cannot be reached") {
  RedisCluster cluster;
  auto one = server("a:1");
  auto two = server("b:2");
  CHECK(cluster.owner_of("foo") == nullptr);
  CHECK(cluster.find("a", 1) == nullptr);
  cluster.learn("foo", one);
  cluster.learn("bar", two);
  CHECK(cluster.owner_of("foo") == one);
  CHECK(cluster.owner_of("x{foo}") == one);
  CHECK(cluster.owner_of("bar") == two);
  CHECK(cluster.owner_of("baz") == nullptr);
  cluster.learn("foo", two);
  CHECK(cluster.owner_of("foo") == two);
  cluster.learn("foo", one);
  cluster.forget(*one);
  CHECK(cluster.owner_of("foo") == nullptr);
  CHECK(cluster.owner_of("bar") == two);
  CHECK(cluster.find("a", 1) == one);  // it may come back
  CHECK(cluster.find("a", 2) == nullptr);
}

TEST_CASE("more servers than a cluster can have are not remembered") {
  RedisCluster cluster;
  for (int i = 1; i <= 3000; ++i) cluster.learn("k" + std::to_string(i), server("a:" + std::to_string(i)));
  int known = 0;
  for (int i = 1; i <= 3000; ++i) known += cluster.find("a", static_cast<std::uint16_t>(i)) != nullptr ? 1 : 0;
  CHECK(known == 1000);
  CHECK(cluster.owner_of("k3000")->url().port == 3000);
}
