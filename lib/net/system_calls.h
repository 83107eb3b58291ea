// system_calls.h: recv and send without what libc adds to them in a process of several threads: each is a cancellation
// point, which costs as much as a small system call's own bookkeeping. Nobody here cancels threads.
#pragma once

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>

namespace sluice::net {

// As recv and send of POSIX: the number of bytes, or -1 and errno.
inline ssize_t receive_from(int fd, void* buffer, std::size_t size, int flags) {
  return syscall(SYS_recvfrom, fd, buffer, size, flags, nullptr, nullptr);
}
inline ssize_t send_to(int fd, const void* bytes, std::size_t size, int flags) {
  return syscall(SYS_sendto, fd, bytes, size, flags, nullptr, 0);
}

}  // namespace sluice::net
