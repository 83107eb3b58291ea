// lent.h: lent bytes that have to outlive a suspension: the rest of a read after a message head, a pipelined request.
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
  std::string_view bytes() const { return bytes_; }
  bool empty() const { return bytes_.empty(); }
  void drop_front(std::size_t count);
  void clear();

  // Called by the loop before it overwrites the scratch.
  void keep();

 private:
  std::string_view bytes_;
  std::unique_ptr<char[]> copy_;
};

}  // namespace sluice
