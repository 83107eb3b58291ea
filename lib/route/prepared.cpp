#include "route/prepared.h"

namespace sluice::route {

Prepared::Prepared(const Rule& rule)
    : program(rule),
      keys(keys_of(rule)),
      catch_all(is_catch_all(rule)),
      priority(catch_all ? -1 : static_cast<std::int64_t>(rule.text.size())),
      text(rule.text) {}

}  // namespace sluice::route
