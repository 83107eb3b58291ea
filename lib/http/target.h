// target.h: request targets. One path is computed here and everything reads it: rules, middlewares, the log, the
// upstream. So no two of them can understand one request differently. Pure; any thread.
//
// A normal path starts with '/', has upper-case escapes, no escape of an unreserved character and no raw byte that a
// URI cannot have; unless `sanitize` is off it has no empty, "." or ".." segment either.
// normalize_path(normalize_path(x)) is normalize_path(x), and an upstream that follows RFC 3986 reads it as we do.
#pragma once

#include <string_view>

#include "base/arena.h"
#include "http/message.h"
#include "http/rejection.h"

namespace sluice::http {

struct TargetOptions {
  bool sanitize = true;                  // sanitizePath: remove dot segments and merge slashes
  bool allow_encoded_null = false;       // %00 in the path
  bool encode_query_semicolons = false;  // encodeQuerySemicolons: ';' in the query becomes %3B
};

// Fills `target` from an origin-form ("/path?query"), or says why it is refused. Views lie in `raw` or in the arena.
Reason read_target(std::string_view raw, const TargetOptions& options, Arena& arena, Target& target);

struct NormalPath {
  Reason reason = Reason::none;
  std::string_view path;  // `path` itself when it was normal already, else in the arena
};
NormalPath normalize_path(std::string_view path, const TargetOptions& options, Arena& arena);

// For a middleware that rewrote the path: normalises it and renews both forms; the query stays.
Reason replace_path(Target& target, std::string_view path, const TargetOptions& options, Arena& arena);

// What rules compare with: a normal path with every escape decoded except those of reserved characters and of '%'.
std::string_view match_form(std::string_view path, Arena& arena);

// The encodedCharacters options of an entry point and of the middleware of that name.
struct EncodedCharacters {
  bool allow_slash = true;          // %2F
  bool allow_backslash = true;      // %5C
  bool allow_null = true;           // %00
  bool allow_semicolon = true;      // %3B
  bool allow_percent = true;        // %25
  bool allow_question_mark = true;  // %3F
  bool allow_hash = true;           // %23
  friend bool operator==(const EncodedCharacters&, const EncodedCharacters&) = default;
};
// False when the normal path contains an escape that is not allowed.
bool allowed(std::string_view path, const EncodedCharacters& characters);

}  // namespace sluice::http
