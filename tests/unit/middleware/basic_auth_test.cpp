#include "middleware/basic_auth.h"

#include <filesystem>
#include <fstream>

#include "base/encoding.h"
#include "middleware/basic_credentials.h"
#include "middleware/password_hash.h"
#include "unit/middleware/middleware_test.h"

using namespace sluice;
using test::Ask;
using test::MiddlewareTest;
using test::Reply;

namespace {

// The password is "test" each time.
const std::string kSha1 = "{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M=";
const std::string kApr1 = "$apr1$abcdefgh$/cesMUEGhga5MgaTGywaW0";
const std::string kBcrypt = "$2b$04$abcdefghijklmnopqrstuuoD8yw7MmybLKVooaTGGZAt3HXugv2.a";
const std::string kMd5 = "$1$salt$No6gqynaE4urT3jScs91F/";
// "a much longer password than sixteen"
const std::string kLongApr1 = "$apr1$xy$IAoav9jLpxZmHK9X26CJR1";

Ask with(const std::string& user, const std::string& password) {
  return {.fields = {{"Authorization", "Basic " + base64_encode(user + ":" + password)}}};
}

config::BasicAuth users(std::vector<std::string> list) {
  config::BasicAuth settings;
  settings.users = std::move(list);
  return settings;
}

std::string refusal(const config::BasicAuth& settings) {
  control::MadeMiddleware made = middleware::BasicAuth::make(settings, 1);
  CHECK(made.middleware == nullptr);
  return made.error;
}

struct BasicAuthTest : MiddlewareTest {
  explicit BasicAuthTest(const config::BasicAuth& settings)
      : MiddlewareTest(middleware::BasicAuth::make(settings, 1)) {}
};

class UsersFile {
 public:
  UsersFile() : path_(std::filesystem::temp_directory_path() / ("sluice_users_" + random_hex(8))) {}
  ~UsersFile() { std::filesystem::remove(path_); }
  void write(const std::string& text) {
    std::ofstream(path_, std::ios::trunc) << text;
    // Not two states of the file in one tick of the file system's clock.
    std::filesystem::last_write_time(path_, std::filesystem::file_time_type::clock::now() + std::chrono::seconds(++n_));
  }
  std::string path() const { return path_; }

 private:
  std::filesystem::path path_;
  int n_ = 0;
};

}  // namespace

TEST_CASE("each kind of hash knows its password and no other") {
  for (const std::string& hash : {kSha1, kApr1, kBcrypt, kMd5}) {
    INFO(hash);
    CHECK(middleware::password_matches(hash, "test"));
    CHECK_FALSE(middleware::password_matches(hash, "test "));
    CHECK_FALSE(middleware::password_matches(hash, ""));
    CHECK_FALSE(middleware::password_matches(hash, std::string("test\0x", 6)));
    CHECK_FALSE(middleware::password_matches(hash.substr(0, hash.size() - 1), "test"));
  }
  CHECK(middleware::password_matches(kLongApr1, "a much longer password than sixteen"));
  CHECK_FALSE(middleware::password_matches("test", "test"));
  CHECK_FALSE(middleware::password_matches("$apr1$", "test"));
  CHECK_FALSE(middleware::password_matches("", ""));
}

TEST_CASE("credentials are read in any case of the scheme, and nothing else is taken for them") {
  auto user = [](std::string_view text) {
    std::optional<middleware::BasicCredentials> read = middleware::parse_basic(text);
    return read ? read->user + "/" + read->password : "none";
  };
  CHECK(user("Basic dTpw") == "u/p");
  CHECK(user("bASIC   dTpw ") == "u/p");
  CHECK(user("Basic " + base64_encode("u:p:q")) == "u/p:q");
  CHECK(user("Basic " + base64_encode("u:")) == "u/");
  CHECK(user("Basic") == "none");
  CHECK(user("Basic " + base64_encode("up")) == "none");
  CHECK(user("Basic dTp") == "none");
  CHECK(user("Basic " + base64_encode("u\r\nX-A:b:p")) == "none");
  CHECK(user("Bearer dTpw") == "none");
  CHECK(user("") == "none");
}

TEST_CASE("basicAuth lets in users with their password, whatever the hash") {
  for (const std::string& hash : {kSha1, kApr1, kBcrypt}) {
    BasicAuthTest test(users({"ann:" + hash}));
    CHECK(test.ask_and_wait(with("ann", "test")).status == 200);
    CHECK(test.ask_and_wait(with("ann", "wrong")).status == 401);
    CHECK(test.ask_and_wait(with("bob", "test")).status == 401);
    CHECK(test.handler.seen.size() == 1);
  }
}

TEST_CASE("a refusal of basicAuth names the realm") {
  config::BasicAuth settings = users({"ann:" + kSha1});
  {
    BasicAuthTest test(settings);
    Reply reply = test.ask({});
    CHECK(reply.status == 401);
    CHECK(reply.get("WWW-Authenticate") == "Basic realm=\"traefik\"");
    CHECK(reply.get("Content-Type") == "text/plain; charset=utf-8");
    CHECK(reply.body == "401 Unauthorized\n");
    CHECK(test.handler.seen.empty());
  }
  settings.realm = "my \"own\"";
  BasicAuthTest test(settings);
  CHECK(test.ask({}).get("WWW-Authenticate") == "Basic realm=\"my \\\"own\\\"\"");
}

TEST_CASE("good credentials are remembered and bad ones are not") {
  BasicAuthTest test(users({"ann:" + kBcrypt, "bob:" + kApr1}));
  CHECK(test.ask_and_wait(with("ann", "test")).status == 200);
  CHECK(test.ask(with("ann", "test")).status == 200);  // at once
  CHECK(test.ask_and_wait(with("ann", "wrong")).status == 401);
  CHECK(test.ask_and_wait(with("ann", "wrong")).status == 401);
  CHECK(test.ask_and_wait(with("bob", "test")).status == 200);
  // The stand-in for unknown users is ann's hash: knowing her password is no way in.
  CHECK(test.ask_and_wait(with("eve", "test")).status == 401);
  CHECK(test.ask_and_wait(with("eve", "test")).status == 401);
}

TEST_CASE("two Authorization fields are none") {
  BasicAuthTest test(users({"ann:" + kSha1}));
  Ask ask = with("ann", "test");
  ask.fields.push_back(ask.fields[0]);
  CHECK(test.ask(ask).status == 401);
}

TEST_CASE("headerField tells the user, and nobody else can say it") {
  config::BasicAuth settings = users({"ann:" + kSha1});
  settings.header_field = "X-User";
  BasicAuthTest test(settings);
  Ask ask = with("ann", "test");
  ask.fields.insert(ask.fields.end(), {{"X-User", "root"}, {"x_user", "root"}});
  CHECK(test.ask(ask).status == 200);
  CHECK(test.seen().get("X-User") == "ann");
  CHECK(test.seen().get("x_user").empty());
  CHECK(test.seen().user == "ann");
  CHECK_FALSE(test.seen().get("Authorization").empty());
  settings.header_field = "no name";
  refusal(settings);
}

TEST_CASE("removeHeader keeps the credentials from the server") {
  config::BasicAuth settings = users({"ann:" + kSha1});
  settings.remove_header = true;
  BasicAuthTest test(settings);
  test.ask(with("ann", "test"));
  CHECK(test.seen().get("Authorization").empty());
}

TEST_CASE("basicAuth that nobody could pass, or with entries that are none, is refused without a word of the hash") {
  refusal(users({}));
  CHECK(refusal(users({"ann"})).find("ann") != std::string::npos);
  refusal(users({"ann:" + kSha1 + ":x"}));
  CHECK(refusal(users({"ann:plaintext"})).find("plaintext") == std::string::npos);
  config::BasicAuth settings = users({"ann:" + kSha1});
  settings.users_file = "/nonexistent/users";
  refusal(settings);
}

TEST_CASE("usersFile has a user per line, and the list takes the place of its entries") {
  UsersFile file;
  file.write("# users\n\nann:" + kSha1 + "\r\n bob:" + kApr1 + " \nold:{SHA}AAAA\n");
  config::BasicAuth settings = users({"old:" + kSha1});
  settings.users_file = file.path();
  BasicAuthTest test(settings);
  CHECK(test.ask_and_wait(with("ann", "test")).status == 200);
  CHECK(test.ask_and_wait(with("bob", "test")).status == 200);
  CHECK(test.ask_and_wait(with("old", "test")).status == 200);
}

TEST_CASE("usersFile is read again when it changes, and a broken one changes nothing") {
  UsersFile file;
  file.write("ann:" + kSha1);
  config::BasicAuth settings;
  settings.users_file = file.path();
  BasicAuthTest test(settings);
  CHECK(test.ask_and_wait(with("ann", "test")).status == 200);
  file.write("bob:" + kSha1);
  CHECK(test.ask_and_wait(with("ann", "test")).status == 200);  // not looked at in this second
  test.advance(2s);
  CHECK(test.ask_and_wait(with("ann", "test")).status == 401);
  CHECK(test.ask_and_wait(with("bob", "test")).status == 200);
  file.write("bob");
  test.advance(2s);
  CHECK(test.ask_and_wait(with("bob", "test")).status == 200);
  std::filesystem::remove(file.path());
  test.advance(2s);
  CHECK(test.ask_and_wait(with("bob", "test")).status == 200);
}
