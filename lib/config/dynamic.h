// dynamic.h: the dynamic configuration: what one provider knows about routers, services and certificates.
//
// Plain values with Traefik's defaults and names (camelCase there is snake_case here). Names inside are as their
// provider wrote them, not yet qualified with "@provider". Comparing ignores where objects were defined.
#pragma once

#include "config/described.h"
#include "config/dynamic_http.h"
#include "config/dynamic_tcp.h"
#include "config/dynamic_tls.h"

namespace sluice::config {

struct Dynamic {
  Http http;
  Tcp tcp;
  Udp udp;
  Tls tls;
  static void describe(Describer<Dynamic>& describer);
  friend bool operator==(const Dynamic&, const Dynamic&) = default;
};

}  // namespace sluice::config
