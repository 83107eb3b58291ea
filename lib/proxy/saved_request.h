// saved_request.h: a request as it was, to send it again: handlers behind a middleware may change any part of it.
// Lives in the middleware's coroutine; what it holds is in the exchange's arena.
#pragma once

#include <cstddef>

#include "http/message.h"

namespace sluice::proxy {

class SavedRequest {
 public:
  explicit SavedRequest(http::Request& request);

  // Makes it what it was, with the body it had then.
  void restore() const;

 private:
  http::Request& request_;
  http::Method method_;
  std::string_view method_text_;
  std::string_view authority_;
  std::string_view host_;
  http::Target target_;
  http::Body* body_;
  std::string_view upgrade_;
  bool append_forwarded_for_;
  std::string_view service_;
  std::string_view server_;
  http::Field* fields_;
  std::size_t count_;
};

}  // namespace sluice::proxy
