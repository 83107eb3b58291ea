// udp_entry_point.h: one UDP entry point on one worker: its socket and its sessions. A session is a client address and
// the server it was given; it ends after a time of silence in both directions, with its server, or when there are too
// many.
//
// Owned by the worker, on its thread. Sessions belong to the entry point and outlive snapshots.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "async/fd_watch.h"
#include "async/scope.h"
#include "async/signal.h"
#include "net/udp_socket.h"
#include "server/entrance.h"
#include "server/entry_point_settings.h"
#include "server/h1_connection.h"
#include "server/udp_session.h"

namespace sluice::server {

class UdpEntryPoint final : public Entrance, private FdWatch, private UdpSession::Owner {
 public:
  // `index` is the entry point's place in the snapshot. Lookups of servers' names run in `scope`.
  UdpEntryPoint(const EntryPointSettings& settings, std::size_t index, Host& host, Scope& scope);
  ~UdpEntryPoint() override;

  Status open(const SocketAddress& address) override;
  SocketAddress local() const override { return local_; }
  Status start() override { return FdWatch::start(fd_, true, false); }
  void drain() override { draining_ = true; }
  Task<Status> wait_until_none(Deadline deadline) override;

  // Each session has a descriptor; the one that was silent longest makes room for a new one.
  static constexpr std::size_t kMostSessions = 16384;

 private:
  struct AddressHash {
    std::size_t operator()(const SocketAddress& address) const;
    std::uint64_t seed;  // so that nobody can choose addresses of one bucket
  };

  void on_ready(bool readable, bool writable) override;
  void receive(const net::Datagrams::Datagram& datagram);
  UdpSession* begin_session(const net::Datagrams::Datagram& datagram, const Snapshot& snapshot);
  Task<void> find_server(SocketAddress client, std::uint64_t session, std::string host, std::uint16_t port);
  void connect(UdpSession& session, const SocketAddress& server);
  void is_active(UdpSession& session);
  void log_trouble(const UdpSession& session, const Error& error) const;

  // UdpSession::Owner
  void answer(UdpSession& session, net::Datagrams& datagrams, std::size_t count) override;
  void end(UdpSession& session) override;
  void failed(UdpSession& session, const Error& error) override;
  net::Datagrams& datagrams() override { return datagrams_; }

  const EntryPointSettings& settings_;
  std::size_t index_;
  Host& host_;
  Scope& scope_;
  int fd_ = -1;
  bool v6_socket_ = false;
  bool draining_ = false;
  SocketAddress local_;
  net::Datagrams datagrams_;
  List<UdpSession> by_activity_;  // the one that was silent longest first
  std::unordered_map<SocketAddress, std::unique_ptr<UdpSession>, AddressHash> sessions_;
  std::uint64_t last_session_ = 0;
  Signal none_left_;
};

}  // namespace sluice::server
