#include <string>

#include "http/target.h"
#include "support/catch.h"

using namespace sluice;
using namespace sluice::http;

namespace {

std::string normal(std::string_view path, const TargetOptions& options = TargetOptions()) {
  Arena arena;
  NormalPath result = normalize_path(path, options, arena);
  if (result.reason != Reason::none) return "refused: " + std::string(name_of(result.reason));
  NormalPath again = normalize_path(result.path, options, arena);
  CHECK(again.reason == Reason::none);
  CHECK(again.path == result.path);
  return std::string(result.path);
}

std::string unsanitized(std::string_view path) {
  TargetOptions options;
  options.sanitize = false;
  return normal(path, options);
}

std::string match(std::string_view path) {
  Arena arena;
  return std::string(match_form(path, arena));
}

std::string query_of(std::string_view raw, const TargetOptions& options = TargetOptions()) {
  Arena arena;
  Target target;
  Reason reason = read_target(raw, options, arena, target);
  return reason == Reason::none ? std::string(target.query) : "refused: " + std::string(name_of(reason));
}

}  // namespace

TEST_CASE("a normal path is left where it is") {
  Arena arena;
  std::string_view path = "/a/b.c/d;e=f/@x:y,z/";
  CHECK(normalize_path(path, TargetOptions(), arena).path.data() == path.data());
  CHECK(match_form(path, arena).data() == path.data());
  CHECK(arena.bytes_reserved() == 0);
}

TEST_CASE("escapes get capital digits, and those of unreserved characters are decoded") {
  CHECK(normal("/%41%7a%2D%5f%2e%7E%30") == "/Az-_.~0");
  CHECK(normal("/%c3%a9%2f%3b%5c%25") == "/%C3%A9%2F%3B%5C%25");
  CHECK(normal("/%20%0a%7f") == "/%20%0A%7F");
  CHECK(normal("/%2541") == "/%2541");
}

TEST_CASE("bytes that a URI cannot have become escapes") {
  CHECK(normal("/\"<>^`{|}") == "/%22%3C%3E%5E%60%7B%7C%7D");
  CHECK(normal("/caf\xc3\xa9\xff") == "/caf%C3%A9%FF");
  CHECK(normal("/a?b") == "/a%3Fb");  // from a rewrite: in a path it is no separator
}

TEST_CASE("broken escapes and an escaped NUL are refused") {
  for (std::string_view path : {"/%", "/%1", "/%zz", "/%1g", "/a%2", "/%u0041", "/%%41"}) {
    CHECK(normal(path) == "refused: target_escape");
  }
  CHECK(normal("/a%00b") == "refused: target_null");
  TargetOptions options;
  options.allow_encoded_null = true;
  CHECK(normal("/a%00b", options) == "/a%00b");
}

TEST_CASE("dot segments are resolved and slashes merged, and a final slash stays") {
  CHECK(normal("/x/../admin") == "/admin");
  CHECK(normal("/x/%2e%2E/admin") == "/admin");
  CHECK(normal("/./a/./b/.") == "/a/b/");
  CHECK(normal("/a/b/..") == "/a/");
  CHECK(normal("/..") == "/");
  CHECK(normal("/../../a") == "/a");
  CHECK(normal("//a///b//") == "/a/b/");
  CHECK(normal("/a//../b") == "/b");
  CHECK(normal("//evil.test/..") == "/");
  CHECK(normal("/...") == "/...");
  CHECK(normal("/.well-known/x") == "/.well-known/x");
  CHECK(normal("/a/.b/..c/d..") == "/a/.b/..c/d..");
  CHECK(normal("/") == "/");
  CHECK(normal("/.") == "/");
  CHECK(normal("//") == "/");
}

TEST_CASE("without sanitizing, segments stay as they are") {
  CHECK(unsanitized("/x/../%61dmin//b/./") == "/x/../admin//b/./");
  CHECK(unsanitized("/a/..;/b") == "refused: target_dot_segment");
}

TEST_CASE("a dot segment with a parameter is refused, however it is written") {
  for (std::string_view path :
       {"/..;/g", "/a/..;/b", "/a/.;/b", "/a/..;x=y/b", "/a/%2e%2e;/b", "/a/..%3b/b", "/a/.%2e%3B", "/.;"}) {
    CHECK(normal(path) == "refused: target_dot_segment");
  }
  CHECK(normal("/a;..;/b") == "/a;..;/b");
  CHECK(normal("/...;/b") == "/...;/b");
}

TEST_CASE("a path begins with a slash") {
  CHECK(normal("") == "refused: target_form");
  CHECK(normal("a/b") == "refused: target_form");
}

TEST_CASE("rules see a path with all but reserved escapes decoded") {
  CHECK(match("/caf%C3%A9%20x%7B") == "/caf\xc3\xa9 x{");
  CHECK(match("/%3A%2F%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2B%2C%3B%3D%25") ==
        "/%3A%2F%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2B%2C%3B%3D%25");
  CHECK(match("/a%2541") == "/a%2541");
}

TEST_CASE("a query is never changed, except for bytes that no URI has") {
  CHECK(query_of("/a?b=c&d=%2f%zz%;e\\f{|}^`\"<>'") == "b=c&d=%2f%zz%;e\\f{|}^`\"<>'");
  CHECK(query_of("/a?../..//b") == "../..//b");
  CHECK(query_of("/a?b?c") == "b?c");
  CHECK(query_of("/a?\xc3\xa9") == "%C3%A9");
  CHECK(query_of("/a?b#c") == "refused: target_fragment");
  CHECK(query_of("/a?b c") == "refused: target_byte");
  TargetOptions options;
  options.encode_query_semicolons = true;
  CHECK(query_of("/a;b?c;d=e;%3b", options) == "c%3Bd=e%3B%3b");
}

TEST_CASE("an empty query and none differ") {
  Arena arena;
  Target target;
  REQUIRE(read_target("/a?", TargetOptions(), arena, target) == Reason::none);
  CHECK(target.has_query);
  CHECK(target.query.empty());
  REQUIRE(read_target("/a", TargetOptions(), arena, target) == Reason::none);
  CHECK_FALSE(target.has_query);
  CHECK(target.raw == "/a");
}

TEST_CASE("a rewritten path is normalised again, and the query stays") {
  Arena arena;
  Target target;
  REQUIRE(read_target("/api/x?q=1", TargetOptions(), arena, target) == Reason::none);
  CHECK(replace_path(target, "/x/%2e%2e/caf%c3%a9", TargetOptions(), arena) == Reason::none);
  CHECK(target.path == "/caf%C3%A9");
  CHECK(target.match_path == "/caf\xc3\xa9");
  CHECK(target.query == "q=1");
  CHECK(replace_path(target, "x", TargetOptions(), arena) == Reason::target_form);
  CHECK(target.path == "/caf%C3%A9");
}

TEST_CASE("each kind of escape can be forbidden for itself") {
  EncodedCharacters all;
  CHECK(allowed("/%2F%5C%00%3B%25%3F%23", all));
  struct Row {
    bool EncodedCharacters::*option;
    std::string_view escape;
  };
  for (const Row& row :
       {Row{&EncodedCharacters::allow_slash, "%2F"}, Row{&EncodedCharacters::allow_backslash, "%5C"},
        Row{&EncodedCharacters::allow_null, "%00"}, Row{&EncodedCharacters::allow_semicolon, "%3B"},
        Row{&EncodedCharacters::allow_percent, "%25"}, Row{&EncodedCharacters::allow_question_mark, "%3F"},
        Row{&EncodedCharacters::allow_hash, "%23"}}) {
    EncodedCharacters characters;
    characters.*row.option = false;
    CHECK_FALSE(allowed("/a%20b" + std::string(row.escape), characters));
    CHECK(allowed("/a%20b%C3", characters));
  }
}
