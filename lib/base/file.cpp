#include "base/file.h"

#include <algorithm>
#include <cerrno>

namespace sluice {

Result<std::string> read_to_end(int fd, std::size_t most) {
  constexpr std::size_t kStep = 16 * 1024;
  std::string content;
  for (;;) {
    const std::size_t size = content.size();
    content.resize(std::max(size + kStep, 2 * size));
    const ssize_t got = ::read(fd, content.data() + size, content.size() - size);
    content.resize(size + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error::system(errno, "read");
    if (got == 0) break;
    if (content.size() > most) {
      return Error{Code::too_large, Origin::self, false, EFBIG, "there is more to read than is allowed"};
    }
  }
  content.shrink_to_fit();
  return content;
}

}  // namespace sluice
