// records.h: the pieces of a write as the records of TLS they become.
#pragma once

#include <sys/uio.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <string_view>

namespace sluice::tls {

inline constexpr std::size_t kMostOfRecord = 16 * 1024;  // plaintext, RFC 8446 §5.1

// The pieces of a write, in steps of at most one record. Small pieces are joined, so that a head and its content are
// one record.
class Records {
 public:
  explicit Records(std::span<const iovec> pieces) : pieces_(pieces) {}

  std::string_view next(char* joined) {
    std::size_t size = 0;
    while (at_ < pieces_.size()) {
      const iovec& piece = pieces_[at_];
      std::size_t left = piece.iov_len - within_;
      const char* from = static_cast<const char*>(piece.iov_base) + within_;
      if (size == 0 && left >= kMostOfRecord) {
        within_ += kMostOfRecord;
        skip_empty();
        return {from, kMostOfRecord};
      }
      std::size_t count = std::min(left, kMostOfRecord - size);
      std::memcpy(joined + size, from, count);
      size += count;
      within_ += count;
      skip_empty();
      if (size == kMostOfRecord) break;
    }
    return {joined, size};
  }

 private:
  void skip_empty() {
    while (at_ < pieces_.size() && within_ == pieces_[at_].iov_len) {
      ++at_;
      within_ = 0;
    }
  }

  std::span<const iovec> pieces_;
  std::size_t at_ = 0;
  std::size_t within_ = 0;
};

}  // namespace sluice::tls
