#include "proxy/weighted.h"

#include "proxy/worker_local.h"

namespace sluice::proxy {

Task<Result<http::Response>> Weighted::handle(http::Request& request) const {
  int chosen = positions_->next(WorkerLocal::current().index(), [](int) { return true; });
  if (chosen < 0) co_return Error::of(Code::unavailable, "every weight is 0");
  Result<http::Response> response = co_await services_[static_cast<std::size_t>(chosen)]->handle(request);
  co_return response;
}

}  // namespace sluice::proxy
