// abuse.h: what a peer of HTTP/2 may do only so often, because it costs us more than the peer. Every limit is a bucket;
// who empties one is answered GOAWAY with its name.
//
// One per session. Not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/time.h"

namespace sluice::http::h2 {

enum class Abuse : std::uint8_t {
  resets,          // streams opened and reset by the peer (CVE-2023-44487)
  provoked,        // RST_STREAM that the peer made us send, refused streams included (CVE-2025-8671)
  settings,        // SETTINGS frames
  pings,           // PING frames
  empty_frames,    // DATA without content and without an end
  priorities,      // PRIORITY and PRIORITY_UPDATE
  window_updates,  // WINDOW_UPDATE far beyond what was sent
  header_block,    // a header block of many times its bounds, or of too many CONTINUATION frames
  unanswered,      // acknowledgements that the peer does not fetch
  count,
};

// "rapid_reset": stable, for counters, the log and the text in GOAWAY.
std::string_view name_of(Abuse abuse);

class AbuseGuard {
 public:
  // False when it was once too often.
  bool allow(Abuse abuse, Time now);
  // Three quarters of it are spent.
  bool strained(Abuse abuse) const;
  // WINDOW_UPDATE frames are allowed in proportion to what we send.
  void sent_data();

 private:
  struct Bucket {
    std::uint32_t spent = 0;  // tokens
    Time since;
  };
  std::array<Bucket, static_cast<std::size_t>(Abuse::count)> buckets_{};
};

}  // namespace sluice::http::h2
