#include "http/rejection.h"

#include <array>

namespace sluice::http {

namespace {

struct Row {
  std::uint16_t status;
  std::string_view name;
  std::string_view text;
};

// In the order of Reason.
constexpr Row kRows[] = {
    {200, "none", "nothing is wrong"},
    {400, "leading_empty_lines", "more than two empty lines before the request line"},
    {400, "request_line", "the request line is not method, space, target, space, version"},
    {501, "method_unsupported", "the method is longer than any we know"},
    {501, "method_connect", "CONNECT is not offered"},
    {405, "method_trace", "TRACE is not offered"},
    {400, "version_malformed", "the request line does not end in an HTTP version"},
    {505, "version_unsupported", "an HTTP version other than 1.0 and 1.1"},
    {400, "status_line", "the status line is malformed"},
    {414, "target_too_long", "the request target is too long"},
    {400, "target_form", "the request target is neither a path, an http URI nor '*' with OPTIONS"},
    {400, "target_authority", "the authority of the request target is not a host with an optional port"},
    {400, "target_byte", "a control byte, space or backslash in the request target"},
    {400, "target_fragment", "a fragment in the request target"},
    {400, "target_escape", "a percent sign without two hexadecimal digits in the path"},
    {400, "target_null", "an escaped NUL in the path"},
    {400, "target_dot_segment", "a dot segment with a parameter in the path"},
    {400, "target_encoded_character", "an escaped character in the path that the entry point does not allow"},
    {400, "host_missing", "no Host field"},
    {400, "host_repeated", "more than one Host field"},
    {400, "host_invalid", "Host is not a host with an optional port"},
    {400, "host_mismatch", "the request target names another host than Host"},
    {400, "line_ending", "a line that does not end in CR LF, or a CR elsewhere"},
    {400, "field_syntax", "a field line with an invalid name or value, or a folded one"},
    {400, "field_alias", "a field name that becomes a framing field when '_' is read as '-'"},
    {400, "field_underscore", "a field name with an underscore"},
    {431, "head_too_large", "the header section is too large"},
    {431, "too_many_fields", "too many header fields"},
    {400, "connection_options", "too many connection options"},
    {417, "expectation", "an expectation other than 100-continue"},
    {400, "length_invalid", "Content-Length is not a plain number of at most 18 digits"},
    {400, "length_repeated", "more than one Content-Length"},
    {400, "length_and_encoding", "both Content-Length and Transfer-Encoding"},
    {400, "encoding_invalid", "Transfer-Encoding is not exactly one 'chunked'"},
    {501, "encoding_unknown", "a transfer coding other than chunked"},
    {400, "encoding_in_http10", "Transfer-Encoding in an HTTP/1.0 message"},
    {400, "content_in_http10", "content in an HTTP/1.0 request with a method that takes none"},
    {400, "chunk_size", "a chunk size that is not 1 to 16 hexadecimal digits, or is too large"},
    {400, "chunk_extension", "a chunk extension that is malformed or too long"},
    {400, "chunk_end", "chunk data that is not followed by CR LF"},
    {400, "trailer_syntax", "a malformed trailer field"},
    {431, "trailer_too_large", "the trailer section is too large"},
    {400, "truncated", "the connection ended inside a message"},
    {502, "upgrade_not_asked", "101 without an upgrade having been asked for"},
    {502, "upgrade_mismatch", "101 for another protocol than the one asked for"},
};
static_assert(std::size(kRows) == static_cast<std::size_t>(Reason::count));

const Row& row(Reason reason) { return kRows[static_cast<std::size_t>(reason)]; }

}  // namespace

std::uint16_t status_of(Reason reason) { return row(reason).status; }
std::string_view name_of(Reason reason) { return row(reason).name; }
std::string_view text_of(Reason reason) { return row(reason).text; }

}  // namespace sluice::http
