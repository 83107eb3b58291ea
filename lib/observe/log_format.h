// log_format.h: one event of the program log as a line of text, without the line end. Pure.
//
// Text of strangers cannot break out of its line: control bytes and invalid UTF-8 are escaped in both formats.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "observe/log.h"

namespace sluice::log {

using WallTime = std::chrono::sys_time<std::chrono::nanoseconds>;

// "2026-01-02T15:04:05Z ERR cannot reach the server serviceName=web@docker", with ANSI colours if wanted.
void append_common(std::string& out, WallTime time, Level level, std::string_view message, Fields fields, bool color);
// {"level":"error","serviceName":"web@docker","time":"2026-01-02T15:04:05Z","message":"…"}
void append_json(std::string& out, WallTime time, Level level, std::string_view message, Fields fields);

// "2026-01-02T15:04:05Z" (RFC 3339, UTC).
std::string rfc3339(WallTime time);
// The text as a JSON string with its quotes (RFC 8259 §7); invalid UTF-8 becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);

}  // namespace sluice::log
