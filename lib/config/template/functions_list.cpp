// sprig's functions for lists and dicts, and those that choose between values.
#include <fmt/format.h>

#include <algorithm>

#include "config/template/format.h"
#include "config/template/functions.h"
#include "config/template/limits.h"

namespace sluice::config::templates {

namespace {

using Values = std::vector<Value>;

Value list(Call& call) { return Value::list(Values(call.from(0).begin(), call.from(0).end())); }

Value first(Call& call) { return call.list(0).empty() ? Value() : call.list(0).front(); }
Value last(Call& call) { return call.list(0).empty() ? Value() : call.list(0).back(); }
Value rest(Call& call) {
  const Values& items = call.list(0);
  return Value::list(items.empty() ? Values() : Values(items.begin() + 1, items.end()));
}
Value initial(Call& call) {
  const Values& items = call.list(0);
  return Value::list(items.empty() ? Values() : Values(items.begin(), items.end() - 1));
}
Value append(Call& call) {
  Values items = call.list(0);
  items.push_back(call[1]);
  return Value::list(std::move(items));
}
Value prepend(Call& call) {
  Values items = call.list(0);
  items.insert(items.begin(), call[1]);
  return Value::list(std::move(items));
}
Value concat(Call& call) {
  Values all;
  for (std::size_t i = 0; i < call.count(); ++i) {
    const Values& items = call.list(i);
    all.insert(all.end(), items.begin(), items.end());
  }
  return Value::list(std::move(all));
}
Value reverse(Call& call) {
  const Values& items = call.list(0);
  return Value::list(Values(items.rbegin(), items.rend()));
}
Value slice(Call& call) {
  const Values& items = call.list(0);
  const auto size = static_cast<std::int64_t>(items.size());
  const std::int64_t from = call.count() > 1 ? call.integer(1) : 0;
  const std::int64_t to = call.count() > 2 ? call.integer(2) : size;
  if (from < 0 || to < from || to > size) return call.fail("bounds out of range");
  return Value::list(Values(items.begin() + from, items.begin() + to));
}

// Deep equality without an opinion on types that differ: they are not equal.
bool same(const Value& a, const Value& b, Call& call, int depth = 0) {
  if (depth > kMaxDepth || !call.spend(1)) {
    call.fail("values are nested too deeply");
    return false;
  }
  if (a.type_name() != b.type_name()) return false;
  if (const Values* items = a.as_list()) {
    const Values& others = *b.as_list();
    return items->size() == others.size() &&
           std::equal(items->begin(), items->end(), others.begin(),
                      [&](const Value& x, const Value& y) { return same(x, y, call, depth + 1); });
  }
  if (const MapValue* map = a.as_map()) {
    const Value::Entries& others = b.as_map()->entries;
    return map->entries.size() == others.size() &&
           std::equal(map->entries.begin(), map->entries.end(), others.begin(), [&](const auto& x, const auto& y) {
             return x.first == y.first && same(x.second, y.second, call, depth + 1);
           });
  }
  if (const std::string* text = a.as_text()) return call.spend_bytes(text->size()) && *text == *b.as_text();
  if (const std::int64_t* number = a.as_int()) return *number == *b.as_int();
  if (const double* number = a.as_float()) return *number == *b.as_float();
  return a.is_null() || *a.as_bool() == *b.as_bool();
}

bool holds(const Values& items, const Value& wanted, Call& call) {
  return std::any_of(items.begin(), items.end(), [&](const Value& item) { return same(item, wanted, call); });
}

Value has(Call& call) { return !call[1].is_null() && holds(call.list(1), call[0], call); }
Value without(Call& call) {
  Values kept;
  for (const Value& item : call.list(0)) {
    const auto omitted = call.from(1);
    if (std::none_of(omitted.begin(), omitted.end(), [&](const Value& other) { return same(item, other, call); })) {
      kept.push_back(item);
    }
  }
  return Value::list(std::move(kept));
}
Value uniq(Call& call) {
  Values kept;
  for (const Value& item : call.list(0)) {
    if (!holds(kept, item, call)) kept.push_back(item);
    if (call.failed()) break;
  }
  return Value::list(std::move(kept));
}
Value compact(Call& call) {
  Values kept;
  for (const Value& item : call.list(0)) {
    if (item.truth()) kept.push_back(item);
  }
  return Value::list(std::move(kept));
}
Value sort_alpha(Call& call) {
  std::vector<std::string> texts;
  for (const Value& item : call.list(0)) {
    if (!item.is_null()) texts.push_back(display(item, call.budget()));
  }
  std::sort(texts.begin(), texts.end());
  return Value::list(Values(texts.begin(), texts.end()));
}

Value until_step(std::int64_t from, std::int64_t to, std::int64_t step, Call& call) {
  Values numbers;
  if (step == 0 || (step > 0) != (to > from)) return Value::list({});
  std::int64_t number = from;
  while (step > 0 ? number < to : number > to) {
    if (!call.spend(1)) break;
    numbers.emplace_back(number);
    if (__builtin_add_overflow(number, step, &number)) break;
  }
  return Value::list(std::move(numbers));
}
// Lists of numbers come from any kind of number, or text that is one.
Value until(Call& call) {
  const std::int64_t to = to_integer(call[0]);
  return until_step(0, to, to < 0 ? -1 : 1, call);
}
Value until_step_call(Call& call) { return until_step(call.integer(0), call.integer(1), call.integer(2), call); }
// Like seq(1): bounds included, as one text.
Value seq(Call& call) {
  const std::int64_t from = call.count() > 1 ? to_integer(call[0]) : 1;
  const std::int64_t to = to_integer(call[call.count() - 1]);
  const std::int64_t step = call.count() == 3 ? to_integer(call[1]) : to < from ? -1 : 1;
  if (step == 0 || (step > 0 ? to < from : to > from)) return "";
  std::string out;
  std::int64_t number = from;
  while (call.spend(1)) {
    if (!out.empty()) out += ' ';
    out += std::to_string(number);
    if (__builtin_add_overflow(number, step, &number) || (step > 0 ? number > to : number < to)) break;
  }
  return out;
}

Value dict(Call& call) {
  Value::Entries entries;
  for (std::size_t i = 0; i < call.count(); i += 2) {
    entries[display(call[i], call.budget())] = i + 1 < call.count() ? call[i + 1] : Value("");
  }
  return Value::dict(std::move(entries));
}
Value get(Call& call) {
  const MapValue& map = call.map(0);
  const auto found = map.entries.find(call.text(1));
  return found == map.entries.end() ? Value("") : found->second;
}
Value has_key(Call& call) {
  const MapValue& map = call.map(0);
  return map.entries.contains(call.text(1));
}

// Whether `value` holds `map` somewhere inside: setting it there would close a circle, which nothing could destroy.
bool reaches(const Value& value, const MapValue* map, Call& call, int depth) {
  if (depth > kMaxDepth) {
    call.fail("values are nested too deeply");
    return true;
  }
  if (!call.spend(1)) return true;
  if (const Values* items = value.as_list()) {
    return std::any_of(items->begin(), items->end(),
                       [&](const Value& item) { return reaches(item, map, call, depth + 1); });
  }
  const MapValue* held = value.as_map();
  if (held == nullptr) return false;
  return held == map || std::any_of(held->entries.begin(), held->entries.end(),
                                    [&](const auto& entry) { return reaches(entry.second, map, call, depth + 1); });
}

Value set(Call& call) {
  MapValue* map = call.dict(0);
  const std::string& key = call.text(1);
  if (call.failed()) return {};
  if (reaches(call[2], map, call, 0)) return call.fail("a dict cannot hold itself");
  map->entries[key] = call[2];
  return call[0];
}
Value unset(Call& call) {
  MapValue* map = call.dict(0);
  const std::string& key = call.text(1);
  if (call.failed()) return {};
  map->entries.erase(key);
  return call[0];
}
Value keys(Call& call) {
  Values all;
  for (std::size_t i = 0; i < call.count(); ++i) {
    for (const auto& [key, item] : call.map(i).entries) all.emplace_back(key);
  }
  return Value::list(std::move(all));
}
Value values(Call& call) {
  Values all;
  for (const auto& [key, item] : call.map(0).entries) all.push_back(item);
  return Value::list(std::move(all));
}

Value default_(Call& call) { return call.count() > 1 && call[1].truth() ? call[1] : call[0]; }
Value empty(Call& call) { return !call[0].truth(); }
Value coalesce(Call& call) {
  for (Value& value : call.from(0)) {
    if (value.truth()) return value;
  }
  return {};
}
Value ternary(Call& call) { return call.boolean(2) ? call[0] : call[1]; }
Value all(Call& call) {
  const auto given = call.from(0);
  return std::all_of(given.begin(), given.end(), [](const Value& value) { return value.truth(); });
}
Value any(Call& call) {
  const auto given = call.from(0);
  return std::any_of(given.begin(), given.end(), [](const Value& value) { return value.truth(); });
}
Value fail(Call& call) { return call.fail(call.text(0).empty() ? "fail" : call.text(0)); }

constexpr Function kListFunctions[] = {
    {"list", 0, -1, list},
    {"tuple", 0, -1, list},
    {"first", 1, 1, first},
    {"last", 1, 1, last},
    {"rest", 1, 1, rest},
    {"initial", 1, 1, initial},
    {"append", 2, 2, append},
    {"push", 2, 2, append},
    {"prepend", 2, 2, prepend},
    {"concat", 0, -1, concat},
    {"reverse", 1, 1, reverse},
    {"slice", 1, 3, slice},
    {"has", 2, 2, has},
    {"without", 1, -1, without},
    {"uniq", 1, 1, uniq},
    {"compact", 1, 1, compact},
    {"sortAlpha", 1, 1, sort_alpha},
    {"until", 1, 1, until},
    {"untilStep", 3, 3, until_step_call},
    {"seq", 1, 3, seq},
    {"dict", 0, -1, dict},
    {"get", 2, 2, get},
    {"set", 3, 3, set},
    {"unset", 2, 2, unset},
    {"hasKey", 2, 2, has_key},
    {"keys", 1, -1, keys},
    {"values", 1, 1, values},
    {"default", 1, 2, default_},
    {"empty", 1, 1, empty},
    {"coalesce", 0, -1, coalesce},
    {"ternary", 3, 3, ternary},
    {"all", 0, -1, all},
    {"any", 0, -1, any},
    {"fail", 1, 1, fail},
};

}  // namespace

std::span<const Function> list_functions() { return kListFunctions; }

}  // namespace sluice::config::templates
