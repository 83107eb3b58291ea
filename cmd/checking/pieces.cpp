#include "cmd/checking/pieces.h"

#include <optional>
#include <string>
#include <vector>

#include "base/text.h"

namespace sluice::cmd::checking {
namespace {

bool in_word(char c) { return is_alpha(c) || is_digit(c) || c == '_' || c == '-'; }

// "… at byte 12 of Host(…", "… at column 12": 11
std::optional<std::size_t> counted_byte(std::string_view what) {
  std::size_t end = std::string_view::npos;
  for (std::string_view words : {"at byte ", "at column "}) {
    std::size_t at = what.find(words);
    if (at != std::string_view::npos) end = at + words.size();
  }
  if (end == std::string_view::npos) return std::nullopt;
  std::size_t number = 0;
  while (end < what.size() && is_digit(what[end]) && number < 1'000'000) {
    number = number * 10 + static_cast<std::size_t>(what[end++] - '0');
  }
  if (number == 0) return std::nullopt;
  return number - 1;
}

// What stands in "…", in `…`, and behind "node: ".
std::vector<std::string_view> quoted_pieces(std::string_view what) {
  std::vector<std::string_view> pieces;
  for (char quote : {'"', '`'}) {
    std::size_t at = 0;
    while ((at = what.find(quote, at)) != std::string_view::npos) {
      std::size_t end = what.find(quote, at + 1);
      if (end == std::string_view::npos) break;
      if (end > at + 1) pieces.push_back(what.substr(at + 1, end - at - 1));
      at = end + 1;
    }
  }
  constexpr std::string_view kNode = "node: ";
  if (std::size_t at = what.find(kNode); at != std::string_view::npos) {
    std::string_view rest = what.substr(at + kNode.size());
    pieces.push_back(rest.substr(0, rest.find(" (")));
  }
  return pieces;
}

// "http.routers.web.rul: …", "http.services.web.loadbalancer.servers cannot …": the last word of the option's path.
std::string_view last_of_path(std::string_view what) {
  std::string_view path = what.substr(0, what.find_first_of(": "));
  if (istarts_with(path, "traefik") || path.find('.') == std::string_view::npos) return {};
  return path.substr(path.rfind('.') + 1);
}

std::size_t word_size(std::string_view line, std::size_t at) {
  std::size_t end = at;
  while (end < line.size() && !is_space(line[end]) && line[end] != ':' && line[end] != '=') ++end;
  return end > at ? end - at : 1;
}

}  // namespace

Piece piece_of(std::string_view line, std::size_t start, std::string_view what, std::string_view value) {
  if (start > line.size()) start = 0;
  const std::size_t value_at = value.empty() ? std::string_view::npos : line.find(value, start);
  if (std::optional<std::size_t> byte = counted_byte(what); byte && value_at != std::string_view::npos) {
    std::size_t at = value_at + *byte;
    if (at < line.size()) return Piece{at, 1};
    return Piece{line.size(), 1};
  }
  Piece best;
  bool found = false;
  for (std::string_view piece : quoted_pieces(what)) {
    std::size_t at = line.find(piece, start);
    if (at == std::string_view::npos || (found && piece.size() <= best.size)) continue;
    best = Piece{at, piece.size()};
    found = true;
  }
  if (found) return best;
  // A list of names: the one that is mentioned.
  if (value.find(',') != std::string_view::npos) {
    for (std::string_view one : split(value, ',')) {
      one = trim(one);
      if (one.empty() || !mentions(what, one)) continue;
      std::size_t at = line.find(one, value_at == std::string_view::npos ? start : value_at);
      if (at != std::string_view::npos) return Piece{at, one.size()};
    }
  }
  if (value_at != std::string_view::npos) return Piece{value_at, value.size()};
  if (std::string_view path = last_of_path(what); !path.empty()) {
    std::size_t at = line.find("." + std::string(path), start);
    if (at != std::string_view::npos) return Piece{at + 1, path.size()};
  }
  return Piece{start, word_size(line, start)};
}

bool mentions(std::string_view what, std::string_view text) {
  if (text.empty()) return false;
  std::size_t at = 0;
  while ((at = what.find(text, at)) != std::string_view::npos) {
    std::size_t end = at + text.size();
    bool begins = at == 0 || !in_word(what[at - 1]) || !in_word(text.front());
    bool ends = end == what.size() || !in_word(what[end]) || !in_word(text.back());
    if (begins && ends) return true;
    ++at;
  }
  return false;
}

bool is_about_value(std::string_view what, std::string_view value) {
  if (!value.empty() && what.find('"' + std::string(value) + '"') != std::string_view::npos) return true;
  for (std::string_view piece : quoted_pieces(what)) {
    if (!value.empty() && (piece == value || value.find(piece) != std::string_view::npos)) return true;
  }
  return false;
}

}  // namespace sluice::cmd::checking
