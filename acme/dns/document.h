// document.h: JSON inside of a Result: nlohmann's own value converts to too much for that.
#pragma once

#include "acme/json_value.h"

namespace sluice::acme::dns {

struct Document {
  nlohmann::json json;
};

}  // namespace sluice::acme::dns
