#include "named/named.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "acme/dns/message.h"

extern char** environ;

namespace sluice::test {
namespace {

constexpr const char* kProgram = "/usr/sbin/named";

// A port that is free for UDP and TCP now.
std::uint16_t free_port() {
  for (;;) {
    int tcp = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int udp = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    bool is_free = ::bind(tcp, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                   ::getsockname(tcp, reinterpret_cast<sockaddr*>(&address), &length) == 0 &&
                   ::bind(udp, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    ::close(tcp);
    ::close(udp);
    if (is_free) return ntohs(address.sin_port);
  }
}

}  // namespace

bool Named::is_installed() { return ::access(kProgram, X_OK) == 0; }

Named::Named(std::vector<Key> keys, std::vector<Zone> zones) {
  char folder[] = "/tmp/sluice-named-XXXXXX";
  SLUICE_CHECK(mkdtemp(folder) != nullptr);
  folder_ = folder;
  for (int tries = 0; tries < 5; ++tries) {
    port_ = free_port();
    write_files(keys, zones);
    if (start()) return;
  }
  std::fprintf(stderr, "named does not start:\n%s\n", log().c_str());
  std::abort();
}

Named::~Named() {
  if (pid_ > 0) {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }
  std::filesystem::remove_all(folder_);
}

std::string Named::log() const {
  std::ifstream file(folder_ + "/log");
  return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
}

void Named::write_files(const std::vector<Key>& keys, const std::vector<Zone>& zones) const {
  std::ofstream configuration(folder_ + "/named.conf");
  configuration << "options {\n  directory \"" << folder_ << "\";\n  listen-on port " << port_
                << " { 127.0.0.1; };\n  listen-on-v6 { none; };\n  pid-file none;\n  session-keyfile \"" << folder_
                << "/session.key\";\n  recursion no;\n  dnssec-validation no;\n  check-names primary ignore;\n  notify "
                   "explicit;\n"
                << "  request-ixfr yes;\n  allow-query { any; };\n  allow-transfer { any; };\n};\ncontrols { };\n";
  for (const Key& key : keys) {
    configuration << "key \"" << key.name << "\" { algorithm " << key.algorithm << "; secret \"" << key.secret
                  << "\"; };\n";
  }
  for (const Zone& zone : zones) {
    if (!zone.primary.empty()) {
      configuration << "zone \"" << zone.name << "\" { type secondary; primaries { " << zone.primary << "; }; file \""
                    << zone.name << ".copy\"; masterfile-format text; min-refresh-time 1; min-retry-time 1; };\n";
      continue;
    }
    configuration << "zone \"" << zone.name << "\" { type primary; file \"" << zone.name << ".zone\"; ";
    if (zone.key.empty()) {
      configuration << "allow-update { 127.0.0.1; }; };\n";
    } else {
      configuration << "update-policy { grant \"" << zone.key << "\" zonesub TXT; }; };\n";
    }
    std::ofstream(folder_ + "/" + zone.name + ".zone")
        << "$TTL 60\n@ IN SOA ns1 hostmaster 1 1 1 3600 60\n@ IN NS ns1\nns1 IN A 127.0.0.1\n"
        << zone.records;
  }
}

bool Named::start() {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  std::string log_path = folder_ + "/log";
  posix_spawn_file_actions_addopen(&actions, 1, log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  std::string configuration = folder_ + "/named.conf";
  std::vector<std::string> words = {kProgram, "-g", "-n", "1", "-c", configuration};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  int failed = ::posix_spawn(&pid_, kProgram, &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  SLUICE_CHECK(failed == 0);
  for (int i = 0; i < 400; ++i) {
    if (::waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = -1;  // the port was taken in between, or the configuration is wrong
      return false;
    }
    if (answers()) return true;
  }
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
  return false;
}

// Asks for its own name, and waits up to 50 ms for an answer.
bool Named::answers() const {
  int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port_);
  bool answered = false;
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    std::string query = *acme::dns::encode(acme::dns::make_query("localhost.", acme::dns::type::kSoa, false));
    ssize_t sent = ::send(fd, query.data(), query.size(), MSG_NOSIGNAL);
    pollfd wait{fd, POLLIN, 0};
    char reply[512];
    answered = sent > 0 && ::poll(&wait, 1, 50) == 1 && ::recv(fd, reply, sizeof reply, 0) > 0;
    if (!answered) ::poll(nullptr, 0, 25);
  }
  ::close(fd);
  return answered;
}

}  // namespace sluice::test
