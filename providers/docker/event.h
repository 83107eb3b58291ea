// event.h: one line of the engine's event stream. Events are hints: the stream loses some (a slow reader's are dropped
// by the engine, its replay buffer has 256), so the truth is always asked for.
#pragma once

#include <cstdint>
#include <string>

namespace sluice::providers::docker {

struct Event {
  enum class Kind {
    changed,  // start, health, rename, network connect, …: look at the container again
    signal,   // kill: a signal is about to reach it
    ended,    // die, stop: it does not serve any more
    gone,     // destroy, remove: it does not exist any more
  };

  Kind kind = Kind::changed;
  bool started = false;      // the action was `start` or `unpause`: whatever was said about its end is over
  std::string container;     // id
  int signal = 0;            // Kind::signal only; 0 when the engine did not say
  std::int64_t time_ns = 0;  // wall clock of the engine; 0 when it did not say
};

}  // namespace sluice::providers::docker
