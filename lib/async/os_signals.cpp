#include "async/os_signals.h"

#include <uv.h>

namespace sluice {

struct OsSignals::Handle {
  uv_signal_t uv;
  Channel<int>* arrived;
};

OsSignals::OsSignals(std::initializer_list<int> numbers) {
  for (int number : numbers) {
    auto* handle = new Handle{{}, &arrived_};
    handle->uv.data = handle;
    SLUICE_CHECK(uv_signal_init(Loop::current().uv(), &handle->uv) == 0);
    int started = uv_signal_start(
        &handle->uv, [](uv_signal_t* uv, int number) { static_cast<Handle*>(uv->data)->arrived->push(number); },
        number);
    SLUICE_CHECK(started == 0);
    handles_.push_back(handle);
  }
}

OsSignals::~OsSignals() {
  for (Handle* handle : handles_) {
    uv_close(reinterpret_cast<uv_handle_t*>(&handle->uv),
             [](uv_handle_t* uv) { delete static_cast<Handle*>(uv->data); });
  }
}

}  // namespace sluice
