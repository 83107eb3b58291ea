// file.h: what several rooms do with files.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace sluice {

// What is left to read of a descriptor. Blocking. What was read is nowhere but in the string, which matters for keys.
// Errors: of the system, with errno; too_large when it is more than `most` bytes.
Result<std::string> read_to_end(int fd, std::size_t most);

}  // namespace sluice
