#include "middleware/digest_auth.h"

#include <fmt/format.h>

#include "base/encoding.h"
#include "tls/digest.h"
#include "unit/middleware/middleware_test.h"

using namespace sluice;
using test::Ask;
using test::MiddlewareTest;
using test::Reply;

namespace {

std::string md5(const std::string& text) { return hex_encode(tls::md5(text)); }

const std::string kAnn = "ann:traefik:" + md5("ann:traefik:secret");

config::DigestAuth users(std::vector<std::string> list) {
  config::DigestAuth settings;
  settings.users = std::move(list);
  return settings;
}

// What a client makes of a challenge.
struct Client {
  std::string user = "ann";
  std::string password = "secret";
  std::string realm = "traefik";
  std::string uri = "/a?b";
  std::string method = "GET";
  std::string nonce;
  std::string opaque;
  std::string qop = "auth";
  std::uint32_t count = 1;

  void learn(const std::string& challenge) {
    auto value = [&](const std::string& name) {
      std::size_t begin = challenge.find(name + "=\"") + name.size() + 2;
      return challenge.substr(begin, challenge.find('"', begin) - begin);
    };
    nonce = value("nonce");
    opaque = value("opaque");
  }
  std::string header() const {
    std::string nc = fmt::format("{:08x}", count);
    std::string response = md5(md5(user + ":" + realm + ":" + password) + ":" + nonce + ":" + nc + ":cn:" + qop + ":" +
                               md5(method + ":" + uri));
    return fmt::format(
        R"(Digest username="{}", realm="{}", nonce="{}", uri="{}", response="{}", opaque="{}", qop={}, nc={}, cnonce="cn")",
        user, realm, nonce, uri, response, opaque, qop, nc);
  }
};

struct DigestTest : MiddlewareTest {
  explicit DigestTest(const config::DigestAuth& settings = users({kAnn})) { renew(settings); }
  void renew(const config::DigestAuth& settings) {
    use(middleware::DigestAuth::make(settings, "digest@test", 1, registry));
  }
  Reply with(const std::string& header) { return ask({.path = "/a?b", .fields = {{"Authorization", header}}}); }
  Client challenged() {
    Client client;
    client.learn(ask({}).get("WWW-Authenticate"));
    return client;
  }
};

bool refused(const config::DigestAuth& settings) {
  control::Registry registry;
  return middleware::DigestAuth::make(settings, "x", 1, registry).middleware == nullptr;
}

}  // namespace

TEST_CASE("digestAuth challenges with realm, nonce, opaque, algorithm and qop") {
  DigestTest test;
  Reply reply = test.ask({});
  CHECK(reply.status == 401);
  CHECK(reply.body == "401 Unauthorized\n");
  std::string challenge = reply.get("WWW-Authenticate");
  CHECK(challenge.starts_with("Digest realm=\"traefik\", nonce=\""));
  CHECK(challenge.find(", opaque=\"") != std::string::npos);
  CHECK(challenge.find(", algorithm=MD5, qop=\"auth\"") != std::string::npos);
  CHECK(challenge.find("stale") == std::string::npos);
  CHECK(test.ask({}).get("WWW-Authenticate") != challenge);
}

TEST_CASE("digestAuth lets in who knows the password, again and again with rising counts") {
  DigestTest test;
  Client client = test.challenged();
  for (client.count = 1; client.count < 20; ++client.count) CHECK(test.with(client.header()).status == 200);
  CHECK(test.handler.seen.size() == 19);
}

TEST_CASE("digestAuth refuses what proves nothing, without calling it stale") {
  DigestTest test;
  auto refusal = [&](auto change) {
    Client client = test.challenged();
    change(client);
    Reply reply = test.with(client.header());
    return reply.status == 401 && reply.get("WWW-Authenticate").find("stale") == std::string::npos;
  };
  CHECK(refusal([](Client& client) { client.password = "wrong"; }));
  CHECK(refusal([](Client& client) { client.user = "bob"; }));
  CHECK(refusal([](Client& client) { client.realm = "other"; }));
  CHECK(refusal([](Client& client) { client.uri = "/other"; }));
  CHECK(refusal([](Client& client) { client.method = "POST"; }));
  CHECK(refusal([](Client& client) { client.opaque = "x"; }));
  CHECK(refusal([](Client& client) { client.qop = "auth-int"; }));
  CHECK(test.with("Basic dTpw").status == 401);
  CHECK(test.with("Digest").status == 401);
  CHECK(test.handler.seen.empty());
}

TEST_CASE("a replayed, old or foreign nonce is stale") {
  DigestTest test;
  auto stale = [&](const Client& client) {
    Reply reply = test.with(client.header());
    return reply.status == 401 && reply.get("WWW-Authenticate").find("stale=true") != std::string::npos;
  };
  Client client = test.challenged();
  client.count = 2;
  CHECK(stale(client));  // a first use that is not the first
  client.count = 1;
  CHECK(test.with(client.header()).status == 200);
  CHECK(stale(client));
  client.count = 3;
  CHECK(test.with(client.header()).status == 200);
  client.count = 2;
  CHECK(stale(client));
  Client late = test.challenged();
  test.advance(16min);
  CHECK(stale(late));
  Client foreign = test.challenged();
  foreign.nonce[0] = foreign.nonce[0] == '0' ? '1' : '0';
  CHECK(stale(foreign));
}

TEST_CASE("nonces outlive the middleware") {
  DigestTest test;
  Client client = test.challenged();
  CHECK(test.with(client.header()).status == 200);
  config::DigestAuth more = users({kAnn, "bob:traefik:" + md5("bob:traefik:x")});
  test.renew(more);
  client.count = 2;
  CHECK(test.with(client.header()).status == 200);
}

TEST_CASE("realm, headerField and removeHeader of digestAuth") {
  config::DigestAuth settings = users({"ann:mine:" + md5("ann:mine:secret")});
  settings.realm = "mine";
  settings.header_field = "X-User";
  settings.remove_header = true;
  DigestTest test(settings);
  Client client = test.challenged();
  client.realm = "mine";
  CHECK(test.ask({.path = "/a?b", .fields = {{"Authorization", client.header()}, {"x_user", "root"}}}).status == 200);
  CHECK(test.seen().get("X-User") == "ann");
  CHECK(test.seen().get("x_user").empty());
  CHECK(test.seen().user == "ann");
  CHECK(test.seen().get("Authorization").empty());
}

TEST_CASE("digestAuth that nobody could pass is refused") {
  CHECK(refused(users({})));
  CHECK(refused(users({"ann:secret"})));
  CHECK(refused(users({"ann:traefik:short"})));
  config::DigestAuth settings = users({kAnn});
  settings.users_file = "/nonexistent/users";
  CHECK(refused(settings));
  settings.users_file.clear();
  settings.header_field = "no name";
  CHECK(refused(settings));
}

TEST_CASE("the Digest field is read with quotes, escapes and blanks, and nothing twice") {
  const std::string rest =
      R"(, nonce=n, uri="/", response=00000000000000000000000000000000, cnonce=c, nc=0000000A, qop=auth)";
  auto user = [](const std::string& text) {
    std::optional<middleware::DigestCredentials> read = middleware::parse_digest(text);
    return read ? read->username : "none";
  };
  CHECK(user(R"(Digest username="a\"b,c", realm="r")" + rest) == "a\"b,c");
  CHECK(user(R"(digest ,, username = "a" ,realm= "r")" + rest + ", unknown=x") == "a");
  CHECK(middleware::parse_digest(R"(Digest username="a", realm="r")" + rest)->count == 10);
  CHECK(user(R"(Digest username="a", username="b", realm="r")" + rest) == "none");
  CHECK(user(R"(Digest username="a)") == "none");
  CHECK(user(R"(Digest username="a\)") == "none");
  CHECK(user(R"(Digest username="a", realm="r")") == "none");
  CHECK(user("Digest =") == "none");
}
