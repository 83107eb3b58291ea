#include "proxy/h2_attempt.h"

#include "http/hop_by_hop.h"

namespace sluice::proxy {
namespace {

// The next head. The time to answer begins when the request is complete; an upload that makes progress is not.
Task<Result<http::Response>> next_head(H2Call& call, Duration limit) {
  for (;;) {
    std::uint64_t uploaded = call.uploaded;
    Deadline deadline = limit > 0s ? Loop::current().now() + limit : kNoDeadline;
    Result<http::Response> response = co_await call.head(deadline);
    bool late = !response && response.error().code == Code::timed_out;
    if (late && call.uploaded != uploaded) continue;
    if (late) co_return Error::of(Code::timed_out, "no response within responseHeaderTimeout", Origin::upstream);
    co_return response;
  }
}

}  // namespace

Task<Result<http::Response>> attempt_h2(Ref<H2Upstream> upstream, http::Request& request,
                                        const Destination& destination, H2Outcome& outcome) {
  const Endpoint& endpoint = *destination.endpoint;
  Ref<H2Call> call(new H2Call(std::move(upstream), request));
  http::h2::RequestForm form;
  form.scheme = endpoint.url().scheme == ServerUrl::Scheme::https ? "https" : "http";
  form.authority = destination.pass_host_header && !request.authority.empty()
                       ? request.authority
                       : std::string_view(endpoint.url().authority);
  Result<http::h2::Block> head = http::h2::write_request(request.arena, request, form);
  if (!head) co_return head.error();
  Status started = call->start(*head);
  if (!started) co_return started.error();
  if (request.body != nullptr) {
    Scope* scope = co_await current_scope();
    scope->spawn(pump_request(call, *request.body));
  }
  for (;;) {
    Result<http::Response> response = co_await next_head(*call, endpoint.settings().response_header_timeout);
    outcome.answered = call->answered();
    if (!response) {
      Error& error = response.error();
      if (error.nothing_sent && call->kept_all) outcome.content = request.arena.copy(call->kept);
      error.nothing_sent = error.nothing_sent && !call->pulled;
      co_return response;
    }
    http::remove_hop_by_hop_of_response(response->fields);
    if (response->status >= 200) {
      if (call->has_content()) response->body = std::make_unique<H2ResponseBody>(std::move(call));
      co_return response;
    }
    if (response->status == 100 || request.interim == nullptr) continue;  // 100 is between us and the client
    Status sent = co_await request.interim->send_interim(response->status, response->fields);
    if (!sent) co_return sent.error();
  }
}

}  // namespace sluice::proxy
