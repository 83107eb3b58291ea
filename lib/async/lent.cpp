#include "async/lent.h"

#include <cstring>

#include "async/loop.h"

namespace sluice {

void LentBytes::hold(std::string_view bytes) {
  clear();
  if (bytes.empty()) return;
  bytes_ = bytes;
  Loop::current().note_lent(*this);
}

void LentBytes::drop_front(std::size_t count) {
  bytes_.remove_prefix(count);
  if (bytes_.empty()) clear();
}

void LentBytes::clear() {
  unlink();
  bytes_ = {};
  copy_.reset();
}

void LentBytes::keep() {
  unlink();
  std::unique_ptr<char[]> copy(new char[bytes_.size()]);
  std::memcpy(copy.get(), bytes_.data(), bytes_.size());
  bytes_ = std::string_view(copy.get(), bytes_.size());
  copy_ = std::move(copy);
}

}  // namespace sluice
