#include "rest/multi.h"

#include <curl/curl.h>

#include "rest/transfer.h"
#include "rest/tunnel.h"

namespace sluice::rest {

class Multi::Watch final : public FdWatch {
 public:
  explicit Watch(Multi& multi) : multi_(multi) {}
  ~Watch() = default;

 private:
  // libcurl may drop the socket, and with it this object, before `act` returns.
  void on_ready(bool readable, bool writable) override {
    multi_.act(fd(), (readable ? CURL_CSELECT_IN : 0) | (writable ? CURL_CSELECT_OUT : 0));
  }

  Multi& multi_;
};

// libcurl asks for "at once" at every start of a transfer: a tick of the timer wheel would be up to 4 ms of waiting.
class Multi::Kick final : public async::Wakeup {
 public:
  explicit Kick(Multi& multi) : multi_(multi) {}
  ~Kick() = default;
  void wake_up() override { multi_.act(CURL_SOCKET_TIMEOUT, 0); }

 private:
  Multi& multi_;
};

Multi::Multi(std::string user_agent) : user_agent_(std::move(user_agent)), kick_(std::make_unique<Kick>(*this)) {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  SLUICE_CHECK(started == CURLE_OK);
  multi_ = curl_multi_init();
  SLUICE_CHECK(multi_ != nullptr);
  constexpr long kIdleConnections = 16;
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, kIdleConnections);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Multi::socket_wanted);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Multi::timer_wanted);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
}

Multi::~Multi() {
  SLUICE_CHECK(transfers_ == 0);
  curl_multi_cleanup(multi_);  // closes idle connections, which calls back
  Timer::clear();
}

Status Multi::add(void* easy) {
  if (curl_multi_add_handle(multi_, easy) != CURLM_OK) return Error::of(Code::internal, "libcurl refused a transfer");
  ++transfers_;
  return {};
}

void Multi::remove(void* easy) {
  curl_multi_remove_handle(multi_, easy);
  --transfers_;
}

int Multi::open_tunnel(std::shared_ptr<Connector> connector, sockaddr& address, unsigned& length) {
  auto tunnel = std::make_unique<Tunnel>(std::move(connector));
  const int fd = tunnel->open(address, length);
  if (fd >= 0) tunnels_.push_back(std::move(tunnel));
  return fd;
}

int Multi::close_tunnel(void* self, int fd) {
  std::erase_if(static_cast<Multi*>(self)->tunnels_, [fd](const auto& tunnel) { return tunnel->connection() == fd; });
  return 0;
}

int Multi::socket_wanted(void*, int fd, int what, void* self, void*) {
  auto& multi = *static_cast<Multi*>(self);
  if (what == CURL_POLL_REMOVE) {
    multi.watches_.erase(fd);
    return 0;
  }
  std::unique_ptr<Watch>& watch = multi.watches_[fd];
  if (watch == nullptr) watch = std::make_unique<Watch>(multi);
  Status started = watch->start(fd, (what & CURL_POLL_IN) != 0, (what & CURL_POLL_OUT) != 0);
  return started ? 0 : -1;
}

int Multi::timer_wanted(void*, long milliseconds, void* self) {
  auto& multi = *static_cast<Multi*>(self);
  multi.Timer::clear();
  multi.kick_->unlink();
  if (milliseconds == 0) Loop::current().wake(*multi.kick_);
  if (milliseconds > 0) multi.Timer::set(std::chrono::milliseconds(milliseconds));
  return 0;
}

void Multi::on_timer() { act(CURL_SOCKET_TIMEOUT, 0); }

void Multi::act(int fd, int readiness) {
  int running = 0;
  curl_multi_socket_action(multi_, fd, readiness, &running);
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    char* transfer = nullptr;
    CURLcode code = message->data.result;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    reinterpret_cast<Transfer*>(transfer)->ended(code);
  }
}

}  // namespace sluice::rest
