#include "http/hop_by_hop.h"

#include <vector>

#include "h1_support.h"

using namespace sluice;
using namespace sluice::http;
using namespace sluice::http::h1;

namespace {

struct Message {
  Arena arena;
  Fields fields{arena};

  explicit Message(std::initializer_list<std::pair<std::string_view, std::string_view>> list) {
    for (const auto& [name, value] : list) fields.add(name, value);
  }
  std::string request() {
    remove_hop_by_hop_of_request(fields);
    return describe(fields);
  }
  std::string response() {
    remove_hop_by_hop_of_response(fields);
    return describe(fields);
  }
};

}  // namespace

TEST_CASE("fields for the next hop only are removed in both directions") {
  auto all = [] {
    return Message{{"A", "1"},         {"Connection", "keep-alive"}, {"Proxy-Connection", "x"},    {"Keep-Alive", "x"},
                   {"B", "2"},         {"Proxy-Authenticate", "x"},  {"Proxy-Authorization", "x"}, {"Trailer", "x"},
                   {"Upgrade", "h2c"}, {"Transfer-Encoding", "x"},   {"HTTP2-Settings", "x"},      {"C", "3"}};
  };
  CHECK(all().request() == "A=1\nB=2\nC=3\n");
  CHECK(all().response() == "A=1\nB=2\nC=3\n");
}

TEST_CASE("TE stays as trailers alone") {
  CHECK(Message{{"TE", "gzip"}}.request().empty());
  CHECK(Message{{"TE", "gzip, Trailers"}, {"A", "1"}}.request() == "A=1\nTE=trailers\n");
  CHECK(Message{{"te", "trailers"}, {"TE", "trailers"}}.request() == "TE=trailers\n");
  CHECK(Message{{"TE", "trailers"}, {"Connection", "TE"}}.request() == "TE=trailers\n");
}

TEST_CASE("Expect is answered at the edge and goes no further") {
  CHECK(Message{{"Expect", "100-continue"}, {"A", "1"}}.request() == "A=1\n");
}

TEST_CASE("nominated fields go, in every case and however they are spread") {
  CHECK(Message{{"X-A", "1"},
                {"Connection", "close, x-a ,,X-B"},
                {"X-B", "2"},
                {"Connection", "x-c"},
                {"X-C", "3"},
                {"x-a", "4"},
                {"X-D", "5"}}
            .request() == "X-D=5\n");
  CHECK(Message{{"Connection", "X-A"}, {"X-A", "1"}, {"X-B", "2"}}.response() == "X-B=2\n");
  CHECK(Message{{"Connection", "Server"}, {"Server", "1"}}.response().empty());
}

TEST_CASE("fields that describe the message or that we manage cannot be nominated") {
  for (std::string_view name : {"Host", "Authorization", "Cookie", "Cache-Control", "Content-Length", "Content-Type",
                                "Content-Digest", "X-Forwarded-For", "x-forwarded-host", "X-Real-Ip", "Forwarded",
                                "X-Forwarded-Tls-Client-Cert", "Sec-WebSocket-Key", "Sec-WebSocket-Protocol"}) {
    INFO(name);
    Message message{{"Connection", name}, {name, "1"}};
    CHECK(message.request() == std::string(name) + "=1\n");
  }
}

TEST_CASE("at the entry point nominated fields go, unless the option keeps them until the request is forwarded") {
  Message message{{"Connection", "X-A, X-B, X-Forwarded-For"},
                  {"X-A", "1"},
                  {"X-B", "2"},
                  {"X-Forwarded-For", "3"},
                  {"Upgrade", "x"}};
  std::vector<std::string> kept{"x-b"};
  remove_nominated(message.fields, kept);
  CHECK(describe(message.fields) == "Connection=X-A, X-B, X-Forwarded-For\nX-B=2\nX-Forwarded-For=3\nUpgrade=x\n");
  CHECK(message.request() == "X-Forwarded-For=3\n");
}

TEST_CASE("a message without such fields is not touched") {
  Message message{{"A", "1"}, {"Cookie", "2"}};
  CHECK(message.request() == "A=1\nCookie=2\n");
  CHECK(message.response() == "A=1\nCookie=2\n");
}
