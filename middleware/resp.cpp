#include "middleware/resp.h"

#include <charconv>
#include <optional>

namespace sluice::middleware {
namespace {

constexpr int kDeepest = 4;
constexpr std::int64_t kMostElements = 1024;

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  std::size_t at() const { return at_; }

  RespState read(RespValue& value, int depth) {
    std::optional<std::string_view> line = next_line();
    if (!line) return bytes_.size() - at_ > kRespMost ? RespState::invalid : RespState::need_more;
    if (line->empty()) return RespState::invalid;
    std::string_view rest = line->substr(1);
    switch (line->front()) {
      case '+':
      case '-':
        value.kind = line->front() == '+' ? RespValue::Kind::text : RespValue::Kind::error;
        value.text = rest;
        return RespState::complete;
      case ':':
        value.kind = RespValue::Kind::integer;
        return number(rest, value.integer) ? RespState::complete : RespState::invalid;
      case '$': return bulk(rest, value);
      case '*': return array(rest, value, depth);
      default: return RespState::invalid;
    }
  }

 private:
  std::optional<std::string_view> next_line() {
    std::size_t end = bytes_.find("\r\n", at_);
    if (end == std::string_view::npos) return std::nullopt;
    std::string_view line = bytes_.substr(at_, end - at_);
    at_ = end + 2;
    return line;
  }

  static bool number(std::string_view text, std::int64_t& value) {
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size();
  }

  RespState bulk(std::string_view size_text, RespValue& value) {
    std::int64_t size = 0;
    if (!number(size_text, size) || size < -1 || size > static_cast<std::int64_t>(kRespMost)) return RespState::invalid;
    if (size == -1) return RespState::complete;  // null
    auto length = static_cast<std::size_t>(size);
    if (bytes_.size() - at_ < length + 2) return RespState::need_more;
    if (bytes_.substr(at_ + length, 2) != "\r\n") return RespState::invalid;
    value.kind = RespValue::Kind::text;
    value.text = bytes_.substr(at_, length);
    at_ += length + 2;
    return RespState::complete;
  }

  RespState array(std::string_view count_text, RespValue& value, int depth) {
    std::int64_t count = 0;
    if (!number(count_text, count) || count < -1 || count > kMostElements || depth >= kDeepest) {
      return RespState::invalid;
    }
    if (count == -1) return RespState::complete;  // null
    value.kind = RespValue::Kind::array;
    for (std::int64_t i = 0; i < count; ++i) {
      RespState state = read(value.elements.emplace_back(), depth + 1);
      if (state != RespState::complete) return state;
    }
    return RespState::complete;
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
};

}  // namespace

std::string resp_command(std::span<const std::string_view> words) {
  std::string bytes = '*' + std::to_string(words.size()) + "\r\n";
  for (std::string_view word : words) {
    bytes += '$' + std::to_string(word.size()) + "\r\n";
    bytes += word;
    bytes += "\r\n";
  }
  return bytes;
}

RespState resp_read(std::string_view bytes, RespValue& value, std::size_t& consumed) {
  value = RespValue();
  Reader reader(bytes);
  RespState state = reader.read(value, 0);
  if (state == RespState::need_more && bytes.size() > kRespMost) return RespState::invalid;
  consumed = state == RespState::complete ? reader.at() : 0;
  return state;
}

}  // namespace sluice::middleware
