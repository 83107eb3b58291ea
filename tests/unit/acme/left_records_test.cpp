#include "acme/left_records.h"

#include "support/catch.h"
#include "support/run_task.h"

using namespace sluice;
using namespace sluice::acme;

namespace {

// A DNS provider that lets no record be removed.
struct Stubborn final : Challenger {
  Task<Step> arm(std::string, std::string, std::string, std::string) override { co_return Done{}; }
  Task<Step> disarm(std::string type, std::string name, std::string, std::string) override {
    asked.push_back(type + ' ' + name);
    co_return Failure::local("it stays");
  }
  Task<Step> find_record(std::string, std::vector<std::string>, std::string, bool) override { co_return Done{}; }

  std::vector<std::string> asked;
};

}  // namespace

TEST_CASE("a record that was left in the DNS is removed at once, or else every hour") {
  Loop loop(Loop::ClockKind::manual);
  ResolverState state;
  StateFile file("/nowhere/state");
  Stubborn provider;
  LeftRecords records("le", state, file, &provider);
  Scope scope;
  scope.spawn(records.run());
  loop.run_ready();
  CHECK(provider.asked.empty());

  records.leave({"a.test", "token", "proof"});
  loop.run_ready();
  CHECK(provider.asked == std::vector<std::string>{"dns-01 a.test"});

  loop.advance(30min);
  loop.run_ready();
  records.leave({"b.test", "token", "proof"});
  loop.run_ready();
  CHECK(provider.asked == std::vector<std::string>{"dns-01 a.test", "dns-01 b.test"});

  loop.advance(LeftRecords::kPause - 30min);
  loop.run_ready();
  CHECK(provider.asked == std::vector<std::string>{"dns-01 a.test", "dns-01 b.test", "dns-01 a.test"});

  scope.cancel(Error::of(Code::cancelled, "the test ends"));
  loop.run_ready();
  CHECK(scope.running() == 0);
}
