#include "http/body.h"

#include <utility>

namespace sluice::http {

Task<Result<Bytes>> TextBody::read() { co_return std::exchange(text_, Bytes()); }

}  // namespace sluice::http
