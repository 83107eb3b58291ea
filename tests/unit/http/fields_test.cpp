#include "http/fields.h"

#include <string>

#include "base/text.h"
#include "http/chars.h"
#include "http/trailers.h"
#include "support/catch.h"

using namespace sluice;
using namespace sluice::http;

namespace {

constexpr int kIds = static_cast<int>(FieldId::x_traefik_router) + 1;

std::string names(const Fields& fields) {
  std::string text;
  for (const Field& field : fields) text.append(field.name).append("=").append(field.value).append(" ");
  return text;
}

}  // namespace

TEST_CASE("every known name is found in any case, and nothing that is one byte away from it") {
  for (int i = 1; i < kIds; ++i) {
    auto id = static_cast<FieldId>(i);
    std::string name(field_name(id));
    INFO(name);
    REQUIRE(name.size() >= 2);
    CHECK(field_id(name) == id);
    CHECK(field_id(lowered(name)) == id);
    CHECK(field_id(uppered(name)) == id);
    CHECK(field_id(name + "x") == FieldId::other);
    for (std::size_t at = 0; at < name.size(); ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string changed = name;
        changed[at] = static_cast<char>(byte);
        if (iequals(changed, name)) continue;
        FieldId found = field_id(changed);
        if (found != FieldId::other) CHECK(iequals(changed, field_name(found)));
      }
      CHECK(field_id(name.substr(0, at)) != id);
    }
  }
  CHECK(field_id("") == FieldId::other);
  CHECK(field_id("x") == FieldId::other);
  CHECK(field_id(std::string(100, 'x')) == FieldId::other);
  CHECK(field_name(FieldId::other).empty());
}

TEST_CASE("an alias is a name with underscores for dashes") {
  CHECK(field_id("content_length") == FieldId::other);
  CHECK(field_id_of_alias("content_length") == FieldId::content_length);
  CHECK(field_id_of_alias("X_Forwarded-For") == FieldId::x_forwarded_for);
  CHECK(field_id_of_alias("Host") == FieldId::host);
  CHECK(field_id_of_alias("x_y") == FieldId::other);
}

TEST_CASE("fields keep their order, and setting one replaces all of its name in place of the first") {
  Arena arena;
  Fields fields(arena);
  for (std::string_view name : {"A", "Via", "B", "via", "C", "b"}) fields.add(name, "1");
  fields.set(FieldId::via, "2");
  CHECK(names(fields) == "A=1 Via=2 B=1 C=1 b=1 ");
  fields.set("B", "3");
  CHECK(names(fields) == "A=1 Via=2 B=3 C=1 ");
  fields.set("D", "4");
  fields.set(FieldId::date, "5");
  CHECK(names(fields) == "A=1 Via=2 B=3 C=1 D=4 Date=5 ");
  CHECK(fields.get("d") == "4");
  CHECK(fields.get("DATE") == "5");
  CHECK(fields.get(FieldId::date) == "5");
  CHECK_FALSE(fields.get("E"));
}

TEST_CASE("fields are counted and removed by name") {
  Arena arena;
  Fields fields(arena);
  for (int i = 0; i < 40; ++i) fields.add(i % 2 == 0 ? "X-Even" : "Cookie", "v");
  CHECK(fields.count(FieldId::cookie) == 20);
  CHECK(fields.remove(FieldId::cookie) == 20);
  CHECK_FALSE(fields.has(FieldId::cookie));
  CHECK(fields.remove(FieldId::cookie) == 0);
  fields.add(FieldId::cookie, "new");
  CHECK(fields.has(FieldId::cookie));
  CHECK(fields.remove("x-EVEN") == 20);
  CHECK(fields.remove("cookie") == 1);
  CHECK(fields.empty());
}

TEST_CASE("remove_if keeps the rest in order") {
  Arena arena;
  Fields fields(arena);
  for (std::string_view name : {"A", "B", "C", "D", "E"}) fields.add(name, "1");
  fields.remove_if([](const Field& field) { return field.name == "A" || field.name == "C" || field.name == "E"; });
  CHECK(names(fields) == "B=1 D=1 ");
  fields.remove_if([](const Field&) { return true; });
  CHECK(fields.empty());
  fields.remove_if([](const Field&) { return true; });
}

TEST_CASE("lists are read without regard to case, blanks and empty elements") {
  CHECK(list_contains("a, B ,c", "b"));
  CHECK(list_contains(", ,keep-alive\t,", "Keep-Alive"));
  CHECK_FALSE(list_contains("ab, c", "a"));
  CHECK_FALSE(list_contains("", ""));
}

TEST_CASE("the scan of names and values stops at exactly the first byte that may not be there") {
  for (int byte = 0; byte < 256; ++byte) {
    for (std::size_t at = 0; at < 20; ++at) {
      std::string text(20, 'a');
      text[at] = static_cast<char>(byte);
      const char* end = text.data() + text.size();
      bool value_byte = byte == '\t' || (byte >= 0x20 && byte != 0x7f);
      CHECK(end_of_value(text.data(), end) - text.data() == (value_byte ? 20 : static_cast<int>(at)));
      bool token = is_token(std::string_view(text).substr(at, 1));
      std::uint8_t seen = 0;
      CHECK(end_of_name(text.data(), end, seen) - text.data() == (token ? 20 : static_cast<int>(at)));
      CHECK(((seen & chars::kUnderscore) != 0) == (byte == '_'));
    }
  }
  // Bytes whose sums carry into their neighbours.
  std::string text = "\xff\x7e\xff\xff\x7e\x80\xff\x20\xff\x09\xff\xff";
  CHECK(is_field_value(text));
  CHECK_FALSE(is_field_value(text + "\x7f"));
  CHECK_FALSE(is_field_value(text + std::string("\0", 1)));
}

TEST_CASE("tokens are what RFC 9110 calls so") {
  std::string tokens = "!#$%&'*+-.^_`|~09azAZ";
  for (int byte = 0; byte < 256; ++byte) {
    char c = static_cast<char>(byte);
    bool expected = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                    (c != 0 && tokens.find(c) != std::string::npos);
    CHECK(is_token(std::string(1, c)) == expected);
  }
  CHECK_FALSE(is_token(""));
}

TEST_CASE("a trailer may neither frame, route, authenticate nor pose as one of our fields") {
  auto may = [](std::string_view name) { return may_be_trailer(Field{name, "v", field_id(name)}); };
  for (std::string_view name :
       {"Grpc-Status", "grpc-message", "ETag", "Server-Timing", "Content-Digest", "X-Checksum"}) {
    CHECK(may(name));
  }
  for (std::string_view name : {"Content-Length",
                                "transfer-encoding",
                                "Host",
                                "Authorization",
                                "Cookie",
                                "Set-Cookie",
                                "Content-Type",
                                "Content-Encoding",
                                "content-range",
                                "If-Match",
                                "Trailer",
                                "TE",
                                "Connection",
                                "Upgrade",
                                "X-Forwarded-For",
                                "x_forwarded_for",
                                "X_Real_Ip",
                                "Content_Length",
                                "Forwarded",
                                "WWW-Authenticate",
                                "Cache-Control",
                                "Expires",
                                "Location",
                                "Expect",
                                "Range"}) {
    INFO(name);
    CHECK_FALSE(may(name));
  }
}
