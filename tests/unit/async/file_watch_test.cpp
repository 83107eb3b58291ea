#include "async/file_watch.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "support/catch.h"
#include "support/run_task.h"

using namespace sluice;
namespace fs = std::filesystem;

namespace {

class Place {
 public:
  Place() {
    char name[] = "/tmp/sluice-watch-XXXXXX";
    path_ = fs::canonical(mkdtemp(name)).string();
  }
  ~Place() { fs::remove_all(path_); }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }
  const std::string& path() const { return path_; }
  void write(std::string_view name, std::string_view text) const { std::ofstream(*this / name) << text; }
  void make(std::string_view name) const { fs::create_directories(*this / name); }
  void link(std::string_view target, std::string_view name) const { fs::create_symlink(target, *this / name); }
  void rename(std::string_view from, std::string_view to) const { fs::rename(*this / from, *this / to); }
  void remove(std::string_view name) const { fs::remove_all(*this / name); }

 private:
  std::string path_;
};

using Act = std::function<void()>;

// Whether each act in turn is noticed within `patience`, by events alone unless `poll` is short.
Task<std::vector<bool>> notices(std::vector<std::string> paths, std::vector<Act> acts, Duration poll,
                                Duration patience) {
  std::vector<bool> noticed;
  FileWatch watch(std::move(paths), poll);
  Status started = co_await watch.start();
  CHECK(started);
  for (const Act& act : acts) {
    act();
    Status changed = co_await watch.changed(Loop::current().now() + patience);
    noticed.push_back(changed.ok());
  }
  co_return noticed;
}

bool sees(const std::string& path, const Act& act) { return test::run_task(notices({path}, {act}, 1h, 5s)).front(); }
bool ignores(const std::string& path, const Act& act) {
  return !test::run_task(notices({path}, {act}, 1h, 50ms)).front();
}

}  // namespace

TEST_CASE("a watched file: written in place, renamed over, removed, made again") {
  Place place;
  place.write("a.yml", "1");
  place.write("b", "2");
  const std::string path = place / "a.yml";
  CHECK(sees(path, [&] { place.write("a.yml", "3"); }));
  CHECK(sees(path, [&] { place.rename("b", "a.yml"); }));
  CHECK(sees(path, [&] { place.remove("a.yml"); }));
  CHECK(sees(path, [&] { place.write("a.yml", "4"); }));
  CHECK(sees(path, [&] { fs::permissions(path, fs::perms::owner_read); }));
}

TEST_CASE("one watch sees change after change, also of files that were replaced") {
  Place place;
  place.write("a.yml", "1");
  const Act replace = [&] {
    place.write("tmp", "x");
    place.rename("tmp", "a.yml");
  };
  const Act rewrite = [&] { place.write("a.yml", "y"); };
  const std::vector<bool> noticed =
      test::run_task(notices({place / "a.yml"}, {replace, rewrite, replace, replace, rewrite, replace}, 1h, 5s));
  CHECK(std::all_of(noticed.begin(), noticed.end(), [](bool yes) { return yes; }));
}

TEST_CASE("a file counts when its writer closes it, not while it is half written") {
  Place place;
  place.write("a.yml", "all of it");
  int fd = -1;
  CHECK(ignores(place / "a.yml", [&] {
    fd = open((place / "a.yml").c_str(), O_WRONLY | O_TRUNC);
    CHECK(write(fd, "half", 4) == 4);
  }));
  CHECK(sees(place / "a.yml", [&] { close(fd); }));
  // The same for a file that is new in a watched directory.
  CHECK(ignores(place.path(), [&] {
    fd = open((place / "b.yml").c_str(), O_WRONLY | O_CREAT, 0600);
    CHECK(write(fd, "half", 4) == 4);
  }));
  CHECK(sees(place.path(), [&] { close(fd); }));
}

TEST_CASE("what happens beside a watched file is nobody's business") {
  Place place;
  place.make("sub");
  place.write("sub/a.yml", "1");
  CHECK(ignores(place / "sub/a.yml", [&] { place.write("sub/other.yml", "2"); }));
  CHECK(ignores(place / "sub/a.yml", [&] { place.write("elsewhere", "2"); }));
  CHECK(ignores(place / "sub/a.yml", [&] { std::ifstream(place / "sub/a.yml").get(); }));
}

TEST_CASE("a watched directory: files that come, change and go, at any depth") {
  Place place;
  place.make("conf/deep/deeper");
  place.write("conf/a.yml", "1");
  const std::string path = place / "conf";
  CHECK(sees(path, [&] { place.write("conf/a.yml", "2"); }));
  CHECK(sees(path, [&] { place.write("conf/b.yml", "2"); }));
  CHECK(sees(path, [&] { place.remove("conf/b.yml"); }));
  CHECK(sees(path, [&] { place.write("conf/deep/deeper/c.yml", "2"); }));
  CHECK(sees(path, [&] { fs::create_hard_link(place / "conf/a.yml", place / "conf/hard.yml"); }));
  CHECK(sees(path, [&] { place.rename("conf/deep", "conf/moved"); }));
}

TEST_CASE("a new sub-directory is watched before its files can be missed") {
  Place place;
  const std::vector<bool> noticed =
      test::run_task(notices({place.path()},
                             {[&] { place.make("new/newer"); }, [&] { place.write("new/newer/a.yml", "1"); },
                              [&] { place.write("new/newer/a.yml", "2"); }, [&] { place.remove("new"); }},
                             1h, 5s));
  CHECK(noticed == std::vector<bool>{true, true, true, true});
}

TEST_CASE("a directory may come later, vanish and come back") {
  Place place;
  const std::vector<bool> noticed = test::run_task(notices(
      {place / "not/yet"},
      {[&] { place.make("not"); }, [&] { place.make("not/yet"); }, [&] { place.write("not/yet/a.yml", "1"); },
       [&] { place.remove("not"); }, [&] { place.make("not/yet"); }, [&] { place.write("not/yet/a.yml", "2"); }},
      1h, 5s));
  CHECK(noticed == std::vector<bool>(6, true));
}

TEST_CASE("swaps of a ConfigMap volume are seen, one after another") {
  Place place;
  place.make("..1");
  place.write("..1/a.yml", "1");
  place.link("..1", "..data");
  place.link("..data/a.yml", "a.yml");
  std::vector<Act> swaps;
  for (int i = 2; i < 22; ++i) {
    swaps.push_back([&place, i] {
      const std::string now = ".." + std::to_string(i);
      place.make(now);
      place.write(now + "/a.yml", std::to_string(i));
      place.link(now, "..data_tmp");
      place.rename("..data_tmp", "..data");
      place.remove(".." + std::to_string(i - 1));
    });
  }
  SECTION("of the directory") {
    CHECK(test::run_task(notices({place.path()}, swaps, 1h, 5s)) == std::vector<bool>(20, true));
  }
  SECTION("of one file in it") {
    CHECK(test::run_task(notices({place / "a.yml"}, swaps, 1h, 5s)) == std::vector<bool>(20, true));
  }
}

TEST_CASE("a link whose target lives elsewhere: the target rewritten, the link re-pointed") {
  Place place;
  place.make("conf");
  place.make("store/one");
  place.make("store/two");
  place.write("store/one/a.yml", "1");
  place.write("store/two/a.yml", "2");
  place.link("../store/one/a.yml", "conf/a.yml");
  place.link(place / "store/one", "conf/tree");
  CHECK(sees(place / "conf", [&] { place.write("store/one/a.yml", "3"); }));
  CHECK(sees(place / "conf/a.yml", [&] { place.write("store/one/a.yml", "4"); }));
  CHECK(sees(place / "conf", [&] { place.write("store/one/new.yml", "4"); }));
  CHECK(sees(place / "conf/a.yml", [&] {
    place.remove("conf/a.yml");
    place.link(place / "store/two/a.yml", "conf/a.yml");
  }));
  CHECK(sees(place / "conf/a.yml", [&] { place.write("store/two/a.yml", "5"); }));
}

TEST_CASE("links that go round in circles end") {
  Place place;
  place.make("conf/sub");
  place.link("..", "conf/sub/up");
  place.link("self", "conf/self");
  place.link("b", "conf/a");
  place.link("a", "conf/b");
  CHECK(sees(place / "conf", [&] { place.write("conf/sub/a.yml", "1"); }));
  CHECK(sees(place / "conf/self", [&] { place.remove("conf/self"); }));
}

TEST_CASE("a change without an event is found by looking, once it has settled") {
  Place place;
  place.write("a.yml", "1");
  const int fd = open((place / "a.yml").c_str(), O_WRONLY);
  // No event: the writer does not close the file.
  const Act append = [&] { CHECK(write(fd, "more", 4) == 4); };
  CHECK(test::run_task(notices({place / "a.yml"}, {append, append}, 5ms, 5s)) == std::vector<bool>{true, true});
  CHECK(test::run_task(notices({place / "a.yml"}, {[] {}}, 5ms, 60ms)) == std::vector<bool>{false});
  close(fd);
}

TEST_CASE("a change whose event is lost, because there were too many of others, is found") {
  std::size_t queue = 0;
  std::ifstream("/proc/sys/fs/inotify/max_queued_events") >> queue;
  if (queue == 0 || queue > 1'000'000) {
    WARN("skipped: the kernel's queue is too long to be filled");
    return;
  }
  Place place;
  place.write("a.yml", "1");
  place.write("x", "");
  place.write("y", "");
  const std::string others[] = {place / "x", place / "y"};
  // Nobody reads the events meanwhile. Those of the others are nobody's business, and equal ones in a row are one.
  const Act flood = [&] {
    for (std::size_t i = 0; i <= queue; ++i) utimensat(AT_FDCWD, others[i % 2].c_str(), nullptr, 0);
  };
  CHECK(sees(place / "a.yml", [&] {
    flood();
    place.write("a.yml", "2");
  }));
  // It is the overflow that tells; fewer events of others are ignored.
  CHECK(ignores(place / "a.yml", [&] {
    for (int i = 0; i < 100; ++i) utimensat(AT_FDCWD, others[i % 2].c_str(), nullptr, 0);
  }));
}

TEST_CASE("a hundred changes are one") {
  Place place;
  const std::vector<bool> noticed = test::run_task(notices({place.path()},
                                                           {[&] {
                                                              for (int i = 0; i < 100; ++i) {
                                                                place.write("f" + std::to_string(i), "x");
                                                              }
                                                            },
                                                            [] {}},
                                                           1h, 100ms));
  CHECK(noticed == std::vector<bool>{true, false});
}

namespace {

Task<void> wait_for_change(FileWatch& watch, Signal& watching, Status& end) {
  Status started = co_await watch.start();
  CHECK(started);
  watching.notify_all();
  end = co_await watch.changed();
}

Task<bool> cancelled_watch(std::string path) {
  FileWatch watch({std::move(path)}, 1h);
  Signal watching;
  Status end;
  Scope scope;
  scope.spawn(wait_for_change(watch, watching, end));
  Status waited = co_await watching.wait();
  CHECK(waited);
  scope.cancel(Error::of(Code::cancelled, "enough"));
  co_await scope.join();
  co_return !end && end.error().code == Code::cancelled;
}

Task<bool> poked_watch(std::string path) {
  FileWatch watch({std::move(path)}, 1h);
  Status started = co_await watch.start();
  CHECK(started);
  watch.poke();
  Status changed = co_await watch.changed(Loop::current().now() + 5s);
  co_return changed.ok();
}

}  // namespace

TEST_CASE("waiting for a change can be cancelled") {
  Place place;
  CHECK(test::run_task(cancelled_watch(place.path())));
}

TEST_CASE("a poke is as good as a change") {
  Place place;
  CHECK(test::run_task(poked_watch(place.path())));
}

TEST_CASE("the rest between looks grows with the time they take, up to 10 s more") {
  CHECK(FileWatch::rest_after(1ms, 2s) == 2s);
  CHECK(FileWatch::rest_after(100ms, 2s) == 5s);
  CHECK(FileWatch::rest_after(1s, 2s) == 11s);
  CHECK(FileWatch::rest_after(30s, 2s) == 40s);
}
