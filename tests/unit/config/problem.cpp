#include "config/problem.h"

#include "config/scalars.h"
#include "config/tree.h"
#include "support/catch.h"

using namespace sluice::config;

TEST_CASE("a problem is one line: code, where, what, effect, fix") {
  const Problem problem{Severity::error, "SLU-C002",       "rule: \"x\" is wrong",
                        {"a.yml", 3, 7}, "it is left out", "write y"};
  CHECK(to_line(problem) == "SLU-C002 a.yml:3:7: rule: \"x\" is wrong; effect: it is left out; fix: write y");
  CHECK(to_line(Problem{Severity::warning, "", "odd", {}, "", ""}) == "odd");
  CHECK(to_string(Source{"flag --x"}) == "flag --x");
}

TEST_CASE("a problem line cannot forge another line") {
  const Problem problem{Severity::error, "X", "a\nb\x1b[31m", {"c\r\nd"}, "", ""};
  const std::string line = to_line(problem);
  CHECK(line.find('\n') == std::string::npos);
  CHECK(line.find('\x1b') == std::string::npos);
}

TEST_CASE("only errors are errors") {
  Report report{{Severity::warning, "", "", {}, "", ""}, {Severity::info, "", "", {}, "", ""}};
  CHECK_FALSE(has_errors(report));
  report.push_back({});
  CHECK(has_errors(report));
}

TEST_CASE("numbers are read as Go reads them") {
  CHECK(parse_integer("+5") == 5);
  CHECK(parse_integer("-5") == -5);
  for (const char* text : {"", "+", "-", "+-5", "5 ", " 5", "0x5", "1_0", "9223372036854775808"}) {
    INFO(text);
    CHECK_FALSE(parse_integer(text));
  }
  CHECK(parse_number("1e3") == 1000);
  CHECK(parse_number("+.5") == 0.5);
  for (const char* text : {"", "inf", "nan", "1e999", "1.5x", "+-1", "0x1p3"}) {
    INFO(text);
    CHECK_FALSE(parse_number(text));
  }
  CHECK(format_number(0.1) == "0.1");
  CHECK(format_number(5) == "5");
}

TEST_CASE("trees compare content, not places") {
  Node a = Node::map();
  a.at(std::make_shared<const std::string>("a"), 1, 1);
  a.add("k", Node::scalar("v")).at(nullptr, 3, 4);
  Node b = Node::map();
  b.add("k", Node::scalar("v"));
  CHECK(a == b);
  b.add("l", Node());
  CHECK_FALSE(a == b);
  CHECK(a.find("K") == nullptr);
  CHECK(a.find_ignoring_case("K")->text() == "v");
}
