#include "control/armed_challenges.h"

#include "support/catch.h"

using namespace sluice;
using namespace sluice::control;

namespace {

const std::string kToken = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA";

Task<void> keep(Task<Status> task, std::shared_ptr<std::optional<Status>> into) {
  into->emplace(co_await std::move(task));
}

struct Desk final : ArmedChallenges::Workers {
  ~Desk() {
    scope.cancel(Error::of(Code::cancelled, "the test is over"));
    loop.run_ready();
  }
  void give_all(const server::Order& order) override { given.push_back(std::get<server::Arm>(order)); }

  using Pending = std::shared_ptr<std::optional<Status>>;
  Pending start(Task<Status> task) {
    auto result = std::make_shared<std::optional<Status>>();
    scope.spawn(keep(std::move(task), result));
    loop.run_ready();
    return result;
  }
  void confirm(unsigned worker, std::uint64_t number) {
    desk.confirmed({worker, number});
    loop.run_ready();
  }
  void confirm_all() {
    confirm(0, given.back().number);
    confirm(1, given.back().number);
  }
  const server::Challenges* now() const { return given.empty() ? nullptr : given.back().challenges.get(); }

  Loop loop{Loop::ClockKind::manual};
  Scope scope;
  std::vector<server::Arm> given;
  ArmedChallenges desk{2, *this, scope};
};

}  // namespace

TEST_CASE("a challenge is armed when every worker has said so") {
  Desk desk;
  auto armed = desk.start(desk.desk.arm_http("App.Test.", kToken, "the answer"));
  REQUIRE(desk.now() != nullptr);
  CHECK(*desk.now()->http("app.test", kToken) == "the answer");
  CHECK(desk.now()->http("other.test", kToken) == nullptr);
  desk.confirm(1, desk.given.back().number);
  CHECK_FALSE(armed->has_value());
  desk.confirm(0, desk.given.back().number - 1);
  CHECK_FALSE(armed->has_value());
  desk.confirm(0, desk.given.back().number);
  REQUIRE(armed->has_value());
  CHECK((*armed)->ok());
}

TEST_CASE("many are armed at once, and a later confirmation counts for the earlier ones") {
  Desk desk;
  std::vector<Desk::Pending> all;
  for (int i = 0; i < 20; ++i) {
    all.push_back(desk.start(desk.desk.arm_http("h" + std::to_string(i) + ".test", kToken, "answer")));
    all.push_back(desk.start(desk.desk.arm_tls_alpn("t" + std::to_string(i) + ".test", "answer")));
  }
  desk.confirm_all();
  for (const Desk::Pending& one : all) {
    REQUIRE(one->has_value());
    CHECK((*one)->ok());
  }
  CHECK(desk.now()->http("h0.test", kToken) != nullptr);
  CHECK(desk.now()->tls("t19.test") != nullptr);
}

TEST_CASE("a worker that does not confirm fails the task and takes the challenge back") {
  Desk desk;
  auto http = desk.start(desk.desk.arm_http("app.test", kToken, "answer"));
  auto tls = desk.start(desk.desk.arm_tls_alpn("app.test", "answer"));
  desk.confirm(0, desk.given.back().number);
  desk.loop.advance(4s);
  CHECK_FALSE(http->has_value());
  desk.loop.advance(2s);
  REQUIRE(http->has_value());
  REQUIRE(tls->has_value());
  CHECK((*http)->error().code == Code::timed_out);
  CHECK((*tls)->error().code == Code::timed_out);
  CHECK(desk.now() == nullptr);
}

TEST_CASE("nobody waits for workers that have been told to end") {
  Desk desk;
  auto before = desk.start(desk.desk.arm_http("app.test", kToken, "answer"));
  desk.desk.end();
  desk.loop.run_ready();
  REQUIRE(before->has_value());
  CHECK((*before)->error().code == Code::cancelled);
  auto after = desk.start(desk.desk.arm_tls_alpn("app.test", "answer"));
  REQUIRE(after->has_value());
  CHECK_FALSE((*after)->ok());
}

TEST_CASE("a disarmed token is answered for a minute more, a disarmed name not at all") {
  Desk desk;
  desk.start(desk.desk.arm_http("app.test", kToken, "answer"));
  desk.start(desk.desk.arm_http("second.test", kToken, "answer"));
  desk.start(desk.desk.arm_tls_alpn("app.test", "answer"));
  desk.confirm_all();
  desk.desk.disarm_http("APP.test", kToken);
  desk.desk.disarm_tls_alpn("APP.test");
  CHECK(desk.now()->tls("app.test") == nullptr);
  desk.loop.advance(30s);
  desk.desk.disarm_http("second.test", kToken);
  desk.loop.advance(29s);
  CHECK(desk.now()->http("app.test", kToken) != nullptr);
  desk.loop.advance(2s);
  CHECK(desk.now()->http("app.test", kToken) == nullptr);
  CHECK(desk.now()->http("second.test", kToken) != nullptr);
  desk.loop.advance(30s);
  CHECK(desk.now() == nullptr);
  // And once more: what tidied up has ended and begins anew.
  desk.start(desk.desk.arm_http("app.test", kToken, "answer"));
  desk.confirm_all();
  desk.desk.disarm_http("app.test", kToken);
  desk.loop.advance(61s);
  CHECK(desk.now() == nullptr);
}

TEST_CASE("a token armed again before its minute is over stays") {
  Desk desk;
  desk.start(desk.desk.arm_http("app.test", kToken, "first"));
  desk.confirm_all();
  desk.desk.disarm_http("app.test", kToken);
  desk.loop.advance(30s);
  desk.start(desk.desk.arm_http("app.test", kToken, "second"));
  desk.confirm_all();
  desk.loop.advance(300s);
  CHECK(*desk.now()->http("app.test", kToken) == "second");
}

TEST_CASE("what no CA would send is not armed") {
  Desk desk;
  for (const auto& [host, token] :
       std::vector<std::pair<std::string, std::string>>{{"", kToken},
                                                        {"a b", kToken},
                                                        {"app.test:80", kToken},
                                                        {"app.test", "short"},
                                                        {"app.test", "../../../../etc/passwd"},
                                                        {"app.test", std::string(257, 'a')}}) {
    CAPTURE(host, token);
    auto armed = desk.start(desk.desk.arm_http(host, token, "answer"));
    REQUIRE(armed->has_value());
    CHECK((*armed)->error().code == Code::invalid);
  }
  auto armed = desk.start(desk.desk.arm_tls_alpn("app.test,DNS:other.test", "answer"));
  REQUIRE(armed->has_value());
  CHECK((*armed)->error().code == Code::invalid);
  CHECK(desk.given.empty());
}

TEST_CASE("an address is armed as requests and handshakes name it") {
  Desk desk;
  desk.start(desk.desk.arm_http("2001:DB8::1", kToken, "answer"));
  desk.start(desk.desk.arm_http("192.0.2.7", kToken, "answer"));
  desk.start(desk.desk.arm_tls_alpn("192.0.2.7", "answer"));
  desk.confirm_all();
  CHECK(desk.now()->http("2001:db8::1", kToken) != nullptr);
  CHECK(desk.now()->http("192.0.2.7", kToken) != nullptr);
  CHECK(desk.now()->tls("7.2.0.192.in-addr.arpa") != nullptr);
}
