// Request targets, hosts and rewritten paths as anybody might write them.
//
// Normalising is idempotent, and what it leaves has one reading: no dot segments, no empty segments, no bytes that a
// URI cannot have. A canonical host is its own canonical form.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/authority.h"
#include "http/chars.h"
#include "http/target.h"

using namespace sluice;
using namespace sluice::http;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check_normal(std::string_view path, const TargetOptions& options, Arena& arena) {
  require(path.starts_with('/'));
  NormalPath again = normalize_path(path, options, arena);
  require(again.reason == Reason::none && again.path == path);
  for (char c : path) require(c == '%' || chars::is(c, chars::kPath));
  if (!options.sanitize) return;
  for (std::size_t at = 0; at < path.size();) {
    std::size_t end = std::min(path.find('/', at + 1), path.size());
    std::string_view segment = path.substr(at + 1, end - at - 1);
    require(segment != "." && segment != ".." && (!segment.empty() || end == path.size()));
    at = end;
  }
  // Another server may decode what we decode for matching: it finds no new dot segment unless it decodes %2F as well.
  std::string_view decoded = match_form(path, arena);
  require(decoded.find("/../") == std::string_view::npos && decoded.find("//") == std::string_view::npos);
}

void check_path(std::string_view path, const TargetOptions& options, Arena& arena) {
  NormalPath normal = normalize_path(path, options, arena);
  if (normal.reason == Reason::none) check_normal(normal.path, options, arena);
}

void check_target(std::string_view raw, const TargetOptions& options, Arena& arena) {
  Target target;
  if (read_target(raw, options, arena, target) != Reason::none) return;
  require(target.raw == raw);
  check_normal(target.path, options, arena);
  require(match_form(target.path, arena) == target.match_path);
  require(target.has_query == (raw.find('?') != std::string_view::npos));
  for (char c : target.query) require(static_cast<unsigned char>(c) > 0x20 && static_cast<unsigned char>(c) < 0x7f);
  EncodedCharacters none{false, false, false, false, false, false, false};
  if (allowed(target.path, none)) require(target.match_path.find('\\') == std::string_view::npos);
}

void check_host(std::string_view text, Arena& arena) {
  std::optional<Authority> authority = parse_authority(text, arena);
  if (!authority) return;
  bool v6 = authority->host.find(':') != std::string_view::npos;
  std::string again = v6 ? "[" + std::string(authority->host) + "]" : std::string(authority->host);
  std::optional<Authority> canonical = parse_authority(again, arena);
  require(canonical && canonical->host == authority->host && canonical->port == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  for (bool sanitize : {true, false}) {
    for (bool other : {true, false}) {
      Arena arena;
      TargetOptions options{sanitize, other, other};
      check_path(text, options, arena);
      check_target(text, options, arena);
    }
  }
  Arena arena;
  check_host(text, arena);
  return 0;
}
