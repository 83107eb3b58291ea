// Expressions over labels.
#include "providers/docker/constraint.h"

#include "support/catch.h"

using sluice::providers::docker::Constraint;

namespace {

using Labels = std::map<std::string, std::string>;

bool met(const std::string& text, const Labels& labels) {
  std::string error;
  auto constraint = Constraint::parse(text, error);
  INFO(text << ": " << error);
  REQUIRE(constraint);
  return constraint->met_by(labels);
}

const Labels kLabels{{"a", "1"}, {"b", "two"}, {"c", ""}};

}  // namespace

TEST_CASE("Label compares a whole value, LabelRegex finds an expression in it") {
  CHECK(met("Label(`a`, `1`)", kLabels));
  CHECK(met("Label(\"a\",\"1\")", kLabels));
  CHECK_FALSE(met("Label(`a`, `11`)", kLabels));
  CHECK_FALSE(met("Label(`b`, `tw`)", kLabels));
  CHECK(met("LabelRegex(`b`, `w`)", kLabels));
  CHECK_FALSE(met("LabelRegex(`b`, `^w`)", kLabels));
  CHECK(met("Label(`c`, ``)", kLabels));
  CHECK(met("Label(\"q\", \"say \\\"x\\\\\")", {{"q", "say \"x\\"}}));
}

TEST_CASE("a missing label meets nothing, not even an expression that matches everything") {
  CHECK_FALSE(met("Label(`x`, ``)", kLabels));
  CHECK_FALSE(met("LabelRegex(`x`, `.*`)", kLabels));
  CHECK(met("!LabelRegex(`x`, `.*`)", kLabels));
  CHECK_FALSE(met("Label(`A`, `1`)", kLabels));
}

TEST_CASE("operators have Go's precedence") {
  const std::string yes = "Label(`a`,`1`)", no = "Label(`a`,`2`)";
  CHECK(met(yes + "||" + yes + "&&" + no, kLabels));
  CHECK_FALSE(met("(" + yes + "||" + yes + ")&&" + no, kLabels));
  CHECK(met("!" + no + " && " + yes, kLabels));
  CHECK_FALSE(met("!(" + no + " || " + yes + ")", kLabels));
  CHECK(met("!!" + yes, kLabels));
  CHECK(met(" ( ( " + yes + " ) ) ", kLabels));
}

TEST_CASE("what is no expression is refused with the place") {
  for (const std::string& text :
       {std::string(""), std::string("true"), std::string("Label"), std::string("Label(`a`)"),
        std::string("Label(`a`,`b`"), std::string("Label(a,b)"), std::string("Label(`a`,`b`) Label(`a`,`b`)"),
        std::string("Label(`a`,`b`) &&"), std::string("|| Label(`a`,`b`)"), std::string("(Label(`a`,`b`)"),
        std::string("Label(`a`,`b`))"), std::string("Tag(`a`)"), std::string("LabelRegex(`a`,`(`)"),
        std::string("label(`a`,`b`)"), std::string(5000, '!') + "Label(`a`,`b`)", std::string(5000, '(')}) {
    CAPTURE(text);
    std::string error;
    CHECK_FALSE(Constraint::parse(text, error));
    CHECK_FALSE(error.empty());
  }
  std::string error;
  Constraint::parse("Label(`a`,`b`) & Label(`c`,`d`)", error);
  CHECK(error == "expected \"&&\", \"||\" or the end at column 16");
}
