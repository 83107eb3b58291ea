#include "net/resolver.h"

#include <atomic>

#include "support/catch.h"
#include "support/run_task.h"

using namespace sluice;
using namespace sluice::net;

namespace {

std::atomic<int> lookups;
std::atomic<bool> failing;

Result<Resolver::Addresses> fake_lookup(const std::string& host) {
  ++lookups;
  if (failing || host == "unknown") return Error::of(Code::not_found, "no such name", Origin::upstream);
  return Resolver::Addresses{*IpAddress::parse("10.0.0.1")};
}

Task<Result<Resolver::Addresses>> ask(Resolver& resolver, std::string_view host) {
  Result<Resolver::Addresses> answer = co_await resolver.resolve(host, kNoDeadline);
  co_return answer;
}

Task<void> ask_and_count(Resolver& resolver, int& answered) {
  Result<Resolver::Addresses> answer = co_await resolver.resolve("app", kNoDeadline);
  if (answer) ++answered;
}

Task<int> ask_many(Resolver& resolver) {
  Scope* current = co_await current_scope();
  Scope asking(current);
  int answered = 0;
  for (int i = 0; i < 20; ++i) asking.spawn(ask_and_count(resolver, answered));
  co_await asking.join();
  co_return answered;
}

}  // namespace

TEST_CASE("an address is its own answer and an unknown name an upstream error") {
  lookups = 0;
  failing = false;
  Loop loop;
  Scope scope;
  Resolver resolver(scope, fake_lookup);
  CHECK((*test::run_on(loop, ask(resolver, "::1")))[0].to_string() == "::1");
  CHECK(lookups == 0);
  Result<Resolver::Addresses> unknown = test::run_on(loop, ask(resolver, "unknown"));
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().code == Code::not_found);
  CHECK(unknown.error().nothing_sent);
}

TEST_CASE("questions for one name share a lookup and the answer is cached") {
  lookups = 0;
  failing = false;
  Loop loop;
  Scope scope;
  Resolver resolver(scope, fake_lookup);
  CHECK(test::run_on(loop, ask_many(resolver)) == 20);
  CHECK(test::run_on(loop, ask_many(resolver)) == 20);
  CHECK(lookups == 1);
}

TEST_CASE("the system's resolver knows localhost") {
  Result<Resolver::Addresses> found = Resolver::system_lookup("localhost");
  REQUIRE(found.ok());
  CHECK_FALSE(found->empty());
}
