#include "acme/ca_client.h"

#include <mutex>
#include <nlohmann/json.hpp>

#include "acme/account.h"
#include "base/encoding.h"
#include "support/catch.h"
#include "support/run_task.h"
#include "support/scripted_server.h"

using namespace sluice;
using namespace sluice::acme;
using test::ScriptedServer;

namespace {

// A CA of a few lines: a directory, numbered nonces, and what a test says.
class SmallCa {
 public:
  using Answer = std::function<void(const ScriptedServer::Request&, ScriptedServer::Connection&, int number)>;

  explicit SmallCa(Answer answer)
      : answer_(std::move(answer)),
        server_([this](const ScriptedServer::Request& request,
                       ScriptedServer::Connection& reply) { serve(request, reply); },
                ScriptedServer::At::tcp),
        http_("test/1"),
        client_(http_, settings()) {}

  Outcome<CaReply> post(CaClient::Repeat repeat = CaClient::Repeat::harmless) {
    return test::run_on(loop_, client_.post(key_, "kid", base() + "/thing", "{}", repeat));
  }

  std::atomic<int> posts{0};
  // That requests came with.
  std::vector<std::string> nonces() {
    std::lock_guard<std::mutex> lock(mutex_);
    return nonces_;
  }
  std::atomic<int> heads{0};
  PrivateKey key_ = PrivateKey::generate(KeyType::ec256);
  CaClient& client() { return client_; }
  Loop& loop() { return loop_; }
  std::string base() const { return "http://127.0.0.1:" + std::to_string(server_.port()); }
  std::string more_directory;

 private:
  CaSettings settings() const {
    CaSettings settings;
    settings.directory_url = base() + "/dir";
    settings.timeout = 5s;
    settings.head_timeout = 5s;
    return settings;
  }

  void serve(const ScriptedServer::Request& request, ScriptedServer::Connection& reply) {
    if (request.path == "/dir") {
      const std::string at = base();
      reply.reply(200, R"({"newNonce":")" + at + R"(/nonce","newAccount":")" + at + R"(/acct","newOrder":")" + at +
                           R"(/order")" + more_directory + "}");
    } else if (request.method == "HEAD") {
      ++heads;
      reply.send("HTTP/1.1 200 OK\r\nReplay-Nonce: head-" + std::to_string(heads) + "\r\nContent-Length: 0\r\n\r\n");
    } else {
      const auto jws = nlohmann::json::parse(request.body);
      const auto header = nlohmann::json::parse(*base64_decode(jws["protected"].get<std::string>(), Base64::url));
      {
        std::lock_guard<std::mutex> lock(mutex_);
        nonces_.push_back(header["nonce"]);
      }
      answer_(request, reply, ++posts);
    }
  }

  Answer answer_;
  std::mutex mutex_;
  std::vector<std::string> nonces_;
  ScriptedServer server_;
  Loop loop_;
  rest::Client http_;
  CaClient client_;
};

const AccountForm form{"me@x", "", ""};

std::string nonce(const std::string& value) { return "Replay-Nonce: " + value + "\r\n"; }
const std::string kBadNonce = R"({"type":"urn:ietf:params:acme:error:badNonce","detail":"again"})";

}  // namespace

TEST_CASE("a refused nonce is answered with the one that came with the refusal") {
  SmallCa ca([](const auto&, auto& reply, int number) {
    if (number <= 20) {
      reply.reply(400, kBadNonce, nonce("from-" + std::to_string(number)));
    } else {
      reply.reply(200, "done", nonce("last"));
    }
  });
  Outcome<CaReply> reply = ca.post();
  REQUIRE(reply);
  CHECK(reply->body == "done");
  REQUIRE(ca.nonces().size() == 21);
  CHECK(ca.nonces()[1] == "from-1");
  CHECK(ca.nonces()[20] == "from-20");
  CHECK(ca.heads == 1);
  CHECK(ca.post());
  CHECK(ca.nonces().back() == "last");
}

TEST_CASE("a CA that gives no nonces with its answers is asked for them") {
  SmallCa ca([](const auto&, auto& reply, int) { reply.reply(200, "ok"); });
  CHECK(ca.post());
  CHECK(ca.post());
  CHECK(ca.heads == 2);
}

TEST_CASE("what got no answer is asked again") {
  SmallCa ca([](const auto&, auto& reply, int number) {
    if (number == 1) {
      reply.close();
    } else if (number == 2) {
      reply.reply(503, "busy");
    } else {
      reply.reply(200, "ok", nonce("x"));
    }
  });
  CHECK(ca.post());
  CHECK(ca.posts == 3);
}

TEST_CASE("what must not be repeated is asked once") {
  SmallCa once([](const auto&, auto& reply, int) { reply.reply(500, "{}"); });
  Outcome<CaReply> reply = once.post(CaClient::Repeat::never);
  REQUIRE_FALSE(reply);
  CHECK(reply.failure().kind == Failure::Kind::unreachable);
  CHECK(once.posts == 1);
}

TEST_CASE("a refusal comes back in the words of the CA, a redirect is none of our ways") {
  SmallCa ca([](const auto&, auto& reply, int number) {
    if (number == 1) {
      reply.reply(403, R"({"type":"urn:ietf:params:acme:error:unauthorized","detail":"not you"})", nonce("a"));
    } else {
      reply.reply(302, "", "Location: https://elsewhere.test/\r\n" + nonce("b"));
    }
  });
  Outcome<CaReply> refused = ca.post();
  REQUIRE_FALSE(refused);
  CHECK(refused.failure().text().find("unauthorized: not you") == 0);
  CHECK_FALSE(ca.post());
  CHECK(ca.posts == 2);
}

TEST_CASE("an answer that is too large, or nested too deeply, is trouble of the CA") {
  SmallCa ca([](const auto&, auto& reply, int number) {
    if (number == 1) {
      reply.reply(200, std::string(CaClient::kMostJson + 1, ' '), nonce("a"));
    } else if (number == 2) {
      reply.reply(200, std::string(40, '[') + std::string(40, ']'), nonce("b"));
    } else {
      reply.reply(200, R"(["[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"[["])", nonce("c"));
    }
  });
  Outcome<CaReply> large = ca.post(CaClient::Repeat::never);
  REQUIRE_FALSE(large);
  CHECK(large.failure().kind == Failure::Kind::unreachable);
  Outcome<CaReply> deep = ca.post(CaClient::Repeat::never);
  REQUIRE_FALSE(deep);
  CHECK(deep.failure().kind == Failure::Kind::unreachable);
  CHECK(deep.failure().detail.find("deeply") != std::string::npos);
  CHECK(ca.post(CaClient::Repeat::never));
}

TEST_CASE("a chain may be larger than an object") {
  SmallCa ca([](const auto&, auto& reply, int) { reply.reply(200, std::string(CaClient::kMostJson + 1, 'x')); });
  CHECK(test::run_on(ca.loop(), ca.client().post(ca.key_, "kid", ca.base() + "/thing", "", CaClient::Repeat::never,
                                                 CaClient::kMostChain)));
}

TEST_CASE("alternate chains are found among the links") {
  SmallCa ca([](const auto&, auto& reply, int) {
    reply.reply(200, "pem",
                "Link: <https://x/dir>;rel=\"index\", <https://x/1>; rel=\"alternate\"\r\nLink: "
                "<https://x/2>;rel=alternate\r\n");
  });
  Outcome<CaReply> reply = ca.post();
  REQUIRE(reply);
  CHECK(reply->alternates == std::vector<std::string>{"https://x/1", "https://x/2"});
}

TEST_CASE("an account is the one there is, and a closed one is not replaced") {
  SmallCa ca([](const auto&, auto& reply, int number) {
    const char* status = number == 1 ? "valid" : "deactivated";
    reply.reply(200, std::string(R"({"status":")") + status + "\"}", "Location: https://x/acct/1\r\n" + nonce("n"));
  });
  Outcome<Account> account = test::run_on(ca.loop(), open_account(ca.client(), ca.key_, form));
  REQUIRE(account);
  CHECK(account->url == "https://x/acct/1");
  Outcome<Account> closed = test::run_on(ca.loop(), open_account(ca.client(), ca.key_, form));
  REQUIRE_FALSE(closed);
  CHECK(closed.failure().kind == Failure::Kind::permanent);
}

TEST_CASE("a CA that wants a binding is asked whether it knows the key, and no more") {
  SmallCa ca([](const auto& request, auto& reply, int) {
    const auto jws = nlohmann::json::parse(request.body);
    const std::string payload = *base64_decode(jws["payload"].template get<std::string>(), Base64::url);
    CHECK(payload.find("onlyReturnExisting") != std::string::npos);
    reply.reply(400, R"({"type":"urn:ietf:params:acme:error:accountDoesNotExist","detail":"no"})", nonce("n"));
  });
  ca.more_directory = R"(,"meta":{"externalAccountRequired":true})";
  Outcome<Account> account = test::run_on(ca.loop(), open_account(ca.client(), ca.key_, form));
  REQUIRE_FALSE(account);
  CHECK(account.failure().kind == Failure::Kind::permanent);
  CHECK(account.failure().detail.find("eab.kid") != std::string::npos);
  CHECK(ca.posts == 1);
}

TEST_CASE("only URLs of https are asked, and of this machine") {
  CHECK(split_url("https://ca.test/dir?x=1")->second == "/dir?x=1");
  CHECK(split_url("https://ca.test")->second == "/");
  CHECK(split_url("http://127.0.0.1:1/dir").ok());
  CHECK_FALSE(split_url("http://ca.test/dir").ok());
  CHECK_FALSE(split_url("https://me@ca.test/dir").ok());
  CHECK_FALSE(split_url("https://ca.test/a b").ok());
  CHECK_FALSE(split_url("ca.test").ok());
}
