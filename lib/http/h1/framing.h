// framing.h: the guard. Where a message ends, whether the connection lives on, what is expected and what may be
// upgraded to is decided here and nowhere else, from the fields as received (RFC 9112 §6, RFC 9110 §7.6-7.8, §10.1.1);
// and how we frame what we send. Whatever the tokenizer let through, this refuses. Pure; any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "http/authority.h"
#include "http/fields.h"
#include "http/message.h"
#include "http/rejection.h"

namespace sluice::http::h1 {

struct Framing {
  enum class Kind : std::uint8_t { none, length, chunked, until_close };
  Kind kind = Kind::none;
  std::uint64_t length = 0;  // bytes of content, for Kind::length

  bool has_content() const { return kind != Kind::none && (kind != Kind::length || length != 0); }
  friend bool operator==(const Framing&, const Framing&) = default;
};

// What a request or response head says beyond its fields.
struct HeadResult {
  enum class State : std::uint8_t {
    need_more,  // call again with more bytes behind the same ones
    done,
    refused,  // answer status_of(reason) and close; nothing of the connection may be interpreted any more
  };
  State state = State::need_more;
  Reason reason = Reason::none;
  std::size_t consumed = 0;  // bytes of the head, with empty lines before it; the content begins behind them
  Framing framing;
  bool keep_alive = false;       // whether the sender lets the connection be used again
  bool expect_continue = false;  // requests: the client waits for 100 before it sends the content
};

// The request a response answers.
struct Question {
  Method method = Method::get;
  std::string_view upgrade;  // the protocol the request offered, or empty
};

// The host that an absolute-form target names. `default_port` is that of its scheme.
struct NamedHost {
  std::string_view text;
  Authority authority;
  std::uint16_t default_port = 80;
};

// What one pass over the fields of a head collects for the decision.
class FieldFacts {
 public:
  // Called once per field, in order. `aliased` is field_id_of_alias for names with an underscore.
  void observe(const Field& field);
  void observe_alias(FieldId aliased);

 private:
  friend Reason decide_request(const FieldFacts&, const NamedHost*, Request&, HeadResult&);
  friend Reason decide_response(const FieldFacts&, const Question&, const Response&, HeadResult&);

  struct Once {  // a field that may come once
    std::string_view value;
    std::uint32_t count = 0;
    void see(std::string_view text) {
      value = text;
      ++count;
    }
  };
  void observe_connection(std::string_view value);

  Once host_, length_, encoding_, expect_, upgrade_;
  std::uint32_t connection_options_ = 0;
  bool close_ = false;
  bool keep_alive_ = false;
  bool upgrade_option_ = false;
  bool alias_ = false;
};

// Fills framing, keep_alive and expect_continue of `result`, and authority, host and upgrade of `request`, whose method
// and version must be set. `named`, if not null, and Host must agree.
Reason decide_request(const FieldFacts& facts, const NamedHost* named, Request& request, HeadResult& result);
// `response` must have its status and version.
Reason decide_response(const FieldFacts& facts, const Question& question, const Response& response, HeadResult& result);

// How the content of a message that we send is framed. `client` is the version of the request that is answered.
Framing request_framing(const Request& request);
Framing response_framing(const Response& response, Method method, Version client);

}  // namespace sluice::http::h1
