// safe_file.h: files that must not be lost: read whole, replaced whole, for their owner's eyes only.
//
// Blocking; for the thread pool. Errors carry errno.
#pragma once

#include <string>

#include "base/result.h"

namespace sluice::acme {

// At most 64 MiB. Error not_found when there is none.
Result<std::string> read_file(const std::string& path);

// Replaces it: written beside, flushed, renamed. Where that cannot be (the file is mounted alone into a container, or
// its directory belongs to somebody else) in place: the space is reserved first and `backup` holds the old content
// until the new is on disk, so that a full disk or a crash leaves one of the two. Mode 0600.
Status replace_file(const std::string& path, const std::string& content, const std::string& backup);

// Whether `replace_file` would work: what it needs is tried beside the file, which is left alone.
Status probe_file(const std::string& path);

// Takes group's and others' rights from the file if it has any. Error security when that is not allowed.
Status keep_private(const std::string& path);

}  // namespace sluice::acme
