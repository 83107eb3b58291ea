// dns_server.h: a name server for tests on a free port of 127.0.0.1, UDP and TCP. A thread answers each query with what
// the test's function makes of it.
//
// `ZoneData` answers like a server of zones: positive, negative with SOA, CNAME, referral; it takes updates.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "acme/dns/message.h"
#include "acme/dns/name.h"

namespace sluice::test {

namespace dns = acme::dns;

class DnsServer {
 public:
  struct Query {
    dns::Message message;
    std::string bytes;
    bool over_tcp = false;
  };
  // The bytes of the answer, whatever they are; nothing: silence.
  using Script = std::function<std::optional<std::string>(const Query&)>;

  explicit DnsServer(Script script) : script_(std::move(script)) {
    for (int tries = 0; tries < 100 && !open_both(); ++tries) {
    }
    SLUICE_CHECK(port_ != 0);
    stop_ = ::eventfd(0, EFD_CLOEXEC);
    thread_ = std::thread([this] { serve(); });
  }
  ~DnsServer() {
    std::uint64_t one = 1;
    SLUICE_CHECK(::write(stop_, &one, sizeof one) == sizeof one);
    thread_.join();
    for (int fd : {udp_, tcp_, stop_}) ::close(fd);
  }
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;

  std::uint16_t port() const { return port_; }
  SocketAddress address() const { return {*IpAddress::parse("127.0.0.1"), port_}; }
  std::string name() const { return "127.0.0.1:" + std::to_string(port_); }
  int queries() const { return queries_; }

 private:
  bool open_both() {
    tcp_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    udp_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    bool opened = ::bind(tcp_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 && ::listen(tcp_, 8) == 0 &&
                  ::getsockname(tcp_, reinterpret_cast<sockaddr*>(&address), &length) == 0 &&
                  ::bind(udp_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    if (opened) {
      port_ = ntohs(address.sin_port);
    } else {
      ::close(tcp_);
      ::close(udp_);
    }
    return opened;
  }

  std::optional<std::string> answer(std::string bytes, bool over_tcp) {
    Result<dns::Message> message = dns::decode(bytes);
    if (!message) return std::nullopt;
    ++queries_;
    return script_({std::move(*message), std::move(bytes), over_tcp});
  }

  void serve() {
    for (;;) {
      pollfd fds[3] = {{udp_, POLLIN, 0}, {tcp_, POLLIN, 0}, {stop_, POLLIN, 0}};
      if (::poll(fds, 3, -1) < 0) return;
      if (fds[2].revents != 0) return;
      if (fds[0].revents != 0) serve_datagram();
      if (fds[1].revents != 0) serve_connection();
    }
  }

  void serve_datagram() {
    std::string bytes(65535, '\0');
    sockaddr_storage peer{};
    socklen_t length = sizeof peer;
    ssize_t got = ::recvfrom(udp_, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&peer), &length);
    if (got < 0) return;
    bytes.resize(static_cast<std::size_t>(got));
    std::optional<std::string> reply = answer(std::move(bytes), false);
    if (reply) ::sendto(udp_, reply->data(), reply->size(), 0, reinterpret_cast<sockaddr*>(&peer), length);
  }

  // One query per connection. A script may make the framing itself by sending "raw:" before its bytes.
  void serve_connection() {
    int fd = ::accept4(tcp_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    std::string bytes;
    char piece[4096];
    while (bytes.size() < 2 || bytes.size() - 2 < size_of(bytes)) {
      ssize_t got = ::recv(fd, piece, sizeof piece, 0);
      if (got <= 0) break;
      bytes.append(piece, static_cast<std::size_t>(got));
    }
    std::optional<std::string> reply = bytes.size() < 2 ? std::nullopt : answer(bytes.substr(2), true);
    if (reply) {
      std::string framed = reply->starts_with("raw:") ? reply->substr(4) : std::string();
      if (framed.empty() && !reply->starts_with("raw:")) {
        framed += static_cast<char>(reply->size() >> 8);
        framed += static_cast<char>(reply->size() & 0xff);
        framed += *reply;
      }
      // Byte for byte: whoever reads must put it together.
      for (char c : framed) {
        if (::send(fd, &c, 1, MSG_NOSIGNAL) != 1) break;
      }
    }
    ::close(fd);
  }

  static std::size_t size_of(const std::string& bytes) {
    return static_cast<std::size_t>(static_cast<unsigned char>(bytes[0])) << 8 | static_cast<unsigned char>(bytes[1]);
  }

  Script script_;
  std::uint16_t port_ = 0;
  int udp_ = -1;
  int tcp_ = -1;
  int stop_ = -1;
  std::atomic<int> queries_{0};
  std::thread thread_;
};

// What a server of zones knows. Safe to change from the test's thread while the server answers.
class ZoneData {
 public:
  // The zone, with an SOA and the given name servers ("ns1.example.com.").
  void add_zone(const std::string& zone, const std::vector<std::string>& servers) {
    add(zone, dns::type::kSoa, wire(servers.front()) + wire("hostmaster." + zone) + std::string(20, '\1'));
    for (const std::string& server : servers) add(zone, dns::type::kNs, wire(server));
  }
  void add_cname(const std::string& name, const std::string& target) { add(name, dns::type::kCname, wire(target)); }
  void add_txt(const std::string& name, const std::string& value) { add(name, dns::type::kTxt, dns::txt_data(value)); }
  void add_loopback(const std::string& name) { add(name, dns::type::kA, std::string("\x7f\0\0\1", 4)); }
  // Names at and below `below` are answered with a referral to `server`.
  void refer(const std::string& below, const std::string& server) {
    std::lock_guard<std::mutex> lock(mutex_);
    referrals_[below] = server;
  }
  void add(const std::string& name, std::uint16_t type, std::string data) {
    std::lock_guard<std::mutex> lock(mutex_);
    records_.push_back({name, type, dns::dns_class::kIn, 60, std::move(data)});
  }
  void remove_txt(const std::string& name) {
    std::lock_guard<std::mutex> lock(mutex_);
    std::erase_if(records_, [&](const dns::Record& r) { return r.name == name && r.type == dns::type::kTxt; });
  }
  std::vector<std::string> txt(const std::string& name) {
    std::lock_guard<std::mutex> lock(mutex_);
    dns::Message all;
    all.answers = records_;
    return dns::txt_values(all, name);
  }
  // What was asked: "TXT _acme-challenge.example.com.".
  std::vector<std::string> asked() {
    std::lock_guard<std::mutex> lock(mutex_);
    return asked_;
  }

  DnsServer::Script script() {
    return [this](const DnsServer::Query& query) {
      return std::optional<std::string>(*dns::encode(reply(query.message)));
    };
  }

  dns::Message reply(const dns::Message& query) {
    std::lock_guard<std::mutex> lock(mutex_);
    dns::Message reply;
    reply.id = query.id;
    reply.flags = static_cast<std::uint16_t>(0x8400 | (query.flags & 0x7900));
    reply.questions = query.questions;
    if (query.questions.size() != 1) return reply;
    if (query.opcode() == dns::kOpcodeUpdate) {
      for (const dns::Record& change : query.authorities) update(change);
      return reply;
    }
    const dns::Question& question = query.questions.front();
    asked_.push_back(type_name(question.type) + " " + question.name);
    for (const auto& [below, server] : referrals_) {
      if (!dns::is_within(question.name, below)) continue;
      reply.flags = static_cast<std::uint16_t>(reply.flags & ~0x0400);
      reply.authorities.push_back({below, dns::type::kNs, dns::dns_class::kIn, 60, wire(server)});
      return reply;
    }
    bool exists = false;
    for (const dns::Record& record : records_) {
      if (record.name != question.name) continue;
      exists = true;
      if (record.type == question.type || record.type == dns::type::kCname) reply.answers.push_back(record);
    }
    if (reply.answers.empty()) negative(question.name, exists, reply);
    return reply;
  }

 private:
  static std::string wire(const std::string& name) { return *dns::wire_name(name); }
  static std::string type_name(std::uint16_t type) {
    switch (type) {
      case dns::type::kA: return "A";
      case dns::type::kAaaa: return "AAAA";
      case dns::type::kNs: return "NS";
      case dns::type::kSoa: return "SOA";
      case dns::type::kTxt: return "TXT";
      case dns::type::kCname: return "CNAME";
      default: return std::to_string(type);
    }
  }

  void negative(const std::string& name, bool exists, dns::Message& reply) {
    const dns::Record* soa = nullptr;
    for (const dns::Record& record : records_) {
      bool deeper = record.type == dns::type::kSoa && dns::is_within(name, record.name) &&
                    (soa == nullptr || record.name.size() > soa->name.size());
      if (deeper) soa = &record;
    }
    if (soa != nullptr) reply.authorities.push_back(*soa);
    if (!exists) reply.flags = static_cast<std::uint16_t>(reply.flags | (soa != nullptr ? 3 : 5));
  }

  void update(const dns::Record& change) {
    if (change.cls == dns::dns_class::kNone) {
      std::erase_if(records_, [&](const dns::Record& r) {
        return r.name == change.name && r.type == change.type && r.data == change.data;
      });
    } else {
      records_.push_back(change);
    }
  }

  std::mutex mutex_;
  std::vector<dns::Record> records_;
  std::map<std::string, std::string> referrals_;
  std::vector<std::string> asked_;
};

}  // namespace sluice::test
