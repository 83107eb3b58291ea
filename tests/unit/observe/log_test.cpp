#include "observe/log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "observe/line_writer.h"
#include "support/catch.h"

using namespace sluice;

namespace {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    char name[] = "/tmp/sluice-log-XXXXXX";
    path_ = mkdtemp(name);
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

std::string content(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::size_t lines(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

log::Settings to_file(const std::string& path) {
  log::Settings settings;
  settings.file_path = path;
  settings.format = log::Format::json;
  settings.level = log::Level::info;
  return settings;
}

}  // namespace

TEST_CASE("level names are read in any case, as Traefik writes them") {
  CHECK(log::parse_level("TRACE") == log::Level::trace);
  CHECK(log::parse_level("Warning") == log::Level::warn);
  CHECK(log::parse_level("WARN") == log::Level::warn);
  CHECK(log::parse_level("panic") == log::Level::panic);
  CHECK_FALSE(log::parse_level("loud").has_value());
  CHECK_FALSE(log::parse_level("").has_value());
}

TEST_CASE("lines below the level are not written, the others are") {
  TemporaryDirectory directory;
  REQUIRE(log::open(to_file(directory / "out.log")));
  log::debug("too quiet");
  log::info("heard", {{"n", 1}});
  log::set_level(log::Level::error);
  log::warn("now too quiet");
  log::error("heard too");
  log::close();
  const std::string text = content(directory / "out.log");
  CHECK(lines(text) == 2);
  CHECK(text.find("\"n\":1") != std::string::npos);
  CHECK(text.find("heard too") != std::string::npos);
}

TEST_CASE("after reopen, lines go to a new file of the same name") {
  TemporaryDirectory directory;
  REQUIRE(log::open(to_file(directory / "out.log")));
  log::info("before");
  log::flush();
  std::filesystem::rename(directory / "out.log", directory / "out.log.1");
  log::info("still the old file");
  log::flush();
  log::reopen();
  log::info("after");
  log::close();
  CHECK(lines(content(directory / "out.log.1")) == 2);
  CHECK(lines(content(directory / "out.log")) == 1);
  CHECK(content(directory / "out.log").find("after") != std::string::npos);
}

TEST_CASE("a file that cannot be opened is an error and logging goes on") {
  CHECK_FALSE(log::open(to_file("/proc/no/such/place.log")));
  log::close();
}

TEST_CASE("lines of many threads are whole and none is lost") {
  TemporaryDirectory directory;
  REQUIRE(log::open(to_file(directory / "out.log")));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < 500; ++i) log::info("line", {{"thread", t}, {"i", i}});
    });
  }
  for (std::thread& thread : threads) thread.join();
  log::close();
  std::istringstream text(content(directory / "out.log"));
  std::size_t count = 0;
  for (std::string line; std::getline(text, line); ++count) {
    CHECK((line.starts_with("{\"level\":\"info\",\"thread\":") && line.ends_with("\"message\":\"line\"}")));
  }
  CHECK(count == 2000);
}

TEST_CASE("a writer whose buffer is full drops lines and counts them, and never blocks") {
  TemporaryDirectory directory;
  // A pipe nobody reads: the writer thread gets stuck on it.
  REQUIRE(mkfifo((directory / "pipe").c_str(), 0600) == 0);
  const int reader = ::open((directory / "pipe").c_str(), O_RDONLY | O_NONBLOCK);
  REQUIRE(reader >= 0);
  {
    observe::LineWriter::Options options;
    options.path = directory / "pipe";
    options.buffer = 200'000;
    Result<std::unique_ptr<observe::LineWriter>> writer = observe::LineWriter::open(options);
    REQUIRE(writer);
    const std::string line(1000, 'x');
    for (int i = 0; i < 1000; ++i) (*writer)->post(line);
    CHECK((*writer)->take_dropped() > 0);
    CHECK((*writer)->take_dropped() == 0);
    ::close(reader);  // the writer thread gets EPIPE and can end
  }
}

TEST_CASE("a file beyond its size is rotated and old ones are forgotten") {
  TemporaryDirectory directory;
  {
    observe::LineWriter::Options options;
    options.path = directory / "out.log";
    options.rotate_at = 1000;
    options.backups = 2;
    Result<std::unique_ptr<observe::LineWriter>> writer = observe::LineWriter::open(options);
    REQUIRE(writer);
    for (int i = 0; i < 40; ++i) {
      (*writer)->post(std::string(99, 'x'));
      REQUIRE((*writer)->flush(5s));
    }
  }
  CHECK(std::filesystem::exists(directory / "out.log"));
  CHECK(std::filesystem::exists(directory / "out.1.log"));
  CHECK(std::filesystem::exists(directory / "out.2.log"));
  CHECK_FALSE(std::filesystem::exists(directory / "out.3.log"));
  CHECK(std::filesystem::file_size(directory / "out.1.log") <= 1000);
}

TEST_CASE("rotated files are removed when they are too old") {
  TemporaryDirectory directory;
  observe::LineWriter::Options options;
  options.path = directory / "out.log";
  options.rotate_at = 1000;
  options.backups = 3;
  options.max_age = 48h;
  for (const char* name : {"out.1.log", "out.2.log", "other.1.log"}) std::ofstream(directory / name) << "old";
  const auto old = std::filesystem::file_time_type::clock::now() - std::chrono::hours(72);
  std::filesystem::last_write_time(directory / "out.2.log", old);
  std::filesystem::last_write_time(directory / "other.1.log", old);
  Result<std::unique_ptr<observe::LineWriter>> writer = observe::LineWriter::open(options);
  REQUIRE(writer);
  (*writer)->post("x");
  REQUIRE((*writer)->flush(5s));
  CHECK(std::filesystem::exists(directory / "out.1.log"));
  CHECK_FALSE(std::filesystem::exists(directory / "out.2.log"));
  CHECK(std::filesystem::exists(directory / "other.1.log"));
}
