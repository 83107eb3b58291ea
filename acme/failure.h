// failure.h: why something between us and a CA did not work, in the CA's own words where it had some, and what follows
// from it for the next attempt.
//
// Values. `Outcome<T>` is to this room what Result<T> is to the request path: here the text matters more than the cost.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace sluice::acme {

struct Failure {
  enum class Kind : std::uint8_t {
    cancelled,    // the process ends
    unreachable,  // no answer, or none that makes sense: the CA's trouble, not the name's
    limited,      // told to come back later: nothing is sent in that scope before `retry_after` has passed
    refused,      // the CA said no to this order or these names
    permanent,    // it will say no again until somebody changes something
    local,        // our own side: the storage, a challenge that could not be armed, a DNS provider
  };

  Kind kind = Kind::local;
  int status = 0;                  // of the HTTP answer; 0: there was none
  std::string type;                // of the problem, without "urn:ietf:params:acme:error:"
  std::string detail;              // what happened, for people; the CA's words when `type` is set
  std::string url;                 // what was asked, or the order or authorization that failed
  std::string document;            // the CA's problem document as it came (RFC 7807); empty: none
  std::vector<std::string> names;  // the identifiers that failed, when the CA named them
  Duration retry_after{0};         // the CA's wish; zero: none
  bool too_many_names = false;     // `limited` counts for these names only, not for the account

  // "rejectedIdentifier: Policy forbids … (asked https://…)": one line.
  std::string text() const;

  // "unreachable", "limited": for metrics.
  std::string_view kind_name() const;

  static Failure local(std::string detail);
  static Failure of(const Error& error, std::string url);
};

template <class T>
class [[nodiscard]] Outcome {
 public:
  Outcome(T value) : state_(std::in_place_index<0>, std::move(value)) {}            // NOLINT: implicit as Result's
  Outcome(Failure failure) : state_(std::in_place_index<1>, std::move(failure)) {}  // NOLINT

  explicit operator bool() const { return state_.index() == 0; }
  T& operator*() & { return std::get<0>(state_); }
  const T& operator*() const& { return std::get<0>(state_); }
  T&& operator*() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }
  Failure& failure() { return std::get<1>(state_); }
  const Failure& failure() const { return std::get<1>(state_); }

 private:
  std::variant<T, Failure> state_;
};

struct Done {};
using Step = Outcome<Done>;

// From an answer that is no success. `retry_after`: its field, as it came. `now`: Unix seconds, for dates.
Failure read_problem(int status, std::string_view body, std::string_view retry_after, std::string url,
                     std::int64_t now);

// Seconds, or an HTTP date (RFC 9110 §10.2.3); zero for neither, and for a date that has passed.
Duration parse_retry_after(std::string_view field, std::int64_t now);

}  // namespace sluice::acme
