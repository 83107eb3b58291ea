// The provider exec.
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "support/acme/dns_bench.h"
#include "support/catch.h"

using namespace sluice;
using test::DnsBench;

namespace {

struct Folder {
  Folder() {
    char name[] = "/tmp/sluice-test-XXXXXX";
    SLUICE_CHECK(mkdtemp(name) != nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string file(const std::string& name) const { return path + "/" + name; }
  std::string text(const std::string& name) const {
    std::ifstream stream(file(name));
    return std::string((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  }
  std::string script(const std::string& body) const {
    std::ofstream(file("hook")) << "#!/bin/sh\n" << body << "\n";
    ::chmod(file("hook").c_str(), 0700);
    return file("hook");
  }
  std::string path;
};

}  // namespace

TEST_CASE("exec: the program gets the record and the value, or in RAW mode name, token and key authorization") {
  Folder folder;
  DnsBench bench;
  bench.challenge.provider = "exec";
  bench.challenge.disable_propagation_check = true;
  bench.zones.add_cname("_acme-challenge.example.com.", "there.example.com.");
  bench.environment = {{"EXEC_PATH", folder.script("echo \"$@\" >> " + folder.file("log"))}};
  CHECK(bench.present("example.com", "v1").status.ok());
  CHECK(bench.clean_up("example.com", "v1").status.ok());
  bench.environment["EXEC_MODE"] = "RAW";
  CHECK(bench.present("example.com", "v2").status.ok());
  CHECK(bench.clean_up("example.com", "v2").status.ok());
  CHECK(folder.text("log") ==
        "present there.example.com. v1\ncleanup there.example.com. v1\n"
        "present -- example.com token-of-v2 token-of-v2.thumbprint\n"
        "cleanup -- example.com token-of-v2 token-of-v2.thumbprint\n");
}

TEST_CASE("exec: a program that fails is quoted") {
  Folder folder;
  DnsBench bench;
  bench.challenge.provider = "exec";
  bench.environment = {{"EXEC_PATH", folder.script("echo no such zone >&2; exit 9")}};
  DnsBench::Outcome outcome = bench.present("example.com", "v1");
  REQUIRE_FALSE(outcome.status.ok());
  CHECK(outcome.status.error().code == Code::unavailable);
  CHECK(outcome.why.find("exec: " + folder.file("hook") + " present ended with status 9: no such zone") == 0);
  bench.environment["EXEC_PATH"] = folder.file("missing");
  outcome = bench.present("example.com", "v1");
  CHECK(outcome.why.find("No such file") != std::string::npos);
}

TEST_CASE("exec: one program at a time") {
  Folder folder;
  DnsBench bench;
  bench.challenge.provider = "exec";
  bench.challenge.disable_propagation_check = true;
  bench.environment = {
      {"EXEC_PATH", folder.script("mkdir " + folder.file("busy") + " || exit 1; rmdir " + folder.file("busy"))}};
  std::vector<acme::DnsProof> proofs;
  for (int i = 0; i < 6; ++i) {
    std::string label = "n";
    label += std::to_string(i);
    proofs.push_back(DnsBench::proof(label + ".example.com", "v"));
  }
  for (const DnsBench::Outcome& outcome : bench.present_together(std::move(proofs))) CHECK(outcome.status.ok());
}
