#include "acme/issuance.h"

#include <mutex>
#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "support/catch.h"
#include "support/run_task.h"
#include "support/scripted_server.h"

using namespace sluice;
using namespace sluice::acme;
using test::ScriptedServer;

namespace {

// A CA whose one order has one authorization, which is valid as soon as a challenge was answered. It refuses to
// finalize: what comes before that is looked at.
class OneOrderCa {
 public:
  // `challenges`: with BASE for the beginning of URLs.
  explicit OneOrderCa(std::string challenges, bool wildcard = false)
      : wildcard_(wildcard),
        server_([this](const auto& request, auto& reply) { serve(request, reply); }, ScriptedServer::At::tcp) {
    for (std::size_t at = 0; (at = challenges.find("BASE")) != std::string::npos;) challenges.replace(at, 4, base());
    challenges_ = std::move(challenges);
  }

  std::string base() const { return "http://127.0.0.1:" + std::to_string(server_.port()); }
  std::vector<std::string> answered() {
    std::lock_guard<std::mutex> lock(mutex_);
    return answered_;
  }

 private:
  void serve(const ScriptedServer::Request& request, ScriptedServer::Connection& reply) {
    const std::string at = base();
    const std::string nonce = "Replay-Nonce: n\r\n";
    const bool valid = !answered().empty();
    if (request.path == "/dir") {
      reply.reply(200, R"({"newNonce":")" + at + R"(/nonce","newAccount":")" + at + R"(/acct","newOrder":")" + at +
                           R"(/new"})");
    } else if (request.method == "HEAD") {
      reply.send("HTTP/1.1 200 OK\r\n" + nonce + "Content-Length: 0\r\n\r\n");
    } else if (request.path == "/new" || request.path == "/order") {
      reply.reply(request.path == "/new" ? 201 : 200,
                  R"({"status":")" + std::string(valid ? "ready" : "pending") + R"(","identifiers":[{"type":"dns",)" +
                      R"("value":")" + (wildcard_ ? "*." : "") + R"(a.example.org"}],"authorizations":[")" + at +
                      R"(/authz"],"finalize":")" + at + R"(/finalize"})",
                  nonce + "Location: " + at + "/order\r\n");
    } else if (request.path == "/authz") {
      reply.reply(200,
                  R"({"status":")" + std::string(valid ? "valid" : "pending") + R"(","wildcard":)" +
                      (wildcard_ ? "true" : "false") +
                      R"(,"identifier":{"type":"dns","value":"a.example.org"},"challenges":)" + challenges_ + "}",
                  nonce);
    } else if (request.path == "/finalize") {
      reply.reply(403, R"({"type":"urn:ietf:params:acme:error:badCSR","detail":"so far"})", nonce);
    } else {
      std::lock_guard<std::mutex> lock(mutex_);
      answered_.push_back(request.path);
      reply.reply(200, "{}", nonce);
    }
  }

  std::string challenges_;
  bool wildcard_;
  std::mutex mutex_;
  std::vector<std::string> answered_;
  ScriptedServer server_;
};

struct Recorder final : Challenger, OrderNotes, RecordNotes {
  Task<Step> arm(std::string type, std::string, std::string, std::string) override {
    armed.push_back(std::move(type));
    if (fails) co_return Failure::local("the provider does not answer");
    co_return Done{};
  }
  Task<Step> disarm(std::string type, std::string, std::string, std::string) override {
    disarmed.push_back(std::move(type));
    if (stays) co_return Failure::local("the provider does not answer");
    co_return Done{};
  }
  Task<Step> find_record(std::string name, std::vector<std::string> issuers, std::string account,
                         bool wildcard) override {
    looked.push_back(name + ' ' + issuers.front() + ' ' + account + (wildcard ? " wildcard" : ""));
    if (published) co_return Done{};
    co_return Failure::local("publish this record");
  }
  Task<Step> note(OpenOrder) override { co_return Done{}; }
  Task<Step> note(OpenRecord record) override {
    CHECK(armed.empty());
    records.push_back(std::move(record));
    co_return Done{};
  }
  Task<void> forget(OpenRecord record) override {
    CHECK(disarmed.size() == 1);
    std::erase(records, record);
    co_return;
  }
  void leave(OpenRecord record) override { left.push_back(std::move(record)); }

  bool published = false;
  bool fails = false;
  bool stays = false;
  std::vector<OpenRecord> records;
  std::vector<OpenRecord> left;
  std::vector<std::string> armed;
  std::vector<std::string> disarmed;
  std::vector<std::string> looked;
};

Failure attempt(OneOrderCa& ca, Recorder& recorder, std::string name, std::vector<std::string> types) {
  Loop loop;
  rest::Client http("test/1");
  CaSettings settings;
  settings.directory_url = ca.base() + "/dir";
  settings.timeout = 5s;
  settings.head_timeout = 5s;
  CaClient client(http, settings);
  IssuanceForm form;
  form.names = {std::move(name)};
  form.types = std::move(types);
  Issuance issuance(client, Account{PrivateKey::generate(KeyType::ec256), "https://ca/account/1", ""}, recorder,
                    recorder, recorder, std::move(form));
  Outcome<Issued> issued = test::run_on(loop, issuance.run(std::nullopt));
  REQUIRE(!issued);
  return issued.failure();
}

const std::string kDns = R"({"type":"dns-01","url":"BASE/dns","token":"0123456789abcdef"})";
const std::string kStanding =
    R"({"type":"dns-persist-01","url":"BASE/persist","issuer-domain-names":["ca.example","other.example"]})";

}  // namespace

TEST_CASE("a record that stays proves a name where the CA takes it, and nothing is published") {
  OneOrderCa ca("[" + kDns + "," + kStanding + "]", true);
  Recorder recorder;
  recorder.published = true;
  const Failure failure = attempt(ca, recorder, "*.a.example.org", {"dns-persist-01", "dns-01"});
  CHECK(failure.type == "badCSR");
  CHECK(ca.answered() == std::vector<std::string>{"/persist"});
  CHECK(recorder.armed.empty());
  CHECK(recorder.disarmed.empty());
  CHECK(recorder.looked == std::vector<std::string>{"a.example.org ca.example https://ca/account/1 wildcard"});
}

TEST_CASE("what is put into the DNS is noted before, and until it is gone") {
  OneOrderCa ca("[" + kDns + "]");
  Recorder recorder;
  attempt(ca, recorder, "a.example.org", {"dns-01"});
  CHECK(recorder.armed.size() == 1);
  CHECK(recorder.records.empty());
  CHECK(recorder.left.empty());

  OneOrderCa other("[" + kDns + "]");
  Recorder forgetful;
  forgetful.stays = true;
  attempt(other, forgetful, "a.example.org", {"dns-01"});
  REQUIRE(forgetful.records.size() == 1);
  CHECK(forgetful.left == forgetful.records);
  CHECK(forgetful.records[0].name == "a.example.org");
  CHECK(forgetful.records[0].token == "0123456789abcdef");
  CHECK(forgetful.records[0].key_authorization.starts_with("0123456789abcdef."));
}

TEST_CASE("a record that could not be published as a whole is withdrawn") {
  OneOrderCa ca("[" + kDns + "]");
  Recorder recorder;
  recorder.fails = true;
  attempt(ca, recorder, "a.example.org", {"dns-01"});
  CHECK(recorder.disarmed == recorder.armed);
  CHECK(recorder.records.empty());
  CHECK(ca.answered().empty());
}

TEST_CASE("without such a record the name is proved as ever") {
  OneOrderCa ca("[" + kStanding + "," + kDns + "]");
  Recorder recorder;
  const Failure failure = attempt(ca, recorder, "a.example.org", {"dns-persist-01", "dns-01"});
  CHECK(failure.type == "badCSR");
  CHECK(ca.answered() == std::vector<std::string>{"/dns"});
  CHECK(recorder.armed == std::vector<std::string>{"dns-01"});
  CHECK(recorder.disarmed == recorder.armed);
}

TEST_CASE("a CA that takes nothing but such a record is told about when it is missing") {
  OneOrderCa ca("[" + kStanding + "]");
  Recorder recorder;
  const Failure failure = attempt(ca, recorder, "a.example.org", {"dns-persist-01", "dns-01"});
  CHECK(failure.kind == Failure::Kind::permanent);
  CHECK(failure.detail.find("publish this record") != std::string::npos);
  CHECK(ca.answered().empty());
}

TEST_CASE("a resolver that proves names otherwise asks for no record") {
  OneOrderCa ca(R"([{"type":"http-01","url":"BASE/http","token":"0123456789abcdef"},)" + kStanding + "]");
  Recorder recorder;
  attempt(ca, recorder, "a.example.org", {"http-01"});
  CHECK(ca.answered() == std::vector<std::string>{"/http"});
  CHECK(recorder.looked.empty());
}
