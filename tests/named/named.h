// named.h: a BIND name server for tests: a process of its own in a folder of its own, on a free port of 127.0.0.1,
// primary for zones that take changes signed with its keys.
#pragma once

#include <string>
#include <vector>

#include "base/ip.h"

namespace sluice::test {

class Named {
 public:
  struct Key {
    std::string name;       // "sluice-key."
    std::string algorithm;  // "hmac-sha256"
    std::string secret;     // base64
  };
  struct Zone {
    std::string name;     // "example.com"
    std::string key;      // the key that may change it; empty: whoever asks from here
    std::string records;  // lines of a zone file beside SOA, NS and the address of ns1
    std::string primary;  // "127.0.0.1 port 5300": a secondary of that server
  };

  // Starts it and waits until it answers; aborts with its log when it does not.
  Named(std::vector<Key> keys, std::vector<Zone> zones);
  ~Named();
  Named(const Named&) = delete;
  Named& operator=(const Named&) = delete;

  std::uint16_t port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  const std::string& folder() const { return folder_; }
  std::string log() const;

  // Whether the machine has the program.
  static bool is_installed();

 private:
  bool start();
  bool answers() const;
  void write_files(const std::vector<Key>& keys, const std::vector<Zone>& zones) const;

  std::string folder_;
  std::uint16_t port_ = 0;
  pid_t pid_ = -1;
};

}  // namespace sluice::test
