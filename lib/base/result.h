// result.h: how a function says that it failed. `Result<T>` holds a value or an `Error`; `Status` is `Result<void>`.
//
// Errors are small values without ownership: they travel through the request path without allocating. Messages for
// people that need composed text (configuration, discovery) use config::Problem instead.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>

namespace sluice {

// Where a failure began; it decides the status a client sees (docs/architecture.md, "Errors").
enum class Origin : std::uint8_t {
  client,    // the peer that connected to us: 4xx, or 499 when it went away
  upstream,  // what we connect to: 502, 504
  self,      // ourselves: 500, 503
};

enum class Code : std::uint8_t {
  cancelled,    // the scope of the task was cancelled
  timed_out,    // a deadline passed
  closed,       // orderly end of the transport where more was needed
  reset,        // the transport broke: ECONNRESET, EPIPE
  refused,      // nobody listens: ECONNREFUSED, EHOSTUNREACH
  not_found,    // a name, file or host that does not exist
  invalid,      // malformed input
  too_large,    // a limit was exceeded
  unsupported,  // well-formed, but nothing we do
  exhausted,    // out of descriptors, memory, connections
  unavailable,  // nothing ready to serve
  security,     // certificate or permission refused
  internal,     // a fault of ours
};

std::string_view to_string(Code code);
std::string_view to_string(Origin origin);

struct Error {
  Code code = Code::internal;
  Origin origin = Origin::self;
  bool nothing_sent = false;  // no byte of the request reached the peer: always safe to repeat
  int sys = 0;                // errno, or 0
  std::string_view text;      // static or arena text: says what, for a log line

  static Error of(Code code, std::string_view text, Origin origin = Origin::self) {
    return Error{code, origin, false, 0, text};
  }
  // The error of a failed system call; `text` names the call.
  static Error system(int error_number, std::string_view text, Origin origin = Origin::self);
};

[[noreturn]] void broken_invariant(const char* what, const char* file, int line);

// Aborts with a message when `condition` does not hold, in every build type.
#define SLUICE_CHECK(condition)                                                   \
  do {                                                                            \
    if (!(condition)) ::sluice::broken_invariant(#condition, __FILE__, __LINE__); \
  } while (false)

template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : ok_(true) {
    ::new (static_cast<void*>(&value_)) T(std::move(value));
  }                                                   // NOLINT: implicit by design
  Result(Error error) : ok_(false), error_(error) {}  // NOLINT
  Result(Result&& other) noexcept : ok_(other.ok_) { adopt(std::move(other)); }
  Result(const Result& other) requires std::is_copy_constructible_v<T> : ok_(other.ok_) {
    if (ok_) {
      ::new (static_cast<void*>(&value_)) T(other.value_);
    } else {
      error_ = other.error_;
    }
  }
  Result& operator=(Result&& other) noexcept {
    if (this != &other) {
      destroy();
      ok_ = other.ok_;
      adopt(std::move(other));
    }
    return *this;
  }
  ~Result() { destroy(); }

  explicit operator bool() const { return ok_; }
  bool ok() const { return ok_; }

  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(value()); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T& value() {
    SLUICE_CHECK(ok_);
    return value_;
  }
  const T& value() const {
    SLUICE_CHECK(ok_);
    return value_;
  }
  T value_or(T other) && { return ok_ ? std::move(value_) : std::move(other); }

  Error& error() {
    SLUICE_CHECK(!ok_);
    return error_;
  }
  const Error& error() const {
    SLUICE_CHECK(!ok_);
    return error_;
  }

 private:
  void adopt(Result&& other) {
    if (ok_) {
      ::new (static_cast<void*>(&value_)) T(std::move(other.value_));
    } else {
      error_ = other.error_;
    }
  }
  void destroy() {
    if (ok_) value_.~T();
  }

  bool ok_;
  union {
    T value_;
    Error error_;
  };
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error error) : ok_(false), error_(error) {}  // NOLINT: implicit by design

  explicit operator bool() const { return ok_; }
  bool ok() const { return ok_; }
  const Error& error() const {
    SLUICE_CHECK(!ok_);
    return error_;
  }
  Error& error() {
    SLUICE_CHECK(!ok_);
    return error_;
  }

 private:
  bool ok_ = true;
  Error error_;
};

using Status = Result<void>;

}  // namespace sluice
