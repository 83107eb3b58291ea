#include "http/h1/second_opinion.h"

#include <string>
#include <vector>

#include "h1_support.h"

using namespace sluice;
using namespace sluice::http;
using namespace sluice::http::h1;

namespace {

// What our tokenizer makes of `section`, and what llhttp says to that after `change`.
template <class Change>
bool agrees(const std::string& section, Change change) {
  Arena arena;
  FieldTokenizer tokenizer;
  tokenizer.start(0, arena, 100);
  REQUIRE(tokenizer.feed(section.data(), section.size()) == FieldTokenizer::State::done);
  std::vector<FieldTokenizer::Line> lines(tokenizer.lines().begin(), tokenizer.lines().end());
  change(lines);
  return llhttp_agrees(section, 0, lines);
}

}  // namespace

TEST_CASE("llhttp agrees with what we read and with nothing else") {
  const std::string section = "Host: a\r\nX-Empty:\r\nX:\t b \t\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n";
  CHECK(agrees(section, [](auto&) {}));
  CHECK(agrees("\r\n", [](auto&) {}));
  CHECK_FALSE(agrees(section, [](auto& lines) { lines.pop_back(); }));
  CHECK_FALSE(agrees(section, [](auto& lines) { lines.push_back(lines.back()); }));
  CHECK_FALSE(agrees(section, [](auto& lines) { --lines[0].name_size; }));
  CHECK_FALSE(agrees(section, [](auto& lines) { ++lines[2].value; }));
  CHECK_FALSE(agrees(section, [](auto& lines) { std::swap(lines[0], lines[1]); }));
}

TEST_CASE("llhttp refuses sections that end elsewhere or not at all") {
  CHECK_FALSE(llhttp_agrees("Host: a\r\n", 0, {}));
  CHECK_FALSE(llhttp_agrees("\r\nX", 0, {}));
  CHECK_FALSE(llhttp_agrees("Host: a\n\n", 0, {}));
}
