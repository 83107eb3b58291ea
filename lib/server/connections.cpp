#include "server/connections.h"

namespace sluice::server {

ClientConnection::ClientConnection(Connections& all) : all_(all) {
  ++all_.count_;
  all_.busy_.push_back(*this);
}

ClientConnection::~ClientConnection() {
  if (--all_.count_ == 0) all_.none_left_.notify_all();
}

void ClientConnection::set_idle(bool idle) {
  if (idle == idle_) return;
  idle_ = idle;
  (idle ? all_.idle_ : all_.busy_).push_back(*this);
}

void Connections::drain() {
  draining_ = true;
  close_oldest_idle(count_);
  for (ClientConnection* connection = busy_.front(); connection != nullptr; connection = busy_.next(connection)) {
    connection->finish();
  }
}

std::size_t Connections::close_oldest_idle(std::size_t most) {
  std::size_t closed = 0;
  for (ClientConnection* connection = idle_.front(); connection != nullptr && closed < most;
       connection = idle_.next(connection)) {
    connection->finish();
    ++closed;
  }
  return closed;
}

Task<Status> Connections::wait_until_none(Deadline deadline) {
  while (count_ > 0) {
    Status waited = co_await none_left_.wait(deadline);
    if (!waited) co_return waited;
  }
  co_return Status();
}

}  // namespace sluice::server
