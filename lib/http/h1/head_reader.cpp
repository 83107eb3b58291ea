#include "http/h1/head_reader.h"

#include <algorithm>

#include "http/h1/second_opinion.h"

namespace sluice::http::h1 {

HeadReader::Step HeadReader::read_line(Bytes available, std::size_t max_empty_lines, std::size_t max_line,
                                       Reason too_long) {
  while (!has_line_) {
    std::size_t feed = available.find('\n', read_);
    std::size_t end = std::min(feed, available.size());
    if (end - line_from_ > max_line + 1) return refuse(too_long);  // the CR is no part of the line
    if (feed == Bytes::npos) {
      read_ = available.size();
      return Step::need_more;
    }
    if (feed == line_from_ || available[feed - 1] != '\r') return refuse(Reason::line_ending);  // RFC 9112 §2.2
    read_ = feed + 1;
    line_size_ = feed - 1 - line_from_;
    if (line_size_ != 0) {
      has_line_ = true;
    } else {
      if (++empty_lines_ > max_empty_lines) return refuse(Reason::leading_empty_lines);
      line_from_ = read_;
    }
  }
  return Step::done;
}

HeadReader::Step HeadReader::read_fields(Bytes available, Arena& arena, const Limits& limits) {
  if (!has_tokenizer_) {
    tokenizer_.start(read_, arena, limits.max_fields);
    has_tokenizer_ = true;
  }
  std::size_t limit = line_from_ + limits.max_header_bytes;
  switch (tokenizer_.feed(available.data(), std::min(available.size(), limit))) {
    case FieldTokenizer::State::done: return Step::done;
    case FieldTokenizer::State::refused: return refuse(tokenizer_.reason());
    case FieldTokenizer::State::more: break;
  }
  return available.size() >= limit ? refuse(Reason::head_too_large) : Step::need_more;
}

bool HeadReader::confirmed([[maybe_unused]] Bytes head) const {
#ifdef SLUICE_DEBUG
  return llhttp_agrees(head, line_from_ + line_size_ + 2, tokenizer_.lines());
#else
  return true;
#endif
}

Reason HeadReader::build_fields(Bytes head, Underscores underscores, std::uint64_t without, Fields& fields,
                                FieldFacts& facts) const {
  // The proxy adds about half a dozen of its own.
  fields.reserve(fields.size() + tokenizer_.lines().size() + 8);
  for (const FieldTokenizer::Line& line : tokenizer_.lines()) {
    Field field;
    field.name = head.substr(line.name, line.name_size);
    field.value = head.substr(line.value, line.value_size);
    field.id = field_id(field.name);
    if (line.has_underscore) {
      facts.observe_alias(field_id_of_alias(field.name));
      if (underscores == Underscores::reject) return Reason::field_underscore;
      if (underscores == Underscores::remove) continue;
    }
    facts.observe(field);
    if ((bit_of(field.id) & without) == 0) fields.add(field);
  }
  return Reason::none;
}

}  // namespace sluice::http::h1
