#include "observe/log_format.h"

#include "support/catch.h"

using namespace sluice;
using namespace sluice::log;

namespace {

constexpr WallTime kNoon{std::chrono::nanoseconds(1767355445'987654321)};  // 2026-01-02T12:04:05.98Z

std::string common(Level level, std::string_view message, Fields fields = {}, bool color = false) {
  std::string line;
  append_common(line, kNoon, level, message, fields, color);
  return line;
}

std::string json(Level level, std::string_view message, Fields fields = {}) {
  std::string line;
  append_json(line, kNoon, level, message, fields);
  return line;
}

}  // namespace

TEST_CASE("a common line has time, three-letter level, message and fields") {
  CHECK(common(Level::error, "cannot reach the server", {{field::kService, "web@docker"}, {"attempts", 3}}) ==
        "2026-01-02T12:04:05Z ERR cannot reach the server serviceName=web@docker attempts=3");
  CHECK(common(Level::trace, "x") == "2026-01-02T12:04:05Z TRC x");
  CHECK(common(Level::debug, "x") == "2026-01-02T12:04:05Z DBG x");
  CHECK(common(Level::info, "x") == "2026-01-02T12:04:05Z INF x");
  CHECK(common(Level::warn, "x") == "2026-01-02T12:04:05Z WRN x");
  CHECK(common(Level::fatal, "x") == "2026-01-02T12:04:05Z FTL x");
  CHECK(common(Level::panic, "x") == "2026-01-02T12:04:05Z PNC x");
}

TEST_CASE("values that are not one plain word are quoted") {
  CHECK(common(Level::info, "m", {{"a", "two words"}}) == "2026-01-02T12:04:05Z INF m a=\"two words\"");
  CHECK(common(Level::info, "m", {{"a", ""}}) == "2026-01-02T12:04:05Z INF m a=\"\"");
  CHECK(common(Level::info, "m", {{"a", "say \"hi\\\""}}) == "2026-01-02T12:04:05Z INF m a=\"say \\\"hi\\\\\\\"\"");
  CHECK(common(Level::info, "m", {{"rule", "Host(`a`)"}}) == "2026-01-02T12:04:05Z INF m rule=Host(`a`)");
}

TEST_CASE("no text can start a line of its own or send escape codes to a terminal") {
  const std::string line =
      common(Level::info, "a\nb\x1b[2J", {{"f", "x\r\n2026-01-02T12:04:05Z ERR forged\x1b]0;t\x07"}});
  CHECK(line.find('\n') == std::string::npos);
  CHECK(line.find('\r') == std::string::npos);
  CHECK(line.find('\x1b') == std::string::npos);
  CHECK(line.find("x\\r\\n2026") != std::string::npos);
  const std::string object = json(Level::info, "a\nb\x1b", {{"f", "\"},\n{\"level\":\"x"}});
  CHECK(object ==
        R"({"level":"info","f":"\"},\n{\"level\":\"x","time":"2026-01-02T12:04:05Z","message":"a\nb\u001b"})");
}

TEST_CASE("fields keep their types in JSON") {
  CHECK(
      json(Level::warn, "m",
           {{"count", std::uint64_t{7}}, {"up", false}, {"took", Duration(1500ms)}, {"serviceName", "a"}}) ==
      R"({"level":"warn","count":7,"up":false,"took":"1.5s","serviceName":"a","time":"2026-01-02T12:04:05Z","message":"m"})");
}

TEST_CASE("an error says what failed, what the system said, and its code") {
  const Error error = Error::system(111, "connect", Origin::upstream);
  CHECK(common(Level::error, "m", {{field::kError, error}}) ==
        "2026-01-02T12:04:05Z ERR m error=\"connect: Connection refused (refused)\"");
}

TEST_CASE("JSON replaces bytes that are not UTF-8 and keeps those that are") {
  std::string out;
  append_json_string(out, "caf\xC3\xA9 \xFF\xC0\x80 \xED\xA0\x80 \xF0\x9F\x98\x80 \xE2\x82");
  CHECK(out == "\"caf\xC3\xA9 \\ufffd\\ufffd\\ufffd \\ufffd\\ufffd\\ufffd \xF0\x9F\x98\x80 \\ufffd\\ufffd\"");
}

TEST_CASE("colours are used only when asked for") {
  CHECK(common(Level::error, "m", {{"a", "b"}}).find('\x1b') == std::string::npos);
  CHECK(common(Level::error, "m", {{"a", "b"}}, true) ==
        "\x1b[90m2026-01-02T12:04:05Z\x1b[0m \x1b[1;31mERR\x1b[0m \x1b[1mm\x1b[0m \x1b[36ma=\x1b[0mb");
}
