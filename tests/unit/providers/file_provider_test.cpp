#include "providers/file/provider.h"

#include <fcntl.h>
#include <unistd.h>

#include <functional>

#include "async/scope.h"
#include "async/timer.h"
#include "support/catch.h"
#include "support/run_task.h"
#include "unit/providers/file_place.h"

using namespace sluice;
using namespace sluice::providers::file;
using test::Place;
using test::router;

namespace {

class Recorder final : public control::FragmentSink {
 public:
  void publish(control::Fragment fragment) override {
    fragments.push_back(std::move(fragment));
    arrived.notify_all();
  }
  std::vector<control::Fragment> fragments;
  Signal arrived;
};

struct Step {
  std::function<void(FileProvider&)> act;
  bool publishes = true;  // or nothing must come for a while
};

constexpr Timing kTiming{.settle = 20ms, .longest = 200ms, .hold_empty = 600ms, .poll = 1h};

// Runs the provider, then each step, waiting for the fragment it causes. Gives the names of the routers in the first
// fragment and after each step.
Task<std::vector<std::string>> follow(config::FileProvider options, std::vector<Step> steps) {
  config::Report report;
  std::unique_ptr<FileProvider> provider = FileProvider::make(options, report, kTiming);
  Recorder recorder;
  Scope scope;
  scope.spawn(provider->run(recorder));
  steps.insert(steps.begin(), Step{[](FileProvider&) {}, true});
  std::vector<std::string> seen;
  std::size_t expected = 0;
  for (const Step& step : steps) {
    step.act(*provider);
    expected += step.publishes ? 1 : 0;
    const Deadline patience = Loop::current().now() + (step.publishes ? Duration(5s) : Duration(100ms));
    Status waited;
    while (waited && (recorder.fragments.size() < expected || !step.publishes)) {
      waited = co_await recorder.arrived.wait(patience);
    }
    CHECK(recorder.fragments.size() == expected);
    std::string names;
    for (const auto& [name, object] : recorder.fragments.back().configuration.http.routers) {
      names += (names.empty() ? "" : " ") + name;
    }
    seen.push_back(names);
  }
  scope.cancel(Error::of(Code::cancelled, "the test is over"));
  co_await scope.join();
  co_return seen;
}

using Seen = std::vector<std::string>;

Seen follow_directory(const Place& place, std::vector<Step> steps) {
  config::FileProvider options;
  options.directory = place.path();
  return test::run_task(follow(options, std::move(steps)));
}

Seen follow_file(const std::string& path, std::vector<Step> steps, bool watch = true) {
  config::FileProvider options;
  options.filename = path;
  options.watch = watch;
  return test::run_task(follow(options, std::move(steps)));
}

}  // namespace

TEST_CASE("the file provider wants a file or a directory") {
  config::Report report;
  CHECK(FileProvider::make({}, report) == nullptr);
  REQUIRE(report.size() == 1);
  CHECK(report[0].severity == config::Severity::error);
  config::FileProvider both;
  both.filename = "a";
  both.directory = "b";
  report.clear();
  CHECK(FileProvider::make(both, report) != nullptr);
  CHECK(report.size() == 1);
}

TEST_CASE("a directory is followed: files come, change, break, recover and go") {
  Place place;
  place.write("a.yml", router("a"));
  CHECK(follow_directory(place, {
                                    {[&](auto&) { place.write("b.yml", router("b")); }},
                                    {[&](auto&) { place.write("a.yml", router("c")); }},
                                    {[&](auto&) { place.write("b.yml", "http: ["); }},  // reported, content kept
                                    {[&](auto&) { place.write("b.yml", router("d")); }},
                                    {[&](auto&) { place.remove("a.yml"); }},
                                    {[&](auto&) { place.remove("b.yml"); }},
                                }) == Seen{"a", "a b", "b c", "b c", "c d", "d", ""});
}

TEST_CASE("a new sub-directory and what comes into it later are followed") {
  Place place;
  CHECK(follow_directory(place, {
                                    {[&](auto&) {
                                      place.make("team/one");
                                      place.write("team/one/a.yml", router("a"));
                                    }},
                                    {[&](auto&) { place.write("team/one/b.yml", router("b")); }},
                                    {[&](auto&) { place.rename("team", ".team"); }},
                                }) == Seen{"", "a", "a b", ""});
}

TEST_CASE("nothing is published when the content stays the same") {
  Place place;
  place.write("a.yml", router("a"));
  CHECK(follow_directory(place, {
                                    {[&](auto&) { place.write("a.yml", router("a")); }, false},
                                    {[&](auto&) { place.write("a.yml", router("a") + "# a comment\n"); }, false},
                                    {[&](auto&) { place.write("other.txt", "x"); }, false},
                                    {[&](auto&) { place.write("a.yml", router("b")); }},
                                }) == Seen{"a", "a", "a", "a", "b"});
}

TEST_CASE("a burst of changes is published once, when it is over") {
  Place place;
  place.write("a.yml", router("a"));
  CHECK(follow_directory(place, {
                                    {[&](auto&) {
                                      for (int i = 0; i < 50; ++i) {
                                        place.write("a.yml", router("r" + std::to_string(i)));
                                      }
                                    }},
                                    {[](auto&) {}, false},
                                }) == Seen{"a", "r49", "r49"});
}

TEST_CASE("editors that rename over, or rename away and write anew, are understood") {
  Place place;
  place.write("a.yml", router("a"));
  CHECK(follow_file(place / "a.yml", {
                                         {[&](auto&) {
                                           place.write("a.yml.tmp", router("b"));
                                           place.rename("a.yml.tmp", "a.yml");
                                         }},
                                         {[&](auto&) {
                                           place.rename("a.yml", "a.yml~");
                                           place.write("a.yml", router("c"));
                                           place.remove("a.yml~");
                                         }},
                                         {[](auto&) {}, false},
                                     }) == Seen{"a", "b", "c", "c"});
}

TEST_CASE("a writer that stalls never shows half of a file") {
  Place place;
  place.write("a.yml", router("a"));
  int fd = -1;
  CHECK(follow_file(place / "a.yml",
                    {
                        {[&](auto&) { fd = open((place / "a.yml").c_str(), O_WRONLY | O_TRUNC); }, false},
                        {[&](auto&) { CHECK(write(fd, "http:\n", 6) == 6); }, false},
                        {[&](auto&) {
                          const std::string rest = router("b").substr(6);
                          CHECK(write(fd, rest.data(), rest.size()) > 0);
                          close(fd);
                        }},
                    }) == Seen{"a", "a", "a", "b"});
}

TEST_CASE("a file that is emptied and soon written again never shows empty") {
  Place place;
  place.write("a.yml", router("a"));
  CHECK(follow_file(place / "a.yml", {
                                         {[&](auto&) { place.write("a.yml", ""); }, false},
                                         {[&](auto&) { place.write("a.yml", router("b")); }},
                                         {[&](auto&) { place.write("a.yml", ""); }},  // published after the hold
                                     }) == Seen{"a", "a", "b", ""});
}

TEST_CASE("swaps of a ConfigMap volume are followed") {
  Place place;
  const auto fill = [&place](int i) {
    const std::string now = "..v" + std::to_string(i);
    place.make(now);
    place.write(now + "/a.yml", router("r" + std::to_string(i)));
    place.link(now, "..data_tmp");
    place.rename("..data_tmp", "..data");
    if (i > 0) place.remove("..v" + std::to_string(i - 1));
  };
  fill(0);
  place.link("..data/a.yml", "a.yml");
  std::vector<Step> swaps;
  Seen expected{"r0"};
  for (int i = 1; i < 6; ++i) {
    swaps.push_back({[fill, i](auto&) { fill(i); }});
    expected.push_back("r" + std::to_string(i));
  }
  CHECK(follow_directory(place, swaps) == expected);
}

TEST_CASE("reread publishes although nothing changed, with watching and without") {
  Place place;
  place.write("a.yml", router("a"));
  CHECK(follow_file(place / "a.yml", {{[](FileProvider& provider) { provider.reread(); }}}) == Seen{"a", "a"});
  CHECK(follow_file(place / "a.yml",
                    {
                        {[&](auto&) { place.write("a.yml", router("b")); }, false},
                        {[](FileProvider& provider) { provider.reread(); }},
                    },
                    false) == Seen{"a", "a", "b"});
}

TEST_CASE("a file that does not exist yet is an empty configuration until it comes") {
  Place place;
  CHECK(follow_file(place / "conf/a.yml", {{[&](auto&) {
                      place.make("conf");
                      place.write("conf/a.yml", router("a"));
                    }}}) == Seen{"", "a"});
}
