// renewal.h: when a certificate is renewed: when its CA suggests it (RFC 9773), else by its own lifetime.
//
// Values; pure. Times are Unix seconds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "acme/certificate.h"
#include "acme/objects.h"

namespace sluice::acme {

// What is remembered about one certificate's suggestion.
struct Suggestion {
  RenewalWindow window;
  std::int64_t chosen = 0;    // the moment inside the window, picked once
  std::int64_t ask_next = 0;  // when the CA is asked again

  friend bool operator==(const Suggestion&, const Suggestion&) = default;
};

// Takes an answer in: a moment is picked anew only if the window is another one. `dice`: from 0 to 1.
void note_window(Suggestion& suggestion, const RenewalWindow& window, double dice);
// When to ask again. `retry_after`: what the CA said, zero for nothing.
void note_asked(Suggestion& suggestion, std::int64_t now, Duration retry_after);

// When it is due. Without a suggestion: with a third of its life left, half for those that live less than ten days, a
// little earlier by an amount that is always the same for the same certificate, so that many do not come at once.
std::int64_t renewal_time(const Leaf& leaf, const Suggestion* suggestion);

// The last tenth of its life: others wait for it.
bool is_urgent(const Leaf& leaf, std::int64_t now);

}  // namespace sluice::acme
