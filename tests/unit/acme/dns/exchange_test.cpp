#include "acme/dns/exchange.h"

#include <thread>

#include "support/acme/dns_server.h"
#include "support/catch.h"
#include "support/run_task.h"

using namespace sluice;
using namespace sluice::acme::dns;
using test::DnsServer;

namespace {

constexpr Duration kPatience = 20s;

Result<Answer> ask(const DnsServer& server, Duration timeout = kPatience, Transport transport = Transport::udp_first) {
  return test::run_task(
      exchange(server.address(), *encode(make_query("example.com.", type::kTxt, true)), timeout, transport));
}

Message answer_to(const Message& query, const std::string& text) {
  Message reply;
  reply.id = query.id;
  reply.flags = 0x8180;
  reply.questions = query.questions;
  reply.answers.push_back({"example.com.", type::kTxt, dns_class::kIn, 1, txt_data(text)});
  return reply;
}

std::string first_text(const Result<Answer>& answer) {
  if (!answer) return "no answer: " + std::string(answer.error().text);
  std::vector<std::string> values = txt_values(answer->message, "example.com.");
  return values.empty() ? "none" : values.front();
}

}  // namespace

TEST_CASE("a question over UDP has its answer") {
  DnsServer server([](const DnsServer::Query& query) { return encode(answer_to(query.message, "udp")).value(); });
  CHECK(first_text(ask(server)) == "udp");
}

TEST_CASE("a datagram lost on the way is sent again") {
  int seen = 0;
  DnsServer server([&](const DnsServer::Query& query) -> std::optional<std::string> {
    if (++seen == 1) return std::nullopt;
    return *encode(answer_to(query.message, "second"));
  });
  CHECK(first_text(ask(server, 300ms)) == "second");
}

TEST_CASE("answers to another question do not end the wait for the right one") {
  // The first datagram is answered with a lie of each kind, the repetition with the truth.
  for (int lie = 0; lie < 5; ++lie) {
    CAPTURE(lie);
    int seen = 0;
    DnsServer server([&](const DnsServer::Query& query) -> std::optional<std::string> {
      Message reply = answer_to(query.message, "true");
      if (++seen > 1) return *encode(reply);
      if (lie == 0) reply.id ^= 1;
      if (lie == 1) reply.questions[0].name = "example.org.";
      if (lie == 2) reply.flags = 0x0100;
      if (lie == 3) reply.questions.clear();
      if (lie == 4) return "garbage";
      return *encode(reply);
    });
    CHECK(first_text(ask(server, 300ms)) == "true");
  }
}

TEST_CASE("what does not fit into a datagram comes over TCP, put together byte by byte") {
  DnsServer server([](const DnsServer::Query& query) {
    Message reply = answer_to(query.message, query.over_tcp ? std::string(3000, 'x') : "cut");
    if (!query.over_tcp) reply.flags |= 0x0200;
    return *encode(reply);
  });
  CHECK(first_text(ask(server)) == std::string(3000, 'x'));
  CHECK(first_text(ask(server, kPatience, Transport::tcp_only)) == std::string(3000, 'x'));
}

TEST_CASE("silence ends with timed_out, in time") {
  DnsServer server([](const DnsServer::Query&) { return std::optional<std::string>(); });
  Result<Answer> answer = ask(server, 60ms);
  REQUIRE_FALSE(answer.ok());
  CHECK(answer.error().code == Code::timed_out);
  CHECK(server.queries() <= 3);
}

TEST_CASE("a port where nobody listens is refused at once") {
  SocketAddress gone;
  {
    DnsServer server([](const DnsServer::Query&) { return std::optional<std::string>(); });
    gone = server.address();
  }
  for (Transport transport : {Transport::udp_first, Transport::tcp_only}) {
    Result<Answer> answer =
        test::run_task(exchange(gone, *encode(make_query("example.com.", type::kTxt, true)), kPatience, transport));
    REQUIRE_FALSE(answer.ok());
    CHECK(answer.error().code == Code::refused);
  }
}

TEST_CASE("a TCP answer that breaks off, or is none, is an error") {
  for (const char* bytes : {"raw:", "raw:\x10", "raw:\x10\x10short"}) {
    DnsServer server([&](const DnsServer::Query&) { return std::optional<std::string>(bytes); });
    Result<Answer> answer = ask(server, kPatience, Transport::tcp_only);
    REQUIRE_FALSE(answer.ok());
    CHECK(answer.error().code == Code::closed);
  }
  DnsServer server([](const DnsServer::Query&) { return std::optional<std::string>("no message at all"); });
  CHECK(ask(server, kPatience, Transport::tcp_only).error().code == Code::invalid);
}

TEST_CASE("a refusal without the question is an answer") {
  DnsServer server([](const DnsServer::Query& query) {
    Message reply;
    reply.id = query.message.id;
    reply.flags = 0x8005;
    return *encode(reply);
  });
  Result<Answer> answer = ask(server);
  REQUIRE(answer.ok());
  CHECK(answer->message.rcode() == rcode::kRefused);
}
