#include "acme/dns/environment.h"

#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "support/catch.h"

using namespace sluice;
using sluice::acme::dns::Environment;

TEST_CASE("a variable, its other names, and the file it may be in") {
  char path[] = "/tmp/sluice-test-XXXXXX";
  int fd = mkstemp(path);
  REQUIRE(fd >= 0);
  ::close(fd);
  std::ofstream(path) << "from a file\r\n\n";
  std::map<std::string, std::string> variables{
      {"A", "direct"}, {"A_FILE", "/nonexistent"}, {"B", ""}, {"B_FILE", path}, {"C", "third"}};
  Environment environment(variables);
  CHECK(environment.text({"A"}) == "direct");
  CHECK(environment.text({"B"}) == "from a file");
  CHECK(environment.text({"X", "C"}) == "third");
  CHECK(environment.text({"X"}, "else") == "else");
  CHECK(environment.problems().empty());
  ::unlink(path);
}

TEST_CASE("what is missing or wrong is noted with its variable") {
  std::map<std::string, std::string> variables{
      {"NUMBER", "ten"}, {"SMALL", "3"}, {"TRUTH", "perhaps"}, {"F_FILE", "/nonexistent/secret"}};
  Environment environment(variables);
  CHECK(environment.required({"NAME", "OTHER"}).empty());
  CHECK(environment.number({"NUMBER"}, 7, 0) == 7);
  CHECK(environment.number({"SMALL"}, 7, 5) == 7);
  CHECK(environment.truth({"TRUTH"}, true));
  CHECK(environment.text({"F"}).empty());
  REQUIRE(environment.problems().size() == 2);
  CHECK(environment.problems()[0] == "NAME or OTHER is not set");
  CHECK(environment.problems()[1].find("/nonexistent/secret") != std::string::npos);
  REQUIRE(environment.warnings().size() == 3);
  CHECK(environment.warnings()[0].find("NUMBER is \"ten\"") == 0);
  CHECK(environment.warnings()[0].find("7 is used") != std::string::npos);
}

TEST_CASE("numbers are seconds, and truth is written as Go reads it") {
  std::map<std::string, std::string> variables{{"S", "90"}, {"T", "True"}, {"F", "0"}};
  Environment environment(variables);
  CHECK(environment.seconds({"S"}, 1s) == 90s);
  CHECK(environment.seconds({"X"}, 2s) == 2s);
  CHECK(environment.truth({"T"}, false));
  CHECK_FALSE(environment.truth({"F"}, true));
  CHECK(environment.truth({"X"}, true));
}
