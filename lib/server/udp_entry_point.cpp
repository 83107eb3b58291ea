#include "server/udp_entry_point.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <random>

#include "observe/log.h"
#include "observe/rate_limited.h"
#include "proxy/worker_local.h"

namespace sluice::server {
namespace {

constexpr Duration kLookupTime = 5s;

std::uint64_t random_seed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

}  // namespace

std::size_t UdpEntryPoint::AddressHash::operator()(const SocketAddress& address) const {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  std::memcpy(&high, address.ip.bytes().data(), 8);
  std::memcpy(&low, address.ip.bytes().data() + 8, 8);
  std::uint64_t mixed = seed;
  for (std::uint64_t part : {high, low, std::uint64_t{address.port}}) {
    mixed ^= part;
    // The finishing steps of MurmurHash3, between parts, under a seed nobody knows.
    mixed = (mixed ^ mixed >> 33) * 0xff51afd7ed558ccdULL;
    mixed = (mixed ^ mixed >> 33) * 0xc4ceb9fe1a85ec53ULL;
    mixed ^= mixed >> 33;
  }
  return mixed;
}

UdpEntryPoint::UdpEntryPoint(const EntryPointSettings& settings, std::size_t index, Host& host, Scope& scope)
    : settings_(settings), index_(index), host_(host), scope_(scope), sessions_(0, AddressHash{random_seed()}) {}

UdpEntryPoint::~UdpEntryPoint() {
  sessions_.clear();
  if (fd_ < 0) return;
  FdWatch::stop();
  close(fd_);
}

Status UdpEntryPoint::open(const SocketAddress& address) {
  local_ = address;
  Result<int> fd = net::open_udp(local_);
  if (!fd) return fd.error();
  fd_ = *fd;
  int family = 0;
  socklen_t length = sizeof family;
  getsockopt(fd_, SOL_SOCKET, SO_DOMAIN, &family, &length);
  v6_socket_ = family == AF_INET6;
  return {};
}

Task<Status> UdpEntryPoint::wait_until_none(Deadline deadline) {
  while (!sessions_.empty()) {
    Status waited = co_await none_left_.wait(deadline);
    if (!waited) co_return waited;
  }
  co_return Status();
}

// One batch a turn: others go first, and the rest is still there afterwards.
void UdpEntryPoint::on_ready(bool, bool) {
  Result<std::size_t> count = datagrams_.receive(fd_);
  if (!count) return;  // the late error of an answer to somebody who is gone
  for (std::size_t i = 0; i < *count; ++i) receive(datagrams_.at(i));
}

void UdpEntryPoint::receive(const net::Datagrams::Datagram& datagram) {
  Ref<PinnedSnapshot> pinned = host_.snapshot();
  const Snapshot& snapshot = **pinned;
  auto found = sessions_.find(datagram.from);
  UdpSession* session = found == sessions_.end() ? nullptr : found->second.get();
  if (session != nullptr && session->good_for != snapshot.number) {
    // A server that the service no longer has loses its sessions; all others keep them.
    const UdpRoute* route = snapshot.entry_points[index_]->udp.get();
    if (route != nullptr && route->service->has(session->identity().server)) {
      session->good_for = snapshot.number;
    } else {
      end(*session);
      session = nullptr;
    }
  }
  if (session == nullptr) session = begin_session(datagram, snapshot);
  if (session == nullptr) return;
  is_active(*session);
  Status sent = session->send(datagram.bytes);
  if (!sent) failed(*session, sent.error());
}

UdpSession* UdpEntryPoint::begin_session(const net::Datagrams::Datagram& datagram, const Snapshot& snapshot) {
  const UdpRoute* route = snapshot.entry_points[index_]->udp.get();
  if (draining_ || route == nullptr) return nullptr;
  const proxy::UdpServer* server = route->service->choose(proxy::WorkerLocal::current().index());
  if (server == nullptr) {
    static log::RateLimited limiter;
    if (std::optional<log::RateLimited::Pass> pass = limiter.admit(route->router, Time::now())) {
      log::error("UDP datagrams are lost: the service has no server", {{log::field::kEntryPoint, settings_.name},
                                                                       {log::field::kRouter, route->router},
                                                                       {log::field::kSuppressed, pass->suppressed}});
    }
    return nullptr;
  }
  if (sessions_.size() >= kMostSessions) end(*by_activity_.front());
  UdpSession::Identity identity{++last_session_, datagram.from, datagram.to, route->router, server->address};
  Owner& owner = *this;
  auto made = std::make_unique<UdpSession>(owner, std::move(identity), settings_.udp_timeout);
  UdpSession& session = *made;
  session.good_for = snapshot.number;
  sessions_[datagram.from] = std::move(made);
  by_activity_.push_back(session);
  Result<IpAddress> literal = IpAddress::parse(server->host);
  std::uint64_t number = session.identity().number;
  if (literal) {
    connect(session, {*literal, server->port});
  } else {
    scope_.spawn(find_server(datagram.from, number, server->host, server->port));
  }
  // Neither of the two may have left it alive.
  auto still = sessions_.find(datagram.from);
  return still != sessions_.end() && still->second->identity().number == number ? still->second.get() : nullptr;
}

Task<void> UdpEntryPoint::find_server(SocketAddress client, std::uint64_t session, std::string host,
                                      std::uint16_t port) {
  net::Resolver& resolver = proxy::WorkerLocal::current().resolver();
  Result<net::Resolver::Addresses> addresses = co_await resolver.resolve(host, Loop::current().now() + kLookupTime);
  auto found = sessions_.find(client);
  if (found == sessions_.end() || found->second->identity().number != session) co_return;
  if (!addresses) {
    failed(*found->second, addresses.error());
    co_return;
  }
  connect(*found->second, {addresses->front(), port});
}

void UdpEntryPoint::connect(UdpSession& session, const SocketAddress& server) {
  Status connected = session.connect(server);
  if (!connected) failed(session, connected.error());
}

void UdpEntryPoint::is_active(UdpSession& session) { by_activity_.push_back(session); }

void UdpEntryPoint::answer(UdpSession& session, net::Datagrams& datagrams, std::size_t count) {
  is_active(session);
  datagrams.send_all(fd_, count, session.identity().client, v6_socket_, session.local());
}

void UdpEntryPoint::end(UdpSession& session) {
  SocketAddress client = session.identity().client;
  sessions_.erase(client);
  if (sessions_.empty()) none_left_.notify_all();
}

void UdpEntryPoint::failed(UdpSession& session, const Error& error) {
  log_trouble(session, error);
  end(session);
}

void UdpEntryPoint::log_trouble(const UdpSession& session, const Error& error) const {
  static log::RateLimited limiter;
  std::optional<log::RateLimited::Pass> pass = limiter.admit(session.identity().server, Time::now());
  if (!pass) return;
  log::error("a UDP server cannot be reached", {{log::field::kEntryPoint, settings_.name},
                                                {log::field::kRouter, session.identity().router},
                                                {log::field::kServer, session.identity().server},
                                                {log::field::kError, error},
                                                {log::field::kSuppressed, pass->suppressed}});
}

}  // namespace sluice::server
