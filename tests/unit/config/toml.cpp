#include "config/toml.h"

#include "config/problem_codes.h"
#include "support/catch.h"

using namespace sluice::config;

TEST_CASE("TOML tables, arrays and values become a tree with positions") {
  Report report;
  const std::optional<Node> root = parse_toml(
      "[http.routers.web]\nrule = \"Host(`a`)\"\npriority = 5\nentryPoints = [\"web\", \"other\"]\n"
      "[[tls.certificates]]\ncertFile = \"a\"\n[[tls.certificates]]\ncertFile = \"b\"\n",
      "test.toml", report);
  REQUIRE(root);
  CHECK(report.empty());
  const Node* web = root->find("http")->find("routers")->find("web");
  REQUIRE(web != nullptr);
  CHECK(web->find("rule")->text() == "Host(`a`)");
  CHECK(web->find("rule")->source() == Source{"test.toml", 2, 8});
  CHECK(web->find("priority")->scalar_kind() == ScalarKind::integer);
  CHECK(web->find("entryPoints")->children().size() == 2);
  const Node* certificates = root->find("tls")->find("certificates");
  REQUIRE(certificates->is_list());
  CHECK(certificates->children()[1].node.find("certFile")->text() == "b");
  for (const Node::Entry& entry : web->children()) {
    if (entry.key == "priority") CHECK(entry.source() == Source{"test.toml", 3, 1});
  }
}

TEST_CASE("TOML values of every type have a text") {
  Report report;
  const std::optional<Node> root =
      parse_toml("a = true\nb = 1.5\nc = 2001-02-03\nd = 0x1F\ne = '''raw\\n'''\nf = {}\n", "t.toml", report);
  REQUIRE(root);
  CHECK(root->find("a")->text() == "true");
  CHECK(root->find("a")->scalar_kind() == ScalarKind::boolean);
  CHECK(root->find("b")->text() == "1.5");
  CHECK(root->find("b")->scalar_kind() == ScalarKind::real);
  CHECK(root->find("c")->text() == "2001-02-03");
  CHECK(root->find("d")->text() == "31");
  CHECK(root->find("e")->text() == "raw\\n");
  CHECK(root->find("f")->is_map());
}

TEST_CASE("an empty TOML text is an empty map") {
  Report report;
  const std::optional<Node> root = parse_toml("", "t.toml", report);
  REQUIRE(root);
  CHECK(root->is_map());
  CHECK(root->children().empty());
}

TEST_CASE("TOML that is not well formed is one error with a position") {
  for (const char* text : {"a = ", "a = 1\na = 2\n", "[a]\n[a]\n", "= 1", "a = [1, ", "[[a]]\n[a]\n", "a = \"\x01\""}) {
    Report report;
    INFO(text);
    CHECK_FALSE(parse_toml(text, "t.toml", report));
    REQUIRE(report.size() == 1);
    CHECK(report[0].code == code::kSyntax);
    CHECK(report[0].source.line >= 1);
  }
}

TEST_CASE("TOML nested deeper than 64 levels is refused") {
  Report report;
  CHECK_FALSE(parse_toml("a = " + std::string(100, '[') + std::string(100, ']'), "t.toml", report));
  std::string dotted = "a";
  for (int i = 0; i < 100; ++i) dotted += ".a";
  CHECK_FALSE(parse_toml(dotted + " = 1", "t.toml", report));
  CHECK(report.size() == 2);
}
