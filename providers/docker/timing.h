// timing.h: the intervals of the Docker provider. Options would be too many; tests make them short.
#pragma once

#include "base/time.h"

namespace sluice::providers::docker {

struct Timing {
  Duration resync = 60s;         // between full lists: the event stream loses events; zero: only when it did
  Duration blind_resync = 10s;   // the same without events, and with Podman, which does not tell of networks
  Duration first_sync = 2s;      // to wait for the description of every container before the first fragment
  Duration resync_gap = 1s;      // between lists asked for out of turn
  Duration first_retry = 100ms;  // after a broken connection; doubles
  Duration last_retry = 10s;     // up to here
  Duration last_local = 1s;      // or here, where asking costs next to nothing: a unix socket
  Duration retry_log = 60s;      // between log lines about the same trouble
  Duration healthy = 5s;         // a connection that lasted this long starts the retries anew
  Duration cut_log = 1h;  // between log lines about streams that were fine and ended: a proxy may do that for ever
  Duration stream_head = 250ms;   // to wait for the head of the event stream before listing
  Duration far_stream_head = 5s;  // the same where a connection takes a login: ssh
  Duration empty_list = 5s;       // before a list that is suddenly empty is believed
  Duration task_settle = 1s;      // after an event until a swarm's manager knows what became of the task
  Duration ping = 10s;            // between pings beside the event stream, which is silent when it is dead, too
  Duration pong = 5s;             // for their answers
  Duration call = 10s;            // for one call, when httpClientTimeout does not say
};

}  // namespace sluice::providers::docker
