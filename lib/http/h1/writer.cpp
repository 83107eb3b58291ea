#include "http/h1/writer.h"

#include <charconv>
#include <cstring>

#include "http/chars.h"

namespace sluice::http::h1 {

namespace {

template <class Word>
std::uint64_t move_word(char* to, const char* from) {
  Word word;
  std::memcpy(&word, from, sizeof word);
  std::memcpy(to, &word, sizeof word);
  return word;
}

// Copies `text` and gives `check` all of it, eight bytes at a time, some twice; joins what it answers.
template <class Check>
std::uint64_t copy_words(char* to, std::string_view text, Check check) {
  constexpr std::uint64_t kHarmless = chars::kEachByte * '!';
  const char* from = text.data();
  std::size_t size = text.size();
  std::uint64_t found = 0;
  if (size >= 8) {
    for (std::size_t at = 0; at + 8 < size; at += 8) found |= check(move_word<std::uint64_t>(to + at, from + at));
    return found | check(move_word<std::uint64_t>(to + size - 8, from + size - 8));
  }
  std::uint64_t word = kHarmless;
  if (size >= 4) {
    word = move_word<std::uint32_t>(to, from) | move_word<std::uint32_t>(to + size - 4, from + size - 4) << 32;
  } else if (size >= 2) {
    word = move_word<std::uint16_t>(to, from) | move_word<std::uint16_t>(to + size - 2, from + size - 2) << 16 |
           kHarmless << 32;
  } else if (size == 1) {
    *to = *from;
    word = kHarmless << 8 | static_cast<unsigned char>(*from);
  }
  return check(word);
}

// Copies and looks for bytes below `limit` and DEL, by words; the result may be non-zero without reason. Names and
// values are short: this is quicker than memcpy alone.
template <unsigned char limit>
std::uint64_t copy_and_check(char* to, std::string_view text) {
  return copy_words(to, text, [](std::uint64_t word) { return chars::control_bytes<limit>(word); });
}

// The same for names, which must have neither ':' nor obs-text either.
std::uint64_t copy_and_check_name(char* to, std::string_view name) {
  return copy_words(to, name, [](std::uint64_t word) {
    std::uint64_t colon = word ^ (chars::kEachByte * ':');
    std::uint64_t high = chars::kEachByte * 0x80;
    return chars::control_bytes<0x21>(word) | (word & high) | ((colon - chars::kEachByte) & ~colon & high);
  });
}

class Out {
 public:
  explicit Out(char* to) : begin_(to), at_(to) {}

  void text(std::string_view text) {
    copy_words(at_, text, [](std::uint64_t) { return std::uint64_t{0}; });
    at_ += text.size();
  }
  template <std::size_t size>
  void text(const char (&literal)[size]) {
    std::memcpy(at_, literal, size - 1);
    at_ += size - 1;
  }
  void number(std::uint64_t number) { at_ = std::to_chars(at_, at_ + 20, number).ptr; }

  void token(std::string_view token) {
    bad_ = bad_ || !is_token(token);
    text(token);
  }
  // What would end the name, or the line, is found by words; the rest of the grammar only when that finds something.
  void name(std::string_view name) {
    std::uint64_t found = copy_and_check_name(at_, name);
    if (found != 0 || name.empty()) bad_ = bad_ || !is_token(name);
    at_ += name.size();
  }
  void value(std::string_view value) {
    std::uint64_t found = copy_and_check<0x20>(at_, value);
    if (found != 0) bad_ = bad_ || !is_field_value(value);  // a tab is in order
    at_ += value.size();
  }
  // A part of a target: no spaces either.
  void target(std::string_view target) {
    bad_ = bad_ || copy_and_check<0x21>(at_, target) != 0;
    at_ += target.size();
  }
  void field(std::string_view name, std::string_view field_value) {
    text(name);
    text(": ");
    value(field_value);
    text("\r\n");
  }
  void field(const Field& field) {
    if (field.id == FieldId::other) {
      name(field.name);
    } else {
      text(field.name);  // one of the names we know: a token
    }
    text(": ");
    value(field.value);
    text("\r\n");
  }
  void framing(const Framing& framing) {
    if (framing.kind == Framing::Kind::length) {
      text("Content-Length: ");
      number(framing.length);
      text("\r\n");
    } else if (framing.kind == Framing::Kind::chunked) {
      text("Transfer-Encoding: chunked\r\n");
    }
  }

  Result<std::size_t> finish() const {
    if (bad_) return Error::of(Code::invalid, "a field or target has a byte that HTTP/1 cannot carry");
    return static_cast<std::size_t>(at_ - begin_);
  }

 private:
  char* begin_;
  char* at_;
  bool bad_ = false;
};

constexpr std::uint64_t kOwned = bit_of(FieldId::content_length) | bit_of(FieldId::transfer_encoding) |
                                 bit_of(FieldId::connection) | bit_of(FieldId::upgrade);

// Writes all fields whose id is not in `without`; says which ids there were.
std::uint64_t write_fields(Out& out, const Fields& fields, std::uint64_t without) {
  std::uint64_t seen = 0;
  for (const Field& field : fields) {
    seen |= bit_of(field.id);
    if ((without & bit_of(field.id)) == 0) out.field(field);
  }
  return seen;
}

std::size_t bound_of_fields(const Fields& fields) {
  std::size_t bound = 0;
  for (const Field& field : fields) bound += field.name.size() + field.value.size() + 4;
  return bound;
}

// Our own lines: framing, Date, Connection, version and status, without what the forms bring.
constexpr std::size_t kOwnLines = 256;

// The length that a response without content talks about: HEAD and 304 (RFC 9110 §8.6).
void write_described_length(Out& out, const Response& response, Method method) {
  if (method != Method::head && response.status != 304) return;
  if (response.body != nullptr) {
    if (std::optional<std::uint64_t> size = response.body->remaining()) {
      out.framing(Framing{Framing::Kind::length, *size});
    }
  } else if (const Field* length = response.fields.find(FieldId::content_length)) {
    out.field("Content-Length", length->value);
  }
}

template <class Write>
Result<Bytes> into_arena(Arena& arena, std::size_t bound, Write write) {
  char* memory = arena.array<char>(bound);
  Result<std::size_t> size = write(std::span<char>(memory, bound));
  if (!size) return size.error();
  return Bytes(memory, *size);
}

}  // namespace

std::size_t bound_of_request_head(const Request& request, const RequestForm& form) {
  return bound_of_fields(request.fields) + request.method_text.size() + request.target.path.size() +
         request.target.query.size() + form.host.size() + request.upgrade.size() + kOwnLines;
}

Result<std::size_t> write_request_head(std::span<char> memory, const Request& request, const RequestForm& form) {
  SLUICE_CHECK(memory.size() >= bound_of_request_head(request, form));
  Out out(memory.data());
  if (request.target.path.empty()) return Error::of(Code::invalid, "the request has no target");
  out.token(request.method_text);
  out.text(" ");
  out.target(request.target.path);
  if (request.target.has_query) {
    out.text("?");
    out.target(request.target.query);
  }
  out.text(" HTTP/1.1\r\n");
  out.field("Host", form.host);
  std::uint64_t seen = write_fields(out, request.fields, kOwned | bit_of(FieldId::host));
  out.framing(form.framing);
  if (!request.upgrade.empty()) {
    out.text("Connection: Upgrade\r\n");
    out.field("Upgrade", request.upgrade);
  } else {
    bool te = (seen & bit_of(FieldId::te)) != 0;  // RFC 9110 §10.1.4: TE is for the next hop, so it is nominated
    if (form.close) {
      if (te) {
        out.text("Connection: close, TE\r\n");
      } else {
        out.text("Connection: close\r\n");
      }
    } else if (te) {
      out.text("Connection: TE\r\n");
    }
  }
  out.text("\r\n");
  return out.finish();
}

std::size_t bound_of_response_head(const Response& response, const ResponseForm& form) {
  return bound_of_fields(response.fields) + form.date.size() + form.upgrade.size() + kOwnLines;
}

static void write_status_line(Out& out, std::uint16_t status) {
  if (status == 200) {
    out.text("HTTP/1.1 200 OK\r\n");
    return;
  }
  out.text("HTTP/1.1 ");
  out.number(status);
  out.text(" ");
  out.text(reason_phrase(status));
  out.text("\r\n");
}

Result<std::size_t> write_response_head(std::span<char> memory, const Response& response, const ResponseForm& form) {
  SLUICE_CHECK(memory.size() >= bound_of_response_head(response, form));
  SLUICE_CHECK(form.framing.kind != Framing::Kind::until_close || !form.keep_alive);
  if (response.status < 100 || response.status > 999)
    return Error::of(Code::invalid, "a status of other than 3 digits");
  Out out(memory.data());
  write_status_line(out, response.status);
  std::uint64_t seen = write_fields(out, response.fields, kOwned);
  if ((seen & bit_of(FieldId::date)) == 0 && !form.date.empty()) out.field("Date", form.date);
  if (response.status == 101) {
    out.text("Connection: Upgrade\r\n");
    out.field("Upgrade", form.upgrade);
    out.text("\r\n");
    return out.finish();
  }
  if (form.framing.kind == Framing::Kind::none) {
    write_described_length(out, response, form.method);
  } else {
    out.framing(form.framing);
  }
  if (!form.keep_alive) {
    out.text("Connection: close\r\n");
  } else if (form.client == Version::http10) {
    out.text("Connection: keep-alive\r\n");
  }
  out.text("\r\n");
  return out.finish();
}

Result<Bytes> write_request_head(Arena& arena, const Request& request, const RequestForm& form) {
  return into_arena(arena, bound_of_request_head(request, form),
                    [&](std::span<char> out) { return write_request_head(out, request, form); });
}

Result<Bytes> write_response_head(Arena& arena, const Response& response, const ResponseForm& form) {
  return into_arena(arena, bound_of_response_head(response, form),
                    [&](std::span<char> out) { return write_response_head(out, response, form); });
}

Result<Bytes> write_interim_head(Arena& arena, std::uint16_t status, const Fields& fields) {
  SLUICE_CHECK(status >= 100 && status < 200 && status != 101);
  return into_arena(arena, bound_of_fields(fields) + kOwnLines, [&](std::span<char> memory) {
    Out out(memory.data());
    write_status_line(out, status);
    write_fields(out, fields, kOwned);
    out.text("\r\n");
    return out.finish();
  });
}

ChunkHead::ChunkHead(std::uint64_t size) {
  static constexpr char kHex[] = "0123456789abcdef";
  if (size == 0) return;
  text_[--from_] = '\n';
  text_[--from_] = '\r';
  for (; size != 0; size >>= 4) text_[--from_] = kHex[size & 15];
}

Result<Bytes> write_trailers(Arena& arena, const Fields& trailers) {
  return into_arena(arena, bound_of_fields(trailers) + kOwnLines, [&](std::span<char> memory) {
    Out out(memory.data());
    out.text("0\r\n");
    write_fields(out, trailers, kOwned | bit_of(FieldId::host));
    out.text("\r\n");
    return out.finish();
  });
}

}  // namespace sluice::http::h1
