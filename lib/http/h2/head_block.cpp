#include "http/h2/head_block.h"

#include "http/chars.h"

namespace sluice::http::h2 {
namespace {

// RFC 9113 §6.5.2: what a field counts beyond its bytes.
constexpr std::size_t kFieldOverhead = 32;
// A block of so many times its bounds is an attack.
constexpr std::size_t kHopeless = 4;

bool is_framing_alias(std::string_view name) {
  FieldId id = field_id_of_alias(name);
  return id == FieldId::host || id == FieldId::content_length || id == FieldId::transfer_encoding ||
         id == FieldId::connection;
}

}  // namespace

void HeadBlock::add(std::string_view name, std::string_view value) {
  bytes_ += name.size() + value.size() + kFieldOverhead;
  ++count_;
  if (reason != Reason::none) return;
  if (bytes_ > limits_.max_header_bytes) {
    reason = Reason::head_too_large;
    return;
  }
  if (!name.empty() && name[0] == ':') {
    add_pseudo(name, value);
    return;
  }
  if (fields.size() >= limits_.max_fields) {
    reason = Reason::too_many_fields;
    return;
  }
  // nghttp2 has looked at both; this is the guard that HTTP/1 has.
  if (!is_token(name) || !is_field_value(value)) {
    reason = Reason::field_syntax;
    return;
  }
  Field field;
  field.id = field_id(name);
  if (field.id == FieldId::other && name.find('_') != std::string_view::npos) {
    if (is_framing_alias(name)) {
      reason = Reason::field_alias;
      return;
    }
    if (limits_.underscores == h1::Underscores::reject) reason = Reason::field_underscore;
    if (limits_.underscores != h1::Underscores::keep) return;
  }
  Arena& arena = fields.arena();
  field.name = field.id == FieldId::other ? arena.copy(name) : field_name(field.id);
  field.value = arena.copy(value);
  fields.add(field);
}

// Which of them a block may and must have was checked with their order (RFC 9113 §8.3).
void HeadBlock::add_pseudo(std::string_view name, std::string_view value) {
  std::string_view kept = fields.arena().copy(value);
  if (name == ":method") {
    method = kept;
  } else if (name == ":scheme") {
    scheme = kept;
  } else if (name == ":authority") {
    authority = kept;
  } else if (name == ":path") {
    path = kept;
  } else if (name == ":protocol") {
    protocol = kept;
  } else if (name == ":status") {
    status = kept;
  }
}

bool HeadBlock::hopeless() const {
  return bytes_ > kHopeless * limits_.max_header_bytes || count_ > kHopeless * limits_.max_fields;
}

}  // namespace sluice::http::h2
