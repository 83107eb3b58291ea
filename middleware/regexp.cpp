#include "middleware/regexp.h"

#include <re2/re2.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/text.h"
#include "route/regexp_text.h"

namespace sluice::middleware {
namespace {

re2::StringPiece piece_of(std::string_view text) { return {text.data(), text.size()}; }
std::string_view view_of(const re2::StringPiece& piece) { return {piece.data(), piece.size()}; }

bool is_name_char(char c) { return is_alpha(c) || is_digit(c) || c == '_'; }

// Bytes of the UTF-8 character at `at`, for stepping over an empty match.
std::size_t character_size(std::string_view text, std::size_t at) {
  std::size_t size = 1;
  while (at + size < text.size() && (static_cast<unsigned char>(text[at + size]) & 0xc0) == 0x80 && size < 4) ++size;
  return size;
}

}  // namespace

Regexp::Regexp() = default;
Regexp::~Regexp() = default;

std::shared_ptr<const Regexp> Regexp::compile(std::string_view text, std::string& error) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  std::shared_ptr<Regexp> made(new Regexp);
  made->regexp_ = std::make_unique<re2::RE2>(route::with_portable_groups(trim(text)), options);
  if (!made->regexp_->ok()) {
    error = made->regexp_->error();
    return nullptr;
  }
  made->groups_ = made->regexp_->NumberOfCapturingGroups();
  return made;
}

std::optional<std::string_view> Regexp::find(std::string_view text) const {
  re2::StringPiece match;
  if (!regexp_->Match(piece_of(text), 0, text.size(), re2::RE2::UNANCHORED, &match, 1)) return std::nullopt;
  return view_of(match);
}

Regexp::Replacement::Replacement(const Regexp& regexp, std::string_view text) {
  std::string literal;
  auto add_group = [&](std::string_view name) {
    int group = -1;
    if (std::optional<std::uint64_t> number = parse_u64(name)) {
      group = *number <= static_cast<std::uint64_t>(regexp.groups_) ? static_cast<int>(*number) : -1;
    } else {
      const auto& names = regexp.regexp_->NamedCapturingGroups();
      auto found = names.find(std::string(name));
      if (found != names.end()) group = found->second;
    }
    if (group < 0) return;
    pieces_.push_back(Piece{std::exchange(literal, {}), -1});
    pieces_.push_back(Piece{{}, group});
  };
  while (!text.empty()) {
    std::size_t dollar = text.find('$');
    literal += text.substr(0, dollar);
    if (dollar == std::string_view::npos) break;
    text.remove_prefix(dollar + 1);
    if (text.starts_with('$')) {
      literal += '$';
      text.remove_prefix(1);
      continue;
    }
    bool braced = text.starts_with('{');
    std::size_t start = braced ? 1 : 0;
    std::size_t end = start;
    while (end < text.size() && is_name_char(text[end])) ++end;
    bool malformed = end == start || (braced && (end == text.size() || text[end] != '}'));
    if (malformed) {
      literal += '$';
      continue;
    }
    add_group(text.substr(start, end - start));
    text.remove_prefix(end + (braced ? 1 : 0));
  }
  if (!literal.empty()) pieces_.push_back(Piece{std::move(literal), -1});
}

std::string_view Regexp::replace_all(std::string_view text, const Replacement& replacement, Arena& arena) const {
  auto count = static_cast<std::size_t>(groups_) + 1;
  auto* captured = arena.array<re2::StringPiece>(count);
  std::uninitialized_default_construct_n(captured, count);
  std::string out;
  std::size_t copied = 0;
  std::size_t at = 0;
  bool any = false;
  std::size_t last_end = std::string_view::npos;  // of the last match
  while (at <= text.size() &&
         regexp_->Match(piece_of(text), at, text.size(), re2::RE2::UNANCHORED, captured, groups_ + 1)) {
    auto begin = static_cast<std::size_t>(captured[0].data() - text.data());
    std::size_t end = begin + captured[0].size();
    // As Go: an empty match directly behind another match is none.
    if (begin != end || begin != last_end) {
      any = true;
      out += text.substr(copied, begin - copied);
      for (const Replacement::Piece& piece : replacement.pieces_) {
        if (piece.group < 0) {
          out += piece.literal;
        } else {
          const re2::StringPiece& group = captured[static_cast<std::size_t>(piece.group)];
          out.append(group.data() == nullptr ? "" : group.data(), group.size());
        }
      }
      copied = end;
      last_end = end;
    }
    at = begin == end ? end + character_size(text, end) : end;
  }
  if (!any) return text;
  out += text.substr(std::min(copied, text.size()));
  return arena.copy(out);
}

}  // namespace sluice::middleware
