// Every row of the table of docs/challenges.md on HTTP-01, on the wiring of a worker.
#include "server/http_challenges.h"

#include "support/catch.h"
#include "support/edge/test_edge.h"

using namespace sluice;
using namespace sluice::test;

namespace {

const std::string kToken = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA";
const std::string kKeyAuthorization = kToken + ".9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI";

std::string ask(const std::string& host, const std::string& path, const std::string& method = "GET",
                const std::string& fields = "") {
  return method + " " + path + " HTTP/1.1\r\nHost: " + host + "\r\n" + fields + "\r\n";
}
std::string challenge(const std::string& host, const std::string& fields = "") {
  return ask(host, std::string(server::kChallengePath) + kToken, "GET", fields);
}
std::string says(const std::string& text, const std::string& fields = "") {
  return "HTTP/1.1 200 OK\r\n" + fields + "Content-Length: " + std::to_string(text.size()) + "\r\n\r\n" + text;
}
int status(const std::string& answer) { return answer.size() < 12 ? 0 : std::stoi(answer.substr(9, 3)); }
std::string content(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }
bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

class Redirect final : public proxy::Handler {
 public:
  Task<Result<http::Response>> handle(http::Request& request) const override {
    co_return http::text_response(request.arena, 308, "to https");
  }
};

// Stands for an authentication in front of a router.
class Denies final : public proxy::Handler {
 public:
  Task<Result<http::Response>> handle(http::Request& request) const override {
    co_return http::text_response(request.arena, 401, "who are you?");
  }
};

// app.test: ours, with a certificate of our own. vm.test: somebody else's. Everything is redirected to https.
struct Edge : TestEdge {
  Edge() {
    route("Host(`app.test`)", {"app"});
    route("Host(`vm.test`)", {"vm"});
    redirect(std::make_shared<Redirect>());
    upstream("app").answers(says("of the app"));
    upstream("vm").answers(says("of the vm"));
    challenge_rules = std::make_shared<server::ChallengeRules>();
    manage({"app.test", "bare.test"});
  }

  void manage(server::ChallengeRules::Names hosts) {
    challenge_rules->managed = std::make_shared<const server::ChallengeRules::Names>(std::move(hosts));
  }
  void arm(const std::string& host = "app.test") {
    armed = std::make_shared<server::Challenges>();
    armed->arm_http(host, kToken, kKeyAuthorization);
  }
  void delegate(const std::string& host, const std::string& to) {
    bool wildcard = host.starts_with("*.");
    route::HostPattern pattern{wildcard ? route::HostPattern::Kind::wildcard : route::HostPattern::Kind::exact,
                               wildcard ? host.substr(2) : host};
    std::vector<std::pair<route::HostPattern, server::HttpChallengeTarget>> targets;
    targets.emplace_back(pattern, server::HttpChallengeTarget{"router vm@test", answering({to})});
    challenge_rules->http = server::ChallengeTargets<server::HttpChallengeTarget>(std::move(targets));
  }
};

}  // namespace

TEST_CASE("row 1: what is not exactly a challenge path, or not GET or HEAD, is an ordinary request") {
  const std::string prefix(server::kChallengePath);
  for (const std::string& path :
       {prefix, prefix + "short", prefix + kToken + "/", prefix + kToken + "/more", prefix + kToken + "%41",
        "/x/.." + prefix + kToken, "/" + prefix + kToken, prefix + "../" + kToken, prefix + std::string(257, 'a'),
        prefix + kToken.substr(0, 20) + "~", std::string("/.well-known/acme-challengeX/") + kToken,
        std::string("/.well-known/security.txt")}) {
    CAPTURE(path);
    Edge edge;
    edge.arm("vm.test");
    CHECK(status(edge.exchange(ask("vm.test", path))) == 308);
  }
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS"}) {
    CAPTURE(method);
    Edge edge;
    edge.arm("vm.test");
    CHECK(status(edge.exchange(ask("vm.test", prefix + kToken, method))) == 308);
  }
}

TEST_CASE("row 2: an armed token is answered before redirections, delegation and every router") {
  Edge edge;
  edge.arm();
  edge.delegate("app.test", "vm");
  std::string answer = edge.exchange(challenge("app.test"));
  CHECK(status(answer) == 200);
  CHECK(content(answer) == kKeyAuthorization);
  CHECK(has(answer, "Content-Length: " + std::to_string(kKeyAuthorization.size()) + "\r\n"));
  CHECK(has(answer, "Content-Type: text/plain"));
  CHECK(has(answer, "X-Content-Type-Options: nosniff\r\n"));
  CHECK(edge.upstream("app").connections() == 0);
  CHECK(edge.upstream("vm").connections() == 0);
}

TEST_CASE("row 2: the host is compared without case, port and trailing dot, and a HEAD has no content") {
  for (const char* host : {"APP.test", "app.test:5002", "app.test.", "App.Test.:80"}) {
    CAPTURE(host);
    Edge edge;
    edge.arm();
    CHECK(content(edge.exchange(challenge(host))) == kKeyAuthorization);
  }
  Edge edge;
  edge.arm();
  std::string answer = edge.exchange(ask("app.test", std::string(server::kChallengePath) + kToken, "HEAD"));
  CHECK(status(answer) == 200);
  CHECK(content(answer).empty());
}

TEST_CASE("row 2: a token wins over a router of any length and priority, and over an authentication") {
  TestEdge edge;
  edge.route("Host(`app.test`) && PathPrefix(`/.well-known/acme-challenge/`) && !Path(`/something-long-to-be-first`)",
             std::make_shared<Denies>());
  edge.router(0).takes_challenges = true;
  edge.challenges_pass = true;
  edge.armed = std::make_shared<server::Challenges>();
  edge.armed->arm_http("app.test", kToken, kKeyAuthorization);
  CHECK(content(edge.exchange(challenge("app.test"))) == kKeyAuthorization);
}

TEST_CASE("row 2: challenges are armed and gone while a connection stays open") {
  Edge edge;
  TestEdge::Client client = edge.connect();
  client.say(challenge("app.test"));
  CHECK(status(client.received()) == 404);
  edge.arm();
  client.say(challenge("app.test"));
  CHECK(has(client.received(), kKeyAuthorization));
  std::size_t before = client.received().size();
  edge.armed = nullptr;
  client.say(challenge("app.test"));
  CHECK(status(client.received().substr(before)) == 404);
}

TEST_CASE("row 3: a token armed for another host is unknown") {
  Edge edge;
  edge.arm("other.test");
  CHECK(content(edge.exchange(challenge("vm.test"))) == "of the vm");
  CHECK(status(edge.exchange(challenge("app.test"))) == 404);
}

TEST_CASE("row 6: a delegated host's question goes to its target alone, as it came") {
  Edge edge;
  edge.delegate("*.test", "inner");
  edge.upstream("inner").answers(says("of the inner one", "Set-Cookie: a=b\r\n"));
  std::string answer = edge.exchange(challenge("app.test", "Content-Length: 4\r\nUpgrade: websocket\r\n") + "body");
  CHECK(status(answer) == 200);
  CHECK(content(answer) == "of the inner one");
  CHECK_FALSE(has(answer, "Set-Cookie"));
  std::string asked = edge.upstream("inner").received().at(0);
  CHECK(asked.starts_with("GET /.well-known/acme-challenge/" + kToken + " HTTP/1.1\r\nHost: app.test\r\n"));
  CHECK(has(asked, "Via: 1.1 sluice-"));
  CHECK_FALSE(has(asked, "body"));
  CHECK_FALSE(has(asked, "Content-Length"));
  CHECK(edge.upstream("app").connections() == 0);
}

TEST_CASE("row 6: a target that does not answer in ten seconds, or says too much, is given up") {
  {
    Edge edge;
    edge.delegate("vm.test", "slow");
    edge.upstream("slow").plays(
        {Scene{"\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nha", Scene::Then::keep}});
    TestEdge::Client client = edge.connect();
    client.say(challenge("vm.test"));
    edge.loop().advance(9s);
    CHECK(client.received().empty());
    edge.loop().advance(2s);
    CHECK(status(client.received()) == 504);
  }
  {
    Edge edge;
    edge.delegate("vm.test", "large");
    edge.upstream("large").answers(says(std::string(65 * 1024, 'x')));
    CHECK(status(edge.exchange(challenge("vm.test"))) == 502);
  }
}

TEST_CASE("row 7: an unknown token of a host that is not ours goes to its router, around the redirection") {
  {
    Edge edge;
    std::string answer = edge.exchange(challenge("vm.test"));
    CHECK(content(answer) == "of the vm");
    CHECK(has(edge.upstream("vm").received().at(0), "Via: 1.1 sluice-"));
    CHECK(status(edge.exchange(ask("vm.test", "/"))) == 308);
  }
  // What protects the router protects it from such questions too.
  TestEdge closed;
  closed.route("Host(`vm.test`)", std::make_shared<Denies>());
  CHECK(status(closed.exchange(challenge("vm.test"))) == 401);
}

TEST_CASE("row 8: an unknown token of a host of ours goes to a router that asks for it") {
  {
    Edge edge;
    edge.router(0).takes_challenges = true;
    CHECK(content(edge.exchange(challenge("app.test"))) == "of the app");
  }
  Edge edge;
  edge.challenges_pass = true;
  CHECK(content(edge.exchange(challenge("app.test"))) == "of the app");
  edge.arm();
  CHECK(content(edge.exchange(challenge("app.test"))) == kKeyAuthorization);
}

TEST_CASE("rows 9 and 10: an unknown token of a host of ours is 404, with or without a router") {
  Edge edge;
  for (const char* host : {"app.test", "bare.test"}) {
    std::string answer = edge.exchange(challenge(host));
    CHECK(status(answer) == 404);
    CHECK(content(answer).empty());
  }
  CHECK(edge.upstream("app").connections() == 0);
}

TEST_CASE("row 10: a host without a router is redirected if everything is, else 404") {
  std::string ours;
  {
    Edge edge;
    CHECK(status(edge.exchange(challenge("nobody.test"))) == 308);
    ours = edge.exchange(challenge("app.test"));
  }
  {
    Edge passing;
    passing.challenges_pass = true;
    CHECK(status(passing.exchange(challenge("bare.test"))) == 308);
  }
  TestEdge plain;
  plain.route("Host(`app.test`)", {"app"});
  std::string nobody = plain.exchange(challenge("nobody.test"));
  CHECK(status(nobody) == 404);
  // All refusals are the same answer: nobody learns what is armed for whom.
  plain.armed = std::make_shared<server::Challenges>();
  plain.armed->arm_http("app.test", kToken, kKeyAuthorization);
  CHECK(plain.exchange(challenge("nobody.test")) == nobody);
  CHECK(ours == nobody);
}

TEST_CASE("row 10: a host of ours that lets challenges pass elsewhere is redirected to there") {
  Edge edge;
  edge.challenge_rules->passing =
      std::make_shared<const server::ChallengeRules::Names>(server::ChallengeRules::Names{"bare.test"});
  CHECK(status(edge.exchange(challenge("bare.test"))) == 308);
  CHECK(status(edge.exchange(challenge("app.test"))) == 404);
}

TEST_CASE("row 11: a question that comes back to us ends there") {
  std::string via;
  {
    Edge edge;
    edge.exchange(challenge("vm.test"));
    std::string asked = edge.upstream("vm").received().at(0);
    via = asked.substr(asked.find("Via: "));
    via = via.substr(0, via.find("\r\n") + 2);
  }
  Edge again;
  CHECK(status(again.exchange(challenge("vm.test", via))) == 508);
  CHECK(again.upstream("vm").connections() == 0);
  // Another proxy's name is none of ours, and what we are asked ourselves we answer.
  CHECK(status(again.exchange(challenge("vm.test", "Via: 1.1 other\r\n"))) == 200);
  again.arm("vm.test");
  CHECK(content(again.exchange(challenge("vm.test", via))) == kKeyAuthorization);
}

TEST_CASE("a question split at any byte is the same question") {
  const std::string question = challenge("app.test");
  for (std::size_t piece = 1; piece < question.size(); piece += 3) {
    Edge edge;
    edge.arm();
    CHECK(content(edge.exchange(question, piece)) == kKeyAuthorization);
  }
}
