#include "proxy/answering.h"

#include <utility>

#include "proxy/error_log.h"

namespace sluice::proxy {
namespace {

// The text of such a response, with what it was made of.
class FailureBody final : public http::Body {
 public:
  FailureBody(http::Bytes text, const Error& error) : text_(text), error_(error) {}
  Task<Result<http::Bytes>> read() override { co_return std::exchange(text_, {}); }
  bool ready() const override { return true; }
  std::optional<std::uint64_t> remaining() const override { return text_.size(); }
  const Error& error() const { return error_; }

 private:
  http::Bytes text_;
  Error error_;
};

}  // namespace

std::uint16_t status_of(const Error& error) {
  if (error.code == Code::unavailable) return 503;
  if (error.origin == Origin::upstream) return error.code == Code::timed_out ? 504 : 502;
  return 500;
}

http::Response error_response(http::Request& request, const Error& error) {
  std::uint16_t status = status_of(error);
  http::Response response(request.arena);
  response.status = status;
  std::string_view text = status == 503 ? "no available server" : http::reason_phrase(status);
  response.fields.add(http::FieldId::content_type, "text/plain; charset=utf-8");
  // A server that starts or comes back is there within seconds.
  if (status == 503) response.fields.add(http::FieldId::retry_after, "5");
  response.body = std::make_unique<FailureBody>(text, error);
  response.cause = error.text;
  log_failure(request, status, error);
  return response;
}

const Error* failure_of(const http::Response& response) {
  // Only answers of ours have a cause, so the cast is not made for others.
  if (response.cause.empty()) return nullptr;
  const auto* body = dynamic_cast<const FailureBody*>(response.body.get());
  return body != nullptr ? &body->error() : nullptr;
}

Task<Result<http::Response>> Answering::handle(http::Request& request) const {
  Result<http::Response> response = co_await service_->handle(request);
  if (response || response.error().origin == Origin::client || response.error().code == Code::cancelled) {
    co_return response;
  }
  co_return error_response(request, response.error());
}

}  // namespace sluice::proxy
