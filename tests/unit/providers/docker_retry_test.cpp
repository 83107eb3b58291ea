#include "providers/docker/retry.h"

#include "async/loop.h"
#include "support/catch.h"

using namespace sluice;
using namespace sluice::providers::docker;

namespace {

struct RetryTest {
  Timing timing;
  rest::Server server{.origin = "http://engine:2375"};
  Retry retry{"docker", server, timing};
  // The pause after a connection that lasted for so long, at least.
  bool begins_anew(bool good, Duration lasted, Code code = Code::closed) {
    return retry.after(Error::of(code, "it ended"), good, lasted) <= timing.first_retry;
  }
};

}  // namespace

TEST_CASE("pauses grow while nothing works, and begin anew after a connection that was good for a while") {
  Loop loop(Loop::ClockKind::manual);
  RetryTest test;
  CHECK(test.begins_anew(false, 0s));
  for (int i = 0; i < 4; ++i) CHECK_FALSE(test.begins_anew(false, 0s));
  CHECK_FALSE(test.begins_anew(false, 1h));
  CHECK_FALSE(test.begins_anew(true, 1s));
  // As behind a proxy that ends silent streams after ten seconds: no container is to be missed for as long.
  for (int i = 0; i < 10; ++i) CHECK(test.begins_anew(true, 10s));
}

TEST_CASE("no pause is longer than ten seconds, and one at a socket no longer than one") {
  Loop loop(Loop::ClockKind::manual);
  RetryTest test;
  Duration longest{0};
  for (int i = 0; i < 20; ++i) longest = test.retry.after(Error::of(Code::refused, "no"), false, 0s);
  CHECK(longest <= 10s);
  CHECK(longest > 5s);
  rest::Server local;
  local.unix_socket = "/run/docker.sock";
  Retry near("docker", local, test.timing);
  for (int i = 0; i < 20; ++i) longest = near.after(Error::of(Code::refused, "no"), false, 0s);
  CHECK(longest <= 1s);
}
