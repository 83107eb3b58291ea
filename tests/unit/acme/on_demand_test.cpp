#include "acme/on_demand.h"

#include <algorithm>
#include <atomic>
#include <mutex>

#include "support/catch.h"
#include "support/run_task.h"
#include "support/scripted_server.h"

using namespace sluice;
using namespace sluice::acme;
using test::ScriptedServer;

namespace {

using Answer = OnDemand::Verdict::Answer;

IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }

// A service of the user's that allows good….x alone, and fails for broken.x.
class Service {
 public:
  Service() : server_([this](const auto& request, auto& reply) { serve(request, reply); }, ScriptedServer::At::tcp) {}

  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_.port()) + "/ask"; }
  std::atomic<int> asked{0};
  std::atomic<int> no{404};
  std::string last_path() {
    std::lock_guard<std::mutex> lock(mutex_);
    return path_;
  }
  std::string last_credentials() {
    std::lock_guard<std::mutex> lock(mutex_);
    return credentials_;
  }

 private:
  void serve(const ScriptedServer::Request& request, ScriptedServer::Connection& reply) {
    ++asked;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      path_ = request.path;
      credentials_ = request.header("Authorization");
    }
    const bool good = request.path.find("domain=good") != std::string::npos;
    const int refusal = request.path.find("domain=broken.x") != std::string::npos ? 503 : no.load();
    reply.reply(good ? 200 : refusal, "");
  }
  std::mutex mutex_;
  std::string path_;
  std::string credentials_;
  ScriptedServer server_;
};

struct Deciding {
  explicit Deciding(config::OnDemand settings, Loop::ClockKind clock = Loop::ClockKind::monotonic)
      : loop(clock), on_demand(settings, http) {}
  Answer decide(std::string name, std::string_view client = "192.0.2.1") {
    return test::run_on(loop, on_demand.decide(std::move(name), ip(client))).answer;
  }

  Loop loop;
  rest::Client http{"test/1"};
  OnDemand on_demand;
};

Task<void> decide_into(OnDemand& on_demand, std::string name, Answer& answer) {
  OnDemand::Verdict verdict = co_await on_demand.decide(std::move(name), ip("192.0.2.1"));
  answer = verdict.answer;
}

// About one name, or about as many as there are answers.
Task<Status> decide_at_once(OnDemand& on_demand, std::vector<Answer>& answers, bool one_name) {
  Scope* current = co_await current_scope();
  Scope side_by_side(current);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    side_by_side.spawn(decide_into(on_demand, "good" + std::to_string(one_name ? 0 : i) + ".x", answers[i]));
  }
  co_await side_by_side.join();
  co_return Status();
}

}  // namespace

TEST_CASE("names that are listed are allowed, others are not") {
  Deciding deciding({{"*.shops.x", "One.Y."}, "", 60, 60});
  CHECK(deciding.decide("a.shops.x") == Answer::yes);
  CHECK(deciding.decide("one.y") == Answer::yes);
  CHECK(deciding.decide("shops.x") == Answer::no);
  CHECK(deciding.decide("a.b.shops.x") == Answer::no);
  CHECK(deciding.decide("two.y") == Answer::no);
  CHECK(deciding.on_demand.refuses("two.y"));
}

TEST_CASE("the service is asked with the name and the client, and a no is kept for a while") {
  Service service;
  Deciding deciding({{}, service.url(), 60, 60});
  CHECK(deciding.decide("good.x", "2001:db8::1") == Answer::yes);
  CHECK(service.last_path() == "/ask?domain=good.x&client=2001%3Adb8%3A%3A1");
  CHECK(deciding.decide("bad.x") == Answer::no);
  CHECK(deciding.decide("bad.x") == Answer::no);
  CHECK(service.asked == 2);
  CHECK(deciding.decide("broken.x") == Answer::unknown);
  CHECK(deciding.decide("broken.x") == Answer::unknown);
  CHECK(service.asked == 4);
}

TEST_CASE("a service's URL may have a query and a user of its own") {
  Service service;
  std::string url = service.url() + "?key=1";
  Deciding deciding({{}, url.insert(url.find("127"), "us%65r@"), 60, 60});
  CHECK(deciding.decide("good.x") == Answer::yes);
  CHECK(service.last_path() == "/ask?key=1&domain=good.x&client=192.0.2.1");
  CHECK(service.last_credentials() == "Basic dXNlcjo=");
}

TEST_CASE("a service that refuses the question has not refused the name") {
  Service service;
  Deciding deciding({{}, service.url(), 60, 60});
  for (int status : {400, 401, 407, 408, 425, 429, 302, 500}) {
    service.no = status;
    CHECK(deciding.decide("a" + std::to_string(status) + ".x") == Answer::unknown);
  }
  for (int status : {403, 404, 410, 451}) {
    service.no = status;
    CHECK(deciding.decide("a" + std::to_string(status) + ".x") == Answer::no);
  }
}

TEST_CASE("both rules must allow a name") {
  Service service;
  Deciding deciding({{"*.x"}, service.url(), 60, 60});
  CHECK(deciding.decide("good.x") == Answer::yes);
  CHECK(deciding.decide("bad.x") == Answer::no);
  CHECK(deciding.decide("good.y") == Answer::no);
  CHECK(service.asked == 2);
}

TEST_CASE("many questions about one name are one") {
  Service service;
  Deciding deciding({{}, service.url(), 60, 60});
  std::vector<Answer> answers(20, Answer::no);
  Status done = test::run_on(deciding.loop, decide_at_once(deciding.on_demand, answers, true));
  CHECK(done);
  CHECK(answers == std::vector<Answer>(20, Answer::yes));
  CHECK(service.asked == 1);
}

TEST_CASE("a client brings up so many names an hour, whichever of its addresses it uses") {
  Service service;
  Deciding deciding({{}, service.url(), 60, 2});
  CHECK(deciding.decide("b1.x", "2001:db8::1") == Answer::no);
  CHECK(deciding.decide("b2.x", "2001:db8::2") == Answer::no);
  CHECK(deciding.decide("good.x", "2001:db8::3") == Answer::no);
  CHECK(service.asked == 2);
  CHECK(deciding.decide("good.x", "2001:db8:1::3") == Answer::yes);
}

TEST_CASE("all clients together get so many new names an hour") {
  Deciding deciding({{"*.x"}, "", 2, 60});
  CHECK(deciding.decide("a.x") == Answer::yes);
  CHECK(deciding.decide("b.x", "192.0.2.2") == Answer::yes);
  CHECK(deciding.decide("c.x", "192.0.2.3") == Answer::full);
}

TEST_CASE("names that are asked about at the same time do not pass the limit together") {
  Service service;
  Deciding deciding({{}, service.url(), 2, 60});
  std::vector<Answer> answers(20, Answer::no);
  Status done = test::run_on(deciding.loop, decide_at_once(deciding.on_demand, answers, false));
  CHECK(done);
  CHECK(std::count(answers.begin(), answers.end(), Answer::yes) == 2);
  CHECK(service.asked == 20);
}

TEST_CASE("whether a name may keep its certificate is asked without limits") {
  Service service;
  Deciding deciding({{}, service.url(), 0, 0});
  CHECK(test::run_on(deciding.loop, deciding.on_demand.decide_again("good.x")).answer == Answer::yes);
  CHECK(test::run_on(deciding.loop, deciding.on_demand.decide_again("bad.x")).answer == Answer::no);
  CHECK(test::run_on(deciding.loop, deciding.on_demand.decide_again("broken.x")).answer == Answer::unknown);
  CHECK(service.last_path() == "/ask?domain=broken.x");
}

TEST_CASE("a name with a certificate is refused for good when its service has said no for a day") {
  Service service;
  Deciding deciding({{}, service.url(), 60, 60}, Loop::ClockKind::manual);
  const auto again = [&] { return test::run_on(deciding.loop, deciding.on_demand.decide_again("a.x")); };
  CHECK(again().answer == Answer::no);
  CHECK_FALSE(again().for_good);
  deciding.loop.advance(23h);
  CHECK_FALSE(again().for_good);
  service.no = 500;
  CHECK(again().answer == Answer::unknown);
  service.no = 404;
  deciding.loop.advance(2h);
  CHECK_FALSE(again().for_good);  // it was not always a no
  deciding.loop.advance(24h);
  CHECK(again().for_good);
}

TEST_CASE("a name with a certificate that the configuration does not allow any more is refused for good at once") {
  Deciding deciding({{"*.y"}, "", 60, 60});
  CHECK(test::run_on(deciding.loop, deciding.on_demand.decide_again("a.x")).for_good);
}

TEST_CASE("however many clients come, none of them locks another out") {
  const std::size_t many = OnDemand::kMostRemembered;
  Deciding deciding({{"*.x"}, "", 1'000'000, 1});
  const auto client = [](std::size_t i) { return "10.0." + std::to_string(i / 256) + '.' + std::to_string(i % 256); };
  std::size_t allowed = 0;
  for (std::size_t i = 0; i <= many; ++i) {
    if (deciding.decide('n' + std::to_string(i) + ".x", client(i)) == Answer::yes) ++allowed;
  }
  CHECK(allowed == many + 1);
  // Who came first is forgotten, and only that one.
  CHECK(deciding.decide("again.x", client(1)) == Answer::no);
  CHECK(deciding.decide("again.x", client(many)) == Answer::no);
  CHECK(deciding.decide("again.x", client(0)) == Answer::yes);
}

TEST_CASE("an hour later names and clients count anew") {
  Deciding deciding({{"*.x"}, "", 2, 1}, Loop::ClockKind::manual);
  CHECK(deciding.decide("a.x") == Answer::yes);
  CHECK(deciding.decide("b.x") == Answer::no);
  CHECK(deciding.decide("b.x", "192.0.2.2") == Answer::yes);
  deciding.loop.advance(59min);
  CHECK(deciding.decide("c.x", "192.0.2.3") == Answer::full);
  deciding.loop.advance(1min);
  CHECK(deciding.decide("c.x", "192.0.2.3") == Answer::yes);
  CHECK(deciding.decide("d.x") == Answer::yes);
}

TEST_CASE("a refusal is known for a minute") {
  Service service;
  Deciding asking({{}, service.url(), 60, 60}, Loop::ClockKind::manual);
  CHECK_FALSE(asking.on_demand.refuses("bad.x"));
  CHECK(asking.decide("bad.x") == Answer::no);
  CHECK(asking.on_demand.refuses("bad.x"));
  asking.loop.advance(59s);
  CHECK(asking.decide("bad.x") == Answer::no);
  CHECK(service.asked == 1);
  asking.loop.advance(1s);
  CHECK_FALSE(asking.on_demand.refuses("bad.x"));
  CHECK(asking.decide("bad.x") == Answer::no);
  CHECK(service.asked == 2);
}
