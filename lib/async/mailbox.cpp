#include "async/mailbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

namespace sluice {

Doorbell::Doorbell() : eventfd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  SLUICE_CHECK(eventfd_ >= 0);
  SLUICE_CHECK(start(eventfd_, true, false).ok());
}

Doorbell::~Doorbell() {
  stop();
  close(eventfd_);
}

void Doorbell::ring() {
  std::uint64_t one = 1;
  // Fails only when the counter is full, and then the bell is ringing already.
  [[maybe_unused]] ssize_t written = write(eventfd_, &one, sizeof one);
}

void Doorbell::on_ready(bool, bool) {
  std::uint64_t rings = 0;
  [[maybe_unused]] ssize_t got = read(eventfd_, &rings, sizeof rings);
  on_ring();
}

}  // namespace sluice
