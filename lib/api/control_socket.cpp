#include "api/control_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <utility>

#include "async/signal.h"
#include "net/socket_stream.h"
#include "route/parser.h"

namespace sluice::api {
namespace {

constexpr int kBacklog = 16;
constexpr int kAcceptsPerTurn = 16;
constexpr std::size_t kMostConnections = 64;

Task<void> serve(std::unique_ptr<server::H1Connection> connection) { co_await connection->run(); }

bool address_of(const std::string& path, sockaddr_un& address) {
  address = {};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, path.data(), path.size());
  return true;
}

// Whether a process listens there. A socket nobody listens on refuses.
bool is_served(const sockaddr_un& address) {
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return true;
  int connected = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  int error = errno;
  close(fd);
  return connected == 0 || (error != ECONNREFUSED && error != ENOENT);
}

// One route that takes everything.
std::shared_ptr<const server::Snapshot> only(std::shared_ptr<const proxy::Handler> handler) {
  route::ParsedRule rule = route::parse_rule("PathPrefix(`/`)", route::Family::http, route::Syntax::v3);
  SLUICE_CHECK(rule.rule.has_value());
  route::Route row;
  row.rule = &*rule.rule;
  row.router = "control@internal";
  auto routes =
      std::make_shared<server::EntryPointRoutes>(std::make_shared<const route::HttpTable>(std::span(&row, 1)));
  server::Route target;
  target.router = "control@internal";
  target.handler = std::move(handler);
  routes->routes.push_back(std::move(target));
  auto snapshot = std::make_shared<server::Snapshot>();
  snapshot->entry_points.push_back(std::move(routes));
  return snapshot;
}

}  // namespace

ControlSocket::ControlSocket(const control::LiveSource& source, observe::Metrics& metrics,
                             control::CertificateDesk* certificates)
    : pinned_(
          new server::PinnedSnapshot(only(std::make_shared<ControlService>(source, metrics, certificates)), *this)) {
  settings_.name = "control";
  settings_.forwards = false;
}

ControlSocket::~ControlSocket() {
  FdWatch::stop();
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(path_.c_str());
}

Status ControlSocket::open(const std::string& path) {
  sockaddr_un address;
  if (!address_of(path, address))
    return Error{Code::invalid, Origin::self, true, 0, "the path is too long for a socket"};
  std::error_code ignored;
  const std::filesystem::path directory = std::filesystem::path(path).parent_path();
  if (!directory.empty() && !std::filesystem::exists(directory, ignored)) {
    std::filesystem::create_directories(directory, ignored);
    std::filesystem::permissions(directory, std::filesystem::perms::owner_all, ignored);
  }
  struct stat about {};
  // In a directory of somebody else, somebody else decides who answers our commands.
  if (!directory.empty() && stat(directory.c_str(), &about) == 0 && about.st_uid != geteuid() && about.st_uid != 0) {
    return Error{Code::security, Origin::self, true, 0, "the directory belongs to another user"};
  }
  if (lstat(path.c_str(), &about) == 0) {
    if (!S_ISSOCK(about.st_mode))
      return Error{Code::invalid, Origin::self, true, 0, "a file that is no socket is there"};
    if (is_served(address)) {
      return Error{Code::unavailable, Origin::self, true, 0, "another process listens there"};
    }
    ::unlink(path.c_str());
  }
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return Error::system(errno, "socket");
  // The mode of the descriptor becomes that of the file: nobody else can connect in the moment between two calls.
  fchmod(fd, S_IRUSR | S_IWUSR);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    Error error = Error::system(errno, "bind");
    close(fd);
    return error;
  }
  if (chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0 || listen(fd, kBacklog) != 0) {
    Error error = Error::system(errno, "listen");
    close(fd);
    ::unlink(path.c_str());
    return error;
  }
  fd_ = fd;
  path_ = path;
  return {};
}

Task<void> ControlSocket::run() {
  Scope* current = co_await current_scope();
  Scope connections(current);
  scope_ = &connections;
  Status started = FdWatch::start(fd_, true, false);
  if (started) {
    Signal never;
    Status ended = co_await never.wait();
    (void)ended;
  }
  FdWatch::stop();
  scope_ = nullptr;
  connections.cancel(Error::of(Code::cancelled, "the process ends"));
  co_await connections.join();
}

void ControlSocket::on_ready(bool, bool) {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    int fd = accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    if (connections_.count() >= kMostConnections) {
      close(fd);
      continue;
    }
    Result<std::unique_ptr<net::SocketStream>> stream = net::SocketStream::adopt(fd);
    if (!stream) continue;
    http::Peer peer;
    peer.entry_point = settings_.name;
    server::Host& host = *this;
    scope_->spawn(
        serve(std::make_unique<server::H1Connection>(std::move(*stream), peer, settings_, 0, host, connections_)));
  }
}

std::string_view ControlSocket::date() {
  date_ = http_date(std::time(nullptr));
  return date_;
}

}  // namespace sluice::api
