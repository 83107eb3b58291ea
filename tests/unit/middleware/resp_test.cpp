// The protocol of Redis, split at every byte and lied to.
#include "middleware/resp.h"

#include <array>

#include "support/catch.h"

using namespace sluice::middleware;

namespace {

struct Read {
  RespState state;
  RespValue value;
  std::size_t consumed = 0;
};

Read read(std::string_view bytes) {
  Read one;
  one.state = resp_read(bytes, one.value, one.consumed);
  return one;
}

}  // namespace

TEST_CASE("a command is an array of bulk strings, whatever is in them") {
  std::array<std::string_view, 3> words = {"SET", "a b\r\n", ""};
  CHECK(resp_command(words) == "*3\r\n$3\r\nSET\r\n$5\r\na b\r\n\r\n$0\r\n\r\n");
}

TEST_CASE("each kind of reply is read, and not before it is complete") {
  struct Row {
    std::string bytes;
    RespValue::Kind kind;
  };
  for (const Row& row :
       {Row{"+OK\r\n", RespValue::Kind::text}, Row{"-ERR no\r\n", RespValue::Kind::error},
        Row{":-42\r\n", RespValue::Kind::integer}, Row{"$-1\r\n", RespValue::Kind::null},
        Row{"*-1\r\n", RespValue::Kind::null}, Row{"$4\r\na\r\nb\r\n", RespValue::Kind::text},
        Row{"*0\r\n", RespValue::Kind::array}, Row{"*3\r\n:1\r\n$1\r\nx\r\n*1\r\n+y\r\n", RespValue::Kind::array}}) {
    CAPTURE(row.bytes);
    for (std::size_t size = 0; size < row.bytes.size(); ++size) {
      CHECK(read(row.bytes.substr(0, size)).state == RespState::need_more);
    }
    Read whole = read(row.bytes + ":7\r\n");
    CHECK(whole.state == RespState::complete);
    CHECK(whole.consumed == row.bytes.size());
    CHECK(whole.value.kind == row.kind);
  }
  Read array = read("*2\r\n:1\r\n:1500000\r\n");
  REQUIRE(array.value.elements.size() == 2);
  CHECK(array.value.elements[1].integer == 1500000);
  CHECK(read("-NOSCRIPT No matching script\r\n").value.text == "NOSCRIPT No matching script");
}

TEST_CASE("what no Redis server says is invalid") {
  for (const char* bytes :
       {"HTTP/1.1 400 Bad Request\r\n", "\r\n", ":x\r\n", ":\r\n", ":1 \r\n", "$-2\r\n", "$65537\r\n", "*1025\r\n",
        "*-2\r\n", "$1\r\nab\r\n", "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", ":99999999999999999999\r\n"}) {
    CAPTURE(bytes);
    CHECK(read(bytes).state == RespState::invalid);
  }
  CHECK(read("+" + std::string(kRespMost + 1, 'x')).state == RespState::invalid);
}
