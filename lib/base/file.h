// file.h: what several rooms do with files.
#pragma once

#include <unistd.h>

#include <cstddef>
#include <string>
#include <utility>

#include "base/result.h"

namespace sluice {

// A file descriptor, closed with its owner; -1 is none.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }

  explicit operator bool() const { return fd_ >= 0; }
  int get() const { return fd_; }
  // False, with errno, when what was written before may be lost.
  bool close() { return fd_ < 0 || ::close(std::exchange(fd_, -1)) == 0; }

 private:
  int fd_ = -1;
};

// What is left to read of a descriptor. Blocking. What was read is nowhere but in the string, which matters for keys.
// Errors, all with an errno: of the system; too_large (EFBIG) when it is more than `most` bytes.
Result<std::string> read_to_end(int fd, std::size_t most);

}  // namespace sluice
