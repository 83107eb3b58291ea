// timing.h: the intervals of the Docker provider. Options would be too many; tests make them short.
#pragma once

#include "base/time.h"

namespace sluice::providers::docker {

struct Timing {
  Duration resync = 60s;         // between full lists: the event stream loses events
  Duration first_sync = 2s;      // to wait for the description of every container before the first fragment
  Duration resync_gap = 1s;      // between lists asked for out of turn
  Duration first_retry = 500ms;  // after a broken connection; doubles
  Duration last_retry = 15s;     // up to here
  Duration healthy = 30s;        // a connection that lasted this long starts the retries anew
  Duration stream_head = 250ms;  // to wait for the head of the event stream before listing
  Duration empty_list = 5s;      // before a list that is suddenly empty is believed
  Duration call = 10s;           // for one call, when httpClientTimeout does not say
};

}  // namespace sluice::providers::docker
