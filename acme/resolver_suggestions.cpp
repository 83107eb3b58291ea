// resolver_suggestions.cpp: when the CAs of a Resolver suggest to renew what it has (RFC 9773).
#include <algorithm>
#include <ctime>

#include "acme/resolver.h"
#include "base/encoding.h"
#include "base/text.h"
#include "control/describe_live.h"
#include "observe/log.h"

namespace sluice::acme {

Task<void> Resolver::ask_suggestions() {
  for (;;) {
    std::int64_t next = std::time(nullptr) + 3600;
    if (storage_trouble_.empty() && trouble_.empty() && !plan_stale_) {
      std::set<std::size_t> used;
      for (const Planned& one : plan_.planned) {
        if (one.certificate && one.complete) used.insert(*one.certificate);
      }
      bool news = false;
      std::vector<Leaf> leaves;
      leaves.reserve(used.size());
      for (std::size_t i : used) leaves.push_back(leaves_[i]);
      for (const Leaf& leaf : leaves) {
        const std::int64_t now = std::time(nullptr);
        if (leaf.ari_id.empty() || leaf.not_after <= now) continue;
        if (state_.certificates[leaf.serial].suggestion.ask_next <= now) {
          const bool asked = co_await ask_suggestion(leaf);
          if (!asked) break;
          news = true;
        }
        next = std::min(next, state_.certificates[leaf.serial].suggestion.ask_next);
      }
      if (news) {
        Step saved = co_await save_state();
        (void)saved;  // it is asked again then
      }
    }
    const std::int64_t seconds = std::clamp<std::int64_t>(next - std::time(nullptr), 1, 3600);
    Status waited = co_await plan_changed_.wait(Loop::current().read_clock() + std::chrono::seconds(seconds));
    if (!waited && waited.error().code != Code::timed_out) co_return;
  }
}

Task<bool> Resolver::ask_suggestion(Leaf leaf) {
  const std::string from = state_.certificates[leaf.serial].directory;
  Ca* ca = nullptr;
  for (const std::unique_ptr<Ca>& one : cas_) {
    if (from.empty() || one->client->directory_url() == from) {
      ca = one.get();
      break;
    }
  }
  Duration retry_after{0};
  std::optional<RenewalWindow> window;
  if (ca != nullptr) {
    Outcome<const Directory*> directory = co_await ca->client->directory();
    if (!directory) co_return false;
    const std::string base = (*directory)->renewal_info;
    if (!base.empty()) {
      std::string url = base + (base.ends_with('/') ? "" : "/") + leaf.ari_id;
      Outcome<CaReply> reply = co_await ca->client->get(std::move(url));
      if (reply) {
        window = read_renewal_window(reply->body);
        retry_after = reply->retry_after;
      } else if (reply.failure().kind == Failure::Kind::cancelled) {
        co_return false;
      } else {
        retry_after = reply.failure().retry_after;
      }
    }
  }
  const std::int64_t now = std::time(nullptr);
  Suggestion& suggestion = state_.certificates[leaf.serial].suggestion;
  note_asked(suggestion, now, retry_after);
  if (window) {
    const std::int64_t before = suggestion.chosen;
    const bool moved = suggestion.window.valid() && suggestion.window != *window;
    note_window(suggestion, *window, random_fraction());
    if (moved) {
      config::Node event = event_of(event::kAriChanged, key_of(leaf.names), leaf.names);
      event.add("windowStart", control::number_node(window->start));
      event.add("windowEnd", control::number_node(window->end));
      event.add("explanation", control::text_node(printable(window->explanation_url, 300)));
      hooks_.tell(std::move(event));
    }
    if (suggestion.chosen != before) {
      const bool now_due = suggestion.chosen <= now;
      const std::string explanation = window->explanation_url.empty() ? "" : printable(window->explanation_url, 300);
      if (now_due) {
        log::warn("the CA wants a certificate renewed now", {{"resolver", name()},
                                                             {"name", leaf.names.empty() ? "" : leaf.names.front()},
                                                             {"explanation", explanation}});
      }
      changed_.notify_all();
    }
  }
  co_return true;
}

}  // namespace sluice::acme
