// body.h: message content, pulled piece by piece by whoever passes it on.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "async/task.h"
#include "base/result.h"

namespace sluice::net {
class Stream;
}

namespace sluice::http {

class Fields;
using Bytes = std::string_view;

class Body {
 public:
  virtual ~Body() = default;

  // The next piece: lent, valid until the caller's next suspension. Empty means that the message is complete. After an
  // error or the end it is not called again. Called by one task at a time.
  virtual Task<Result<Bytes>> read() = 0;

  // True when `read` gives its result without waiting. Pieces read one after another while this holds stay valid
  // together, so they can be written in one system call.
  virtual bool ready() const { return false; }

  // The trailer fields, once `read` has returned the end; null if there were none.
  virtual const Fields* trailers() const { return nullptr; }

  // How many bytes are still to come, when that is known (Content-Length); nothing for chunked and close-delimited.
  virtual std::optional<std::uint64_t> remaining() const { return std::nullopt; }

  // The stream whose next `remaining()` bytes are this body's bytes unchanged, so that the kernel may move them from
  // socket to socket; null when they pass through us. Whoever moves them says so with `moved`.
  virtual net::Stream* direct() { return nullptr; }
  virtual void moved(std::uint64_t /*bytes*/) {}
};

// A body that is already in memory; `text` must outlive it (arena or static).
class TextBody final : public Body {
 public:
  explicit TextBody(Bytes text) : text_(text) {}
  Task<Result<Bytes>> read() override;
  bool ready() const override { return true; }
  std::optional<std::uint64_t> remaining() const override { return text_.size(); }

 private:
  Bytes text_;
};

}  // namespace sluice::http
