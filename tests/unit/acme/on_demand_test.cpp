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
  std::string last_path() {
    std::lock_guard<std::mutex> lock(mutex_);
    return path_;
  }

 private:
  void serve(const ScriptedServer::Request& request, ScriptedServer::Connection& reply) {
    ++asked;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      path_ = request.path;
    }
    const bool good = request.path.find("domain=good") != std::string::npos;
    reply.reply(good ? 200 : request.path.find("domain=broken.x") != std::string::npos ? 503 : 404, "");
  }
  std::mutex mutex_;
  std::string path_;
  ScriptedServer server_;
};

struct Deciding {
  explicit Deciding(config::OnDemand settings) : on_demand(settings, http) {}
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
  CHECK(deciding.decide("c.x", "192.0.2.3") == Answer::no);
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
