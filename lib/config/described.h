// described.h: forward declaration of the schema builder. A configuration struct declares
// `static void describe(Describer<T>&)`; the definition lists its options once (schema.h).
#pragma once

namespace sluice::config {

template <class T>
class Describer;

}  // namespace sluice::config
