#include "async/offload.h"

#include <uv.h>

namespace sluice::async {

struct Offloaded::Job {
  uv_work_t request;
};

Offloaded::Offloaded() : job_(std::make_unique<Job>()) {}
Offloaded::~Offloaded() = default;

void Offloaded::await_suspend(std::coroutine_handle<> handle) {
  enroll(handle, nullptr);
  job_->request.data = this;
  int queued = uv_queue_work(
      Loop::current().uv(), &job_->request, [](uv_work_t* request) { static_cast<Offloaded*>(request->data)->work(); },
      [](uv_work_t* request, int) { static_cast<Offloaded*>(request->data)->finish({}); });
  SLUICE_CHECK(queued == 0);
}

}  // namespace sluice::async
