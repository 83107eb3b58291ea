#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "acme/acme_json.h"
#include "acme/file_storage.h"
#include "acme/safe_file.h"
#include "acme/state.h"
#include "base/encoding.h"
#include "support/catch.h"
#include "support/run_task.h"

using namespace sluice;
using namespace sluice::acme;

namespace {

class Folder {
 public:
  Folder() {
    char path[] = "/tmp/sluice-acme-XXXXXX";
    REQUIRE(mkdtemp(path) != nullptr);
    path_ = path;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name) const { return path_ + '/' + name; }

 private:
  std::string path_;
};

void put(const std::string& path, const std::string& text, mode_t mode = 0600) {
  std::ofstream(path) << text;
  chmod(path.c_str(), mode);
}

std::string encoded(const std::string& text) { return base64_encode(text); }

ResolverData data_with(const std::string& name) {
  ResolverData data;
  StoredCertificate one;
  one.main = name;
  one.certificate = "chain of " + name;
  one.key = "key of " + name;
  data.certificates.push_back(one);
  return data;
}

}  // namespace

TEST_CASE("acme.json is written as Traefik writes it") {
  StoredResolvers resolvers;
  ResolverData& data = resolvers["le"];
  data.account.emplace();
  data.account->email = "a<b>&c@example.com";
  data.account->registration =
      make_registration(R"({"status":"valid","contact":["mailto:a"],"key":{}})", "https://ca/1");
  data.account->key_der = "der";
  data.account->key_type = "4096";
  StoredCertificate certificate;
  certificate.main = "a.test";
  certificate.sans = {"b.test"};
  certificate.certificate = "c";
  certificate.key = "k";
  data.certificates.push_back(certificate);
  resolvers["empty"];
  const std::string text = write_store(resolvers);
  CHECK(text == R"({
  "empty": {
    "Account": null,
    "Certificates": null
  },
  "le": {
    "Account": {
      "Email": "a\u003cb\u003e\u0026c@example.com",
      "Registration": {
        "body": {
          "status": "valid",
          "contact": [
            "mailto:a"
          ]
        },
        "uri": "https://ca/1"
      },
      "PrivateKey": "ZGVy",
      "KeyType": "4096"
    },
    "Certificates": [
      {
        "domain": {
          "main": "a.test",
          "sans": [
            "b.test"
          ]
        },
        "certificate": "Yw==",
        "key": "aw==",
        "Store": "default"
      }
    ]
  }
})");
  ReadStore back = read_store(text);
  CHECK(back.error.empty());
  CHECK(back.resolvers == resolvers);
  CHECK(registration_uri(*back.resolvers["le"].account) == "https://ca/1");
}

TEST_CASE("every form of acme.json is read") {
  CHECK(read_store("").error.empty());
  CHECK(read_store(" \n").error.empty());
  CHECK(read_store("null").error.empty());
  ReadStore nulls = read_store(R"({"le":{"Account":null,"Certificates":null},"other":null})");
  CHECK(nulls.error.empty());
  CHECK(nulls.resolvers.size() == 2);
  ReadStore lower = read_store(R"({"le":{"account":{"email":"e","privatekey":")" + encoded("der") +
                               R"("},"certificates":[{"DOMAIN":{"Main":"m"},"Certificate":")" + encoded("c") +
                               R"(","Key":")" + encoded("k") + R"(","more":1},{"domain":{"main":"x"}}]}})");
  REQUIRE(lower.error.empty());
  CHECK(lower.resolvers["le"].account->key_der == "der");
  REQUIRE(lower.resolvers["le"].certificates.size() == 1);
  CHECK(lower.resolvers["le"].certificates[0].main == "m");
}

TEST_CASE("what is no acme.json is not taken for an empty one") {
  for (const char* text : {"{", "[]", "7", R"({"le":7})", R"({"le":{"Account":7}})", R"({"le":{"Certificates":{}}})",
                           R"({"le":{"Certificates":[{"domain":{},"certificate":"!","key":"aw=="}]}})",
                           R"({"Account":null,"Certificates":[],"HTTPChallenges":{}})"}) {
    INFO(text);
    CHECK_FALSE(read_store(text).error.empty());
  }
}

TEST_CASE("acme.json cut at any byte is refused, or was whole") {
  StoredResolvers resolvers;
  resolvers["le"] = data_with("a.test");
  const std::string text = write_store(resolvers);
  for (std::size_t length = 1; length < text.size(); ++length) {
    REQUIRE_FALSE(read_store(std::string_view(text).substr(0, length)).error.empty());
  }
}

TEST_CASE("a file is replaced as a whole and stays its owner's alone") {
  Folder folder;
  const std::string path = folder.file("f");
  put(path, "old", 0644);
  REQUIRE(replace_file(path, "new", path + ".backup"));
  CHECK(*read_file(path) == "new");
  struct stat about {};
  stat(path.c_str(), &about);
  CHECK((about.st_mode & 0777) == 0600);
  CHECK_FALSE(std::filesystem::exists(path + ".new"));
  const std::string link = folder.file("link");
  std::filesystem::create_symlink(path, link);
  REQUIRE(replace_file(link, "newer", link + ".backup"));
  CHECK(std::filesystem::is_symlink(link));
  CHECK(*read_file(path) == "newer");
}

TEST_CASE("a storage keeps resolvers apart and takes over what others wrote") {
  Folder folder;
  const std::string path = folder.file("acme.json");
  Loop loop;
  FileStorage storage(path);
  CHECK(test::run_on(loop, storage.load("le"))->certificates.empty());
  REQUIRE(test::run_on(loop, storage.save("le", data_with("a.test"))));
  FileStorage other(path);
  REQUIRE(test::run_on(loop, other.save("ca2", data_with("b.test"))));
  REQUIRE(test::run_on(loop, storage.save("le", data_with("c.test"))));
  ReadStore all = read_store(*read_file(path));
  CHECK(all.resolvers["le"] == data_with("c.test"));
  CHECK(all.resolvers["ca2"] == data_with("b.test"));
}

TEST_CASE("a storage that cannot be understood is never written") {
  Folder folder;
  const std::string path = folder.file("acme.json");
  put(path, "{\"le\": {");
  Loop loop;
  FileStorage storage(path);
  CHECK_FALSE(test::run_on(loop, storage.load("le")));
  CHECK_FALSE(test::run_on(loop, storage.save("le", data_with("a.test"))));
  CHECK_FALSE(test::run_on(loop, storage.probe()));
  CHECK(*read_file(path) == "{\"le\": {");
  StoredResolvers before;
  before["le"] = data_with("a.test");
  put(path + ".backup", write_store(before));
  CHECK(test::run_on(loop, storage.load("le"))->certificates.size() == 1);
  CHECK(*read_file(path) == write_store(before));
}

TEST_CASE("the rights of others on a storage are taken away") {
  Folder folder;
  const std::string path = folder.file("acme.json");
  put(path, "", 0644);
  Loop loop;
  FileStorage storage(path);
  CHECK(test::run_on(loop, storage.load("le")));
  struct stat about {};
  stat(path.c_str(), &about);
  CHECK((about.st_mode & 0777) == 0600);
}

TEST_CASE("a directory in place of the storage is named as what it is") {
  Folder folder;
  std::filesystem::create_directory(folder.file("acme.json"));
  Loop loop;
  FileStorage storage(folder.file("acme.json"));
  Outcome<ResolverData> data = test::run_on(loop, storage.load("le"));
  REQUIRE_FALSE(data);
  CHECK(data.failure().text().find("is a directory") != std::string::npos);
}

TEST_CASE("what is remembered survives its text form, and damage costs no more than itself") {
  ResolverState state;
  state.account_directory = "https://ca/dir";
  state.accounts["https://ca2/dir"] = {"e", R"({"uri":"u"})", std::string("\0der", 4), "4096"};
  LedgerEntry& entry = state.ledger["a,b"];
  entry.failures = 3;
  entry.next_attempt = 99;
  entry.refusals = {1, 2};
  entry.problem = "bad \xff bytes";
  entry.document = "{}";
  state.orders["a,b"] = {"https://ca/dir", "https://ca/order/1", "key"};
  state.issued["a"] = {5, 6};
  state.certificates["0a"] = {"https://ca/dir", {{1, 2, "why"}, 3, 4}, 5, true};
  state.spent["https://ca/dir"] = {7};
  state.paused["https://ca/dir"] = 8;
  state.inputs = "hash";
  state.records = {{"a", "token", "token.print"}};
  state.held = {"*", "a"};
  state.demanded = {"shop.x"};
  state.archived.push_back({data_with("x").certificates[0], 9});
  ResolverState back = read_state(write_state(state));
  entry.problem = back.ledger["a,b"].problem;  // bytes that are not UTF-8 are replaced
  CHECK(back == state);
  const std::string text = write_state(state);
  for (std::size_t length = 0; length < text.size(); length += 7) read_state(text.substr(0, length));
  CHECK(read_state(R"({"ledger":[1],"orders":{"a":7},"issued":{"a":"b"},"archived":[4]})").ledger.empty());
}
