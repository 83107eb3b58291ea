#include "config/yaml.h"

#include "config/problem_codes.h"
#include "support/catch.h"

using namespace sluice::config;

namespace {

struct Parsed {
  std::optional<Node> root;
  Report report;
};

Parsed parse(std::string_view text) {
  Parsed parsed;
  parsed.root = parse_yaml(text, "test.yml", parsed.report);
  return parsed;
}

Node good(std::string_view text) {
  Parsed parsed = parse(text);
  INFO((parsed.report.empty() ? std::string() : to_line(parsed.report.front())));
  REQUIRE(parsed.root);
  REQUIRE(parsed.report.empty());
  return *parsed.root;
}

Problem bad(std::string_view text) {
  Parsed parsed = parse(text);
  REQUIRE_FALSE(parsed.root);
  REQUIRE(parsed.report.size() == 1);
  CHECK(parsed.report[0].severity == Severity::error);
  return parsed.report[0];
}

const Node& at(const Node& node, std::string_view key) {
  const Node* child = node.find(key);
  REQUIRE(child != nullptr);
  return *child;
}

}  // namespace

TEST_CASE("a YAML map keeps order, letters and positions") {
  const Node root = good("Zeta: 1\nalpha:\n  - one\n  - two\n");
  REQUIRE(root.children().size() == 2);
  CHECK(root.children()[0].key == "Zeta");
  CHECK(root.children()[0].source() == Source{"test.yml", 1, 1});
  const Node& list = at(root, "alpha");
  REQUIRE(list.is_list());
  REQUIRE(list.children().size() == 2);
  CHECK(list.children()[1].node.text() == "two");
  CHECK(list.children()[1].node.source() == Source{"test.yml", 4, 5});
}

TEST_CASE("an empty YAML text is null") {
  CHECK(good("").is_null());
  CHECK(good("# nothing but a comment\n").is_null());
  CHECK(good("---\n").is_null());
  CHECK(good("~").is_null());
}

TEST_CASE("plain YAML scalars have the kind go-yaml sees") {
  const auto kind = [](std::string_view text) { return good(text).scalar_kind(); };
  for (const char* text : {"true", "True", "TRUE", "false", "False", "FALSE"}) CHECK(kind(text) == ScalarKind::boolean);
  for (const char* text : {"0", "-7", "+7", "0x1F", "0o17", "017", "0b101", "1_000"}) {
    CHECK(kind(text) == ScalarKind::integer);
  }
  for (const char* text : {"1.5", "1e3", "-.5", ".inf", ".NaN", "1."}) CHECK(kind(text) == ScalarKind::real);
  // Words and times of YAML 1.1 are text, as in Go.
  for (const char* text :
       {"yes", "no", "on", "off", "y", "n", "12:30:45", "tRue", "0x", "1.2.3", "\"true\"", "'1'", "0o8", "_1", "1_"}) {
    CHECK(kind(text) == ScalarKind::text);
  }
  for (const char* text : {"~", "null", "Null", "NULL"}) CHECK(good(text).is_null());
  CHECK(good("\"null\"").text() == "null");
  CHECK(good("''").is_scalar());
}

TEST_CASE("YAML integers are read in all their notations") {
  CHECK(parse_yaml_integer("0x1F") == 31);
  CHECK(parse_yaml_integer("0o17") == 15);
  CHECK(parse_yaml_integer("017") == 15);
  CHECK(parse_yaml_integer("0b101") == 5);
  CHECK(parse_yaml_integer("-1_000") == -1000);
  CHECK(parse_yaml_integer("9223372036854775807") == INT64_MAX);
  CHECK(parse_yaml_integer("-9223372036854775808") == INT64_MIN);
  CHECK_FALSE(parse_yaml_integer("9223372036854775808"));
  CHECK_FALSE(parse_yaml_integer("-9223372036854775809"));
  CHECK_FALSE(parse_yaml_integer("99999999999999999999999"));
  CHECK_FALSE(parse_yaml_integer("08"));
  CHECK_FALSE(parse_yaml_integer(""));
  CHECK_FALSE(parse_yaml_integer("-"));
  CHECK_FALSE(parse_yaml_integer("0x"));
}

TEST_CASE("explicit YAML tags decide over the look of a scalar") {
  CHECK(good("!!str 123").scalar_kind() == ScalarKind::text);
  CHECK(good("!!int '3'").scalar_kind() == ScalarKind::integer);
  CHECK(good("!custom text").text() == "text");
  CHECK(bad("!!binary aGVsbG8=").code == code::kSyntax);
}

TEST_CASE("YAML anchors and aliases give equal values") {
  const Node root = good("a: &x {one: 1, two: [2, 3]}\nb: *x\n");
  CHECK(at(root, "a") == at(root, "b"));
}

TEST_CASE("an alias may stand before a later definition of the same anchor") {
  const Node root = good("a: &x 1\nb: *x\nc: &x 2\nd: *x\n");
  CHECK(at(root, "b").text() == "1");
  CHECK(at(root, "d").text() == "2");
}

TEST_CASE("YAML merge keys give way to written keys, and earlier ones win over later ones") {
  const Node one = good("base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\n");
  CHECK(at(at(one, "use"), "x").text() == "1");
  CHECK(at(at(one, "use"), "y").text() == "3");
  CHECK(at(at(one, "use"), "y").source().line == 4);
  CHECK(at(one, "use").children().size() == 2);

  const Node several = good("a: &a {x: 1}\nb: &b {x: 2, z: 9}\nuse:\n  k: v\n  <<: [*a, *b]\n");
  CHECK(at(at(several, "use"), "x").text() == "1");
  CHECK(at(at(several, "use"), "z").text() == "9");

  const Node inline_map = good("use: {<<: {x: 1}, y: 2}");
  CHECK(at(at(inline_map, "use"), "x").text() == "1");

  CHECK(good("'<<': 1").find("<<") != nullptr);  // quoted: a name like any other
  CHECK(bad("a: 1\n<<: 5\n").source.line == 2);
  CHECK(bad("<<: [1, 2]\n").code == code::kSyntax);
}

TEST_CASE("a YAML key written twice is an error that names both lines") {
  const Problem problem = bad("http:\n  routers:\n    web: {rule: a}\n    api: {rule: b}\n    web: {rule: c}\n");
  CHECK(problem.code == code::kDuplicate);
  CHECK(problem.source == Source{"test.yml", 5, 5});
  CHECK(problem.what.find("line 3") != std::string::npos);
  CHECK(problem.what.find("\"web\"") != std::string::npos);
}

TEST_CASE("YAML keys that differ in case are two keys") { CHECK(good("a: 1\nA: 2\n").children().size() == 2); }

TEST_CASE("YAML that is not well formed is an error with a position") {
  CHECK(bad("a: [1, 2\n").source.line >= 1);
  CHECK(bad("a: 1\n\tb: 2\n").source.line == 2);
  CHECK(bad("a: 1\n\tb: 2\n").fix.find("tabs") != std::string::npos);
  CHECK(bad("a: b: c\n").source == Source{"test.yml", 1, 5});
  CHECK(bad("a: @x\n").fix.find('@') != std::string::npos);
  CHECK(bad("a: *nowhere\n").what.find("nowhere") != std::string::npos);
  CHECK(bad("{[1]: 2}").code == code::kSyntax);
  CHECK(bad("{? {a: b} : 2}").code == code::kSyntax);
  bad(std::string_view("a: \0b", 5));
  bad("a: \xff\xfe\n");
}

TEST_CASE("only the first YAML document counts, and the others are reported") {
  const Parsed parsed = parse("a: 1\n---\na: 2\n");
  REQUIRE(parsed.root);
  CHECK(at(*parsed.root, "a").text() == "1");
  REQUIRE(parsed.report.size() == 1);
  CHECK(parsed.report[0].severity == Severity::warning);
  CHECK(parsed.report[0].source.line == 2);
}

TEST_CASE("YAML nested deeper than 64 levels is refused") {
  CHECK(good(std::string(64, '[') + std::string(64, ']')).is_list());
  CHECK(bad(std::string(70, '[') + std::string(70, ']')).what.find("64") != std::string::npos);
  bad(std::string(100'000, '['));
  std::string blocks;
  for (int i = 0; i < 200; ++i) blocks += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  bad(blocks);
}

TEST_CASE("aliases that multiply are refused before they take memory") {
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string below = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) bomb += (j == 0 ? "" : ",") + below;
    bomb += "]\n";
  }
  CHECK(bad(bomb).what.find("expand") != std::string::npos);

  std::string long_text = "a: &a \"" + std::string(1 << 20, 'x') + "\"\nb:\n";
  for (int i = 0; i < 100; ++i) long_text += "- *a\n";
  CHECK(bad(long_text).what.find("expand") != std::string::npos);

  std::string merges = "m0: &m0 {k0: v}\n";
  for (int i = 1; i < 3000; ++i) {
    const std::string n = std::to_string(i);
    merges += "m" + n + ": &m" + n + " {<<: *m" + std::to_string(i - 1) + ", k" + n + ": v}\n";
  }
  bad(merges);
}

TEST_CASE("an alias inside its own anchor is refused") {
  CHECK(bad("a: &a [*a]\n").what.find("itself") != std::string::npos);
  CHECK(bad("a: &a {b: {<<: *a}}\n").what.find("itself") != std::string::npos);
}

TEST_CASE("JSON is read as YAML") {
  const Node root = good(R"json({"http": {"routers": {"web": {"rule": "Host(`a`)", "priority": 5, "tls": {}}}}})json");
  const Node& web = at(at(at(root, "http"), "routers"), "web");
  CHECK(at(web, "priority").scalar_kind() == ScalarKind::integer);
  CHECK(at(web, "tls").is_map());
}

TEST_CASE("a byte order mark and CRLF line ends are accepted") {
  const Node root = good("\xef\xbb\xbf{a: 1,\r\nb: 2}\r\n");
  CHECK(at(root, "b").text() == "2");
}

TEST_CASE("YAML block texts keep their line ends as their header says") {
  CHECK(at(good("a: |\n  one\n  two\n"), "a").text() == "one\ntwo\n");
  CHECK(at(good("a: >-\n  one\n  two\n"), "a").text() == "one two");
}
