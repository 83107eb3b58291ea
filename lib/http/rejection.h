// rejection.h: every reason for which a message is refused, with the status the client sees, a name for the counter and
// a sentence for the log. docs/http.md is the same table for users. Pure data; any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::http {

enum class Reason : std::uint8_t {
  none,
  // The first line.
  leading_empty_lines,
  request_line,
  method_unsupported,
  method_connect,
  method_trace,
  version_malformed,
  version_unsupported,
  status_line,
  // The request target and Host.
  target_too_long,
  target_form,
  target_authority,
  target_byte,
  target_fragment,
  target_escape,
  target_null,
  target_dot_segment,
  target_encoded_character,
  host_missing,
  host_repeated,
  host_invalid,
  host_mismatch,
  // Fields.
  line_ending,
  field_syntax,
  field_alias,
  field_underscore,
  head_too_large,
  too_many_fields,
  connection_options,
  expectation,
  // Where the content ends.
  length_invalid,
  length_repeated,
  length_and_encoding,
  encoding_invalid,
  encoding_unknown,
  encoding_in_http10,
  content_in_http10,
  // Content.
  chunk_size,
  chunk_extension,
  chunk_end,
  trailer_syntax,
  trailer_too_large,
  truncated,
  // Responses only.
  upgrade_not_asked,
  upgrade_mismatch,
  count,  // the number of reasons, for an array of counters
};

// The status the client is answered with; 502 when the message came from an upstream, whatever the reason.
std::uint16_t status_of(Reason reason);
// "length_and_encoding": stable, for counters and the access log.
std::string_view name_of(Reason reason);
// "both Content-Length and Transfer-Encoding": a sentence for a log line.
std::string_view text_of(Reason reason);

}  // namespace sluice::http
