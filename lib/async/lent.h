// lent.h: lent bytes that have to outlive a suspension: the beginning of a message head, the rest of a read behind one,
// a pipelined request.
//
// They stay where they are, in the loop's scratch, until somebody is about to overwrite it; only then are they copied.
// So a reply whose first read holds head and content is passed on without a copy.
#pragma once

#include <memory>
#include <string_view>

#include "base/list.h"

namespace sluice {

namespace async {
struct LentTag;
}

class LentBytes : public ListNode<async::LentTag> {
 public:
  // `bytes` are in the scratch of this thread's loop (or outlive this object). Replaces what was held.
  void hold(std::string_view bytes);
  // Behind what is held, which must have been kept.
  void append(std::string_view bytes);
  // Everything `other` holds; it is empty afterwards. Views stay good.
  void take(LentBytes& other);

  std::string_view bytes() const { return bytes_; }
  bool empty() const { return bytes_.empty(); }
  // A view of the dropped bytes stays good as long as it would have been without this object, and until the next
  // `hold`.
  void drop_front(std::size_t count);
  void clear();

  // Copies what is held into memory of its own, unless it is there already. The loop calls this before it overwrites
  // the scratch.
  void keep();

 private:
  void grow(std::size_t capacity);

  std::string_view bytes_;
  std::unique_ptr<char[]> copy_;
  std::size_t capacity_ = 0;  // of copy_
};

}  // namespace sluice
