#include "proxy/answering.h"

#include "proxy/error_log.h"

namespace sluice::proxy {
namespace {

std::uint16_t status_of(const Error& error) {
  if (error.code == Code::unavailable) return 503;
  if (error.origin == Origin::upstream) return error.code == Code::timed_out ? 504 : 502;
  return 500;
}

}  // namespace

http::Response error_response(http::Request& request, const Error& error) {
  std::uint16_t status = status_of(error);
  http::Response response(request.arena);
  response.status = status;
  std::string_view text = status == 503 ? "no available server" : http::reason_phrase(status);
  response.fields.add(http::FieldId::content_type, "text/plain; charset=utf-8");
  // A server that starts or comes back is there within seconds.
  if (status == 503) response.fields.add(http::FieldId::retry_after, "5");
  response.body = std::make_unique<http::TextBody>(text);
  response.cause = error.text;
  log_failure(request, status, error);
  return response;
}

Task<Result<http::Response>> Answering::handle(http::Request& request) const {
  Result<http::Response> response = co_await service_->handle(request);
  if (response || response.error().origin == Origin::client || response.error().code == Code::cancelled) {
    co_return response;
  }
  co_return error_response(request, response.error());
}

}  // namespace sluice::proxy
