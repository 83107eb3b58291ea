#include "proxy/worker_local.h"

namespace sluice::proxy {

static thread_local WorkerLocal* current_worker = nullptr;

WorkerLocal::WorkerLocal(unsigned index, Scope& scope) : WorkerLocal(index, scope, sockets_) {}

WorkerLocal::WorkerLocal(unsigned index, Scope& scope, Connector& connector)
    : index_(index), scope_(scope), resolver_(scope), sockets_(resolver_), upstreams_(connector) {
  SLUICE_CHECK(current_worker == nullptr);
  current_worker = this;
}

WorkerLocal::~WorkerLocal() { current_worker = nullptr; }

WorkerLocal& WorkerLocal::current() {
  SLUICE_CHECK(current_worker != nullptr);
  return *current_worker;
}

}  // namespace sluice::proxy
