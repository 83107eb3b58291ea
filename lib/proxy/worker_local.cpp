#include "proxy/worker_local.h"

namespace sluice::proxy {

static thread_local WorkerLocal* current_worker = nullptr;

WorkerLocal::WorkerLocal(unsigned index, Scope& scope) : WorkerLocal(index, scope, sockets_) {}

WorkerLocal::WorkerLocal(unsigned index, Scope& scope, Connector& connector)
    : index_(index),
      scope_(scope),
      resolver_(scope),
      sockets_(resolver_),
      upstreams_(connector),
      h2_pool_(connector, scope) {
  SLUICE_CHECK(current_worker == nullptr);
  current_worker = this;
}

WorkerLocal::~WorkerLocal() { current_worker = nullptr; }

void WorkerLocal::adopt(std::span<const std::shared_ptr<const Endpoint>> endpoints) {
  upstreams_.adopt(endpoints);
  h2_pool_.adopt(endpoints);
}

void WorkerLocal::close_idle() {
  upstreams_.close_idle();
  h2_pool_.close_idle();
}

WorkerLocal& WorkerLocal::current() {
  SLUICE_CHECK(current_worker != nullptr);
  return *current_worker;
}

}  // namespace sluice::proxy
