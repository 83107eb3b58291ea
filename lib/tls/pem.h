// pem.h: the text of a certificate, key or CA list, which the configuration gives as a path or as the PEM text itself.
// Blocking reads; control thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::tls {

// Certificates may be shown in messages, keys never: not even what was written in place of one, because a key that lost
// its first line looks like a path.
enum class Kind : std::uint8_t { certificate, key };

struct PemText {
  std::string text;
  std::string error;  // empty: `text` is good. Says what is wrong, without the value of a key
};

// True when the value is the text itself.
bool is_inline_pem(std::string_view value);

// At most 1 MiB.
PemText read_pem(const std::string& value, Kind kind);

// What identifies the content of the file behind `value` as long as nobody writes it: inode, size and times; empty for
// inline text and for files that are not there.
std::string file_stamp(const std::string& value);

}  // namespace sluice::tls
