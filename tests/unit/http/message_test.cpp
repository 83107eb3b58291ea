#include "http/message.h"

#include "support/catch.h"
#include "support/run_task.h"

using namespace sluice;
using namespace sluice::http;

TEST_CASE("methods have their names and no others") {
  for (int i = 0; i < static_cast<int>(Method::other); ++i) {
    auto method = static_cast<Method>(i);
    CHECK(method_of(method_name(method)) == method);
  }
  CHECK(method_name(Method::other).empty());
  for (std::string_view text : {"", "get", "GETX", "PURGE", "PROPFIND"}) CHECK(method_of(text) == Method::other);
}

TEST_CASE("registered statuses have a phrase") {
  CHECK(reason_phrase(200) == "OK");
  CHECK(reason_phrase(100) == "Continue");
  CHECK(reason_phrase(511) == "Network Authentication Required");
  CHECK(reason_phrase(431) == "Request Header Fields Too Large");
  CHECK(reason_phrase(499) == "Client Closed Request");
  CHECK(reason_phrase(299).empty());
  CHECK(reason_phrase(0).empty());
  CHECK(reason_phrase(999).empty());
}

TEST_CASE("a text response is plain text that is given once") {
  Arena arena;
  Response response = text_response(arena, 404, "404 page not found");
  CHECK(response.status == 404);
  CHECK(response.fields.get(FieldId::content_type) == "text/plain; charset=utf-8");
  CHECK(response.fields.get("X-Content-Type-Options") == "nosniff");
  REQUIRE(response.body);
  CHECK(response.body->remaining() == 18u);
  Result<Bytes> first = test::run_task(response.body->read());
  REQUIRE(first);
  CHECK(*first == "404 page not found");
  CHECK(response.body->remaining() == 0u);
  Result<Bytes> second = test::run_task(response.body->read());
  REQUIRE(second);
  CHECK(second->empty());
  CHECK(text_response(arena, 204, "").body == nullptr);
}
