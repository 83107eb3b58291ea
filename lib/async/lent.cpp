#include "async/lent.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "async/loop.h"

namespace sluice {

void LentBytes::hold(std::string_view bytes) {
  clear();
  if (bytes.empty()) return;
  bytes_ = bytes;
  Loop::current().note_lent(*this);
}

void LentBytes::append(std::string_view bytes) {
  if (bytes_.empty()) {
    hold(bytes);
    return;
  }
  keep();
  std::size_t from = static_cast<std::size_t>(bytes_.data() - copy_.get());
  if (from + bytes_.size() + bytes.size() > capacity_) {
    grow(std::max(2 * bytes_.size(), bytes_.size() + bytes.size()));
    from = 0;
  }
  std::memcpy(copy_.get() + from + bytes_.size(), bytes.data(), bytes.size());
  bytes_ = std::string_view(copy_.get() + from, bytes_.size() + bytes.size());
}

void LentBytes::take(LentBytes& other) {
  clear();
  bytes_ = std::exchange(other.bytes_, {});
  copy_ = std::move(other.copy_);
  capacity_ = std::exchange(other.capacity_, 0);
  if (other.linked()) {
    other.unlink();
    Loop::current().note_lent(*this);
  }
}

void LentBytes::drop_front(std::size_t count) {
  bytes_.remove_prefix(count);
  if (bytes_.empty()) unlink();
}

void LentBytes::clear() {
  unlink();
  bytes_ = {};
  copy_.reset();
  capacity_ = 0;
}

void LentBytes::keep() {
  if (copy_ != nullptr || bytes_.empty()) return;
  unlink();
  grow(bytes_.size());
}

void LentBytes::grow(std::size_t capacity) {
  std::unique_ptr<char[]> copy(new char[capacity]);
  std::memcpy(copy.get(), bytes_.data(), bytes_.size());
  bytes_ = std::string_view(copy.get(), bytes_.size());
  copy_ = std::move(copy);
  capacity_ = capacity;
}

}  // namespace sluice
