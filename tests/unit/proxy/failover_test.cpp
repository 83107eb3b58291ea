// One service, and another when it is down or fails.
#include "proxy/failover.h"

#include "support/catch.h"
#include "support/edge/test_edge.h"

using namespace sluice;
using proxy::Failover;
using proxy::ServerHealth;
using test::Scene;
using test::TestEdge;

namespace {

std::string says(const std::string& text, int status = 200) {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: " + std::to_string(text.size()) + "\r\n\r\n" +
         text;
}

const std::string kGet = "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n";

struct Pair : TestEdge {
  std::shared_ptr<ServerHealth> first = std::make_shared<ServerHealth>(Time());
  std::shared_ptr<ServerHealth> second = std::make_shared<ServerHealth>(Time());

  Pair() {
    upstream("first").answers(says("first"));
    upstream("second").answers(says("second"));
  }
  void start(std::optional<Failover::Errors> errors = std::nullopt) {
    route("PathPrefix(`/`)", std::make_shared<proxy::Answering>(std::make_shared<Failover>(
                                 service({"first"}, {first}), service({"second"}, {second}), std::move(errors))));
  }
  static Failover::Errors on(const std::vector<std::string>& statuses, std::int64_t most = -1) {
    Failover::Errors errors;
    std::string error;
    REQUIRE(errors.status.parse(statuses, error));
    errors.max_request_body_bytes = most;
    return errors;
  }
};

}  // namespace

TEST_CASE("the fallback answers while the first service is down") {
  Pair edge;
  edge.start();
  CHECK(edge.exchange(kGet).ends_with("first"));
  edge.first->checked("it does not answer", edge.loop().now());
  CHECK(edge.exchange(kGet).ends_with("second"));
  edge.first->checked("", edge.loop().now());
  CHECK(edge.exchange(kGet).ends_with("first"));
}

TEST_CASE("with both down the answer is 503") {
  Pair edge;
  edge.start(Pair::on({"500-599"}));
  edge.first->checked("no", edge.loop().now());
  edge.second->checked("no", edge.loop().now());
  std::string reply = edge.exchange(kGet);
  CHECK(reply.starts_with("HTTP/1.1 503 "));
  CHECK(reply.find("\r\nRetry-After: ") != std::string::npos);
}

TEST_CASE("without errors a failing answer is the answer") {
  Pair edge;
  edge.upstream("first").answers(says("broken", 500));
  edge.start();
  CHECK(edge.exchange(kGet).ends_with("broken"));
}

TEST_CASE("without errors a server that cannot be reached is a 502") {
  Pair refusing;
  refusing.upstream("first").refuses();
  refusing.start();
  CHECK(refusing.exchange(kGet).starts_with("HTTP/1.1 502 "));
  CHECK(refusing.upstream("second").connections() == 0);
}

TEST_CASE("an answer that counts as failure is replaced by the fallback's, to the same request") {
  Pair edge;
  edge.upstream("first").answers(says("broken", 503));
  edge.start(Pair::on({"500", "502-503"}));
  std::string asked = "PUT /thing?x HTTP/1.1\r\nHost: app.test\r\nContent-Length: 7\r\n\r\ncontent";
  CHECK(edge.exchange(asked, 3).ends_with("second"));
  REQUIRE(edge.upstream("first").connections() == 1);
  REQUIRE(edge.upstream("second").connections() == 1);
  CHECK(edge.upstream("first").received()[0] == edge.upstream("second").received()[0]);
  CHECK(edge.upstream("second").received()[0].ends_with("\r\n\r\ncontent"));
}

TEST_CASE("an answer that does not count stays") {
  Pair edge;
  edge.upstream("first").answers(says("teapot", 418));
  edge.start(Pair::on({"500-599"}));
  CHECK(edge.exchange(kGet).ends_with("teapot"));
  CHECK(edge.upstream("second").connections() == 0);
}

TEST_CASE("a server that cannot be reached counts as its 502") {
  for (bool listed : {true, false}) {
    Pair edge;
    edge.upstream("first").refuses();
    edge.start(Pair::on({listed ? "502" : "504"}));
    CHECK(edge.exchange(kGet).ends_with(listed ? "second" : "Bad Gateway"));
  }
}

TEST_CASE("content above maxRequestBodyBytes is 413 and nobody is asked") {
  Pair edge;
  edge.start(Pair::on({"500"}, 4));
  std::string reply = edge.exchange("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 5\r\n\r\nabcde");
  CHECK(reply.starts_with("HTTP/1.1 413 "));
  CHECK(edge.upstream("first").connections() + edge.upstream("second").connections() == 0);
  CHECK(edge.exchange("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 4\r\n\r\nabcd").ends_with("first"));
}

TEST_CASE("failing over nests") {
  TestEdge edge;
  for (const char* name : {"a", "b"}) edge.upstream(name).answers(says("no", 500));
  edge.upstream("c").answers(says("third"));
  auto inner = std::make_shared<Failover>(edge.service({"b"}), edge.service({"c"}), Pair::on({"500"}));
  edge.route("PathPrefix(`/`)", std::make_shared<proxy::Answering>(
                                    std::make_shared<Failover>(edge.service({"a"}), inner, Pair::on({"500"}))));
  CHECK(edge.exchange("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 2\r\n\r\nhi").ends_with("third"));
  CHECK(edge.upstream("c").received()[0].ends_with("\r\n\r\nhi"));
}
