// The middlewares that change the path: addPrefix, stripPrefix, stripPrefixRegex, replacePath, replacePathRegex and
// encodedCharacters.
#include "middleware/add_prefix.h"
#include "middleware/encoded_characters.h"
#include "middleware/replace_path.h"
#include "middleware/replace_path_regex.h"
#include "middleware/strip_prefix.h"
#include "middleware/strip_prefix_regex.h"
#include "unit/middleware/middleware_test.h"

using namespace sluice;
using namespace sluice::middleware;
using test::Ask;
using test::MiddlewareTest;
using test::Reply;

namespace {

control::MadeMiddleware strip(std::vector<std::string> prefixes) {
  return StripPrefix::make({std::move(prefixes), false});
}

std::string path_behind(const control::MadeMiddleware& made, const std::string& path) {
  MiddlewareTest test(made);
  Reply reply = test.ask({.path = path});
  return reply.status == 200 ? test.seen().path + test.seen().query : std::to_string(reply.status);
}

}  // namespace

TEST_CASE("addPrefix puts its prefix in front of the path and leaves the query") {
  control::MadeMiddleware made = AddPrefix::make({"/foo"});
  CHECK(path_behind(made, "/bar?a=/b") == "/foo/bar?a=/b");
  CHECK(path_behind(made, "/") == "/foo/");
  CHECK(path_behind(made, "/a%2Fb") == "/foo/a%2Fb");
  CHECK(path_behind(AddPrefix::make({"foo"}), "/bar") == "/foo/bar");
  CHECK(path_behind(AddPrefix::make({"/a b"}), "/bar") == "/a%20b/bar");
}

TEST_CASE("addPrefix without a usable prefix is refused") {
  CHECK(AddPrefix::make({""}).middleware == nullptr);
  CHECK(AddPrefix::make({"/%zz"}).middleware == nullptr);
}

TEST_CASE("stripPrefix takes the first prefix in the list that fits off the path") {
  CHECK(path_behind(strip({"/foo"}), "/foo/bar?x") == "/bar?x");
  CHECK(path_behind(strip({"/foo"}), "/foo") == "/");
  CHECK(path_behind(strip({"/foo"}), "/other") == "/other");
  CHECK(path_behind(strip({"/foo/"}), "/foo/bar") == "/bar");
  CHECK(path_behind(strip({"/a", "/a/b"}), "/a/b/c") == "/b/c");
  CHECK(path_behind(strip({"/a/b", "/a"}), "/a/b/c") == "/c");
}

TEST_CASE("stripPrefix does not care for the ends of segments, as in Traefik") {
  CHECK(path_behind(strip({"/api"}), "/apikey") == "/key");
}

TEST_CASE("stripPrefix compares the decoded path and keeps the rest as it was escaped") {
  CHECK(path_behind(strip({"/\xc3\xa9"}), "/%C3%A9/a%2Fb") == "/a%2Fb");
  CHECK(path_behind(strip({"/%c3%a9"}), "/%C3%A9/x") == "/x");
  CHECK(path_behind(strip({"/a%2Fb"}), "/a%2Fb/c") == "/c");
  CHECK(path_behind(strip({"/a/b"}), "/a%2Fb/c") == "/a%2Fb/c");
}

TEST_CASE("stripPrefix refuses what would become another path when read again") {
  CHECK(path_behind(strip({"/a"}), "/a../secret") == "400");
  CHECK(path_behind(strip({"/a"}), "/a//b") == "400");
}

TEST_CASE("stripPrefix says what it took in X-Forwarded-Prefix, once per strip") {
  MiddlewareTest test(strip({"/foo"}));
  test.ask({.path = "/foo/bar", .fields = {{"X-Forwarded-Prefix", "/outer"}}});
  CHECK(test.seen().get("X-Forwarded-Prefix") == "/outer|/foo");
  test.ask({.path = "/bar"});
  CHECK(test.seen().get("X-Forwarded-Prefix").empty());
}

TEST_CASE("stripPrefix with forceSlash does the same, because an empty path is always sent as /") {
  CHECK(path_behind(StripPrefix::make({{"/foo"}, true}), "/foo") == "/");
  CHECK(strip({}).middleware == nullptr);
}

TEST_CASE("stripPrefixRegex takes what matches at the start off the path") {
  control::MadeMiddleware made = StripPrefixRegex::make({{"/api/v[0-9]+", "/u(ser)?"}});
  CHECK(path_behind(made, "/api/v12/x") == "/x");
  CHECK(path_behind(made, "/user/x") == "/x");
  CHECK(path_behind(made, "/x/api/v1") == "/x/api/v1");
  CHECK(path_behind(made, "/api/v1..") == "400");
}

TEST_CASE("stripPrefixRegex says what it took in X-Forwarded-Prefix") {
  MiddlewareTest test(StripPrefixRegex::make({{"/api/v[0-9]+"}}));
  test.ask({.path = "/api/v12/x"});
  CHECK(test.seen().get("X-Forwarded-Prefix") == "/api/v12");
}

TEST_CASE("stripPrefixRegex without a usable expression is refused") {
  CHECK(StripPrefixRegex::make({{}}).middleware == nullptr);
  CHECK_THAT(StripPrefixRegex::make({{"/a("}}).error, Catch::Matchers::ContainsSubstring("/a("));
}

TEST_CASE("replacePath replaces the path, keeps the query and notes the path asked for") {
  MiddlewareTest test(ReplacePath::make({"/new"}));
  test.ask({.path = "/old%20path?q=1", .fields = {{"x_replaced_path", "/forged"}, {"X-Replaced-Path", "/forged"}}});
  CHECK(test.seen().path == "/new");
  CHECK(test.seen().query == "?q=1");
  CHECK(test.seen().get("X-Replaced-Path") == "/old%20path");
  CHECK(test.seen().get("x_replaced_path").empty());
  CHECK(ReplacePath::make({""}).middleware == nullptr);
}

TEST_CASE("replacePath needs no leading slash and escapes what a path cannot have") {
  CHECK(path_behind(ReplacePath::make({"new"}), "/old") == "/new");
  CHECK(path_behind(ReplacePath::make({"/a b?c"}), "/old") == "/a%20b%3Fc");
}

TEST_CASE("replacePathRegex replaces all matches in the escaped path") {
  CHECK(path_behind(ReplacePathRegex::make({"^/foo/(.*)", "/bar/$1"}), "/foo/a%2Fb?q") == "/bar/a%2Fb?q");
  CHECK(path_behind(ReplacePathRegex::make({"/v(?P<n>[0-9])", "/w${n}x"}), "/v1/v2") == "/w1x/w2x");
  CHECK(path_behind(ReplacePathRegex::make({"/v(?<n>[0-9])", "/${n}"}), "/v1") == "/1");
  CHECK(path_behind(ReplacePathRegex::make({" /foo ", " /bar "}), "/foo/x") == "/bar/x");
  CHECK(path_behind(ReplacePathRegex::make({"/foo", "/a$$b"}), "/foo") == "/a$b");
  CHECK(path_behind(ReplacePathRegex::make({"(/foo)", "$1x"}), "/foo") == "/");  // the group is called 1x
  CHECK(path_behind(ReplacePathRegex::make({"x*", "-"}), "/axb") == "/-/-a-b-");
  CHECK(path_behind(ReplacePathRegex::make({"nothing", "/x"}), "/foo") == "/foo");
}

TEST_CASE("replacePathRegex refuses results that are no clean path") {
  CHECK(path_behind(ReplacePathRegex::make({"/foo", "/.."}), "/foo/x") == "400");
  CHECK(path_behind(ReplacePathRegex::make({"/foo", "/a//b"}), "/foo") == "400");
  CHECK(path_behind(ReplacePathRegex::make({"/foo", "/%zz"}), "/foo") == "500");
}

TEST_CASE("replacePathRegex notes the old path only when it changed it") {
  MiddlewareTest test(ReplacePathRegex::make({"^/foo", "/bar"}));
  test.ask({.path = "/foo/x"});
  CHECK(test.seen().get("X-Replaced-Path") == "/foo/x");
  test.ask({.path = "/other"});
  CHECK(test.seen().get("X-Replaced-Path").empty());
  CHECK(ReplacePathRegex::make({"", "/x"}).middleware == nullptr);
  CHECK(ReplacePathRegex::make({"(", "/x"}).middleware == nullptr);
}

TEST_CASE("encodedCharacters refuses each character unless it is allowed") {
  struct Row {
    const char* escape;
    bool config::EncodedCharacters::*option;
  };
  for (const Row& row : {Row{"%2F", &config::EncodedCharacters::allow_encoded_slash},
                         Row{"%5C", &config::EncodedCharacters::allow_encoded_back_slash},
                         Row{"%00", &config::EncodedCharacters::allow_encoded_null_character},
                         Row{"%3B", &config::EncodedCharacters::allow_encoded_semicolon},
                         Row{"%25", &config::EncodedCharacters::allow_encoded_percent},
                         Row{"%3F", &config::EncodedCharacters::allow_encoded_question_mark},
                         Row{"%23", &config::EncodedCharacters::allow_encoded_hash}}) {
    config::EncodedCharacters settings;
    std::string path = std::string("/a") + row.escape;
    INFO(path);
    CHECK(path_behind(control::MadeMiddleware::of(std::make_shared<EncodedCharacters>(settings)), path) == "400");
    settings.*row.option = true;
    CHECK(path_behind(control::MadeMiddleware::of(std::make_shared<EncodedCharacters>(settings)), path) == path);
  }
  config::EncodedCharacters none;
  CHECK(path_behind(control::MadeMiddleware::of(std::make_shared<EncodedCharacters>(none)), "/%20") == "/%20");
}
