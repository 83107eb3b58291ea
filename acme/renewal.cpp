#include "acme/renewal.h"

#include <algorithm>
#include <functional>

namespace sluice::acme {
namespace {

constexpr std::int64_t kMinute = 60;
constexpr std::int64_t kHour = 3600;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kShortLife = 10 * kDay;
constexpr std::int64_t kMostBetween = 12 * kHour;  // it is to be asked twice a day
constexpr std::int64_t kUsuallyBetween = 6 * kHour;

// The same for the same certificate: up to a thirtieth of its life.
std::int64_t spread(const Leaf& leaf) {
  const std::int64_t most = leaf.lifetime() / 30;
  return most <= 0
             ? 0
             : static_cast<std::int64_t>(std::hash<std::string>{}(leaf.serial) % static_cast<std::uint64_t>(most));
}

}  // namespace

void note_window(Suggestion& suggestion, const RenewalWindow& window, double dice) {
  if (suggestion.window == window && suggestion.chosen != 0) return;
  suggestion.window = window;
  const double width = static_cast<double>(window.end - window.start);
  suggestion.chosen = window.start + static_cast<std::int64_t>(width * std::clamp(dice, 0.0, 1.0));
}

void note_asked(Suggestion& suggestion, std::int64_t now, Duration retry_after) {
  const std::int64_t said = std::chrono::duration_cast<std::chrono::seconds>(retry_after).count();
  suggestion.ask_next = now + (said == 0 ? kUsuallyBetween : std::clamp(said, kMinute, kMostBetween));
}

std::int64_t renewal_time(const Leaf& leaf, const Suggestion* suggestion) {
  const std::int64_t life = leaf.lifetime();
  const std::int64_t left = life < kShortLife ? life / 2 : life / 3;
  std::int64_t due = leaf.not_after - left - spread(leaf);
  if (suggestion == nullptr || suggestion->chosen == 0) return due;
  // A suggestion that comes too late to be followed safely is not one.
  const std::int64_t latest = leaf.not_after - life / 10;
  return std::min(suggestion->chosen, latest);
}

bool is_urgent(const Leaf& leaf, std::int64_t now) { return leaf.not_after - now < leaf.lifetime() / 10; }

}  // namespace sluice::acme
