#include "acme/provider.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "acme/state.h"
#include "control/armed_challenges.h"
#include "support/catch.h"
#include "support/run_task.h"

using namespace sluice;
using namespace sluice::acme;

namespace {

// One resolver that has an open order, from its configuration to its files.
class OneResolver final : control::ArmedChallenges::Workers, control::FragmentSink {
 public:
  OneResolver() {
    char path[] = "/tmp/sluice-provider-XXXXXX";
    REQUIRE(mkdtemp(path) != nullptr);
    folder_ = path;
    ResolverState state;
    state.orders["a.test"] = {"https://ca/dir", "https://ca/order/1", "key"};
    std::ofstream(state_path()) << write_state(state);
    config::EntryPoint web;
    web.address = ":80";
    configuration_.entry_points["web"] = web;
    config::Acme& acme = configuration_.certificates_resolvers["le"].acme.emplace();
    acme.storage = folder_ + "/acme.json";
    acme.http_challenge.emplace().entry_point = "web";
    provider.attach(desk_);
  }
  ~OneResolver() {
    scope_.cancel(Error::of(Code::cancelled, "the test ends"));
    while (scope_.running() > 0) loop.run_once();
    std::filesystem::remove_all(folder_);
  }

  ResolverState written() const {
    std::ostringstream text;
    text << std::ifstream(state_path()).rdbuf();
    return read_state(text.str());
  }
  // Until everything has been read.
  void start() {
    scope_.spawn(provider.run(*this));
    while (!published_) loop.run_once();
  }

  Loop loop;

 private:
  std::string state_path() const { return folder_ + "/acme.json.le.state"; }
  void give_all(const server::Order&) override {}
  void publish(control::Fragment) override { published_ = true; }

  std::string folder_;
  Scope scope_;
  control::ArmedChallenges desk_{0, *this, scope_};
  config::Static configuration_;
  rest::Client http_{"test/1"};
  observe::Metrics metrics_;
  bool published_ = false;

 public:
  AcmeProvider provider{configuration_, {}, http_, metrics_};
};

}  // namespace

TEST_CASE("what is stored is neither acted upon nor replaced before it was read") {
  OneResolver one;
  const ResolverState before = one.written();
  REQUIRE(before.orders.size() == 1);
  const auto asked = [&](Task<std::string> task) { return test::run_on(one.loop, std::move(task)); };
  const std::string wrong = asked(one.provider.hold("", true));
  CHECK(wrong.find("still being read") != std::string::npos);
  CHECK(asked(one.provider.revoke("a.test", 1)) == wrong);
  CHECK(asked(one.provider.change_account("le", control::CertificateDesk::AccountChange::roll_key)) == wrong);
  const config::Node tried = test::run_on(one.loop, one.provider.dry_run("a.test", "https://other/dir"));
  REQUIRE(tried.find("problem") != nullptr);
  CHECK(tried.find("problem")->text() == wrong);
  CHECK_FALSE(test::run_on(one.loop, one.provider.demanded("a.test", *IpAddress::parse("192.0.2.1"))));
  CHECK(one.written() == before);

  one.start();
  CHECK(asked(one.provider.hold("", true)).empty());
  CHECK(one.written().orders == before.orders);
  CHECK(one.written().held.size() == 1);
}
