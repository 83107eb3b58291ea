#include "observe/metrics.h"

#include <algorithm>
#include <variant>

#include "base/result.h"
#include "observe/exposition.h"

namespace sluice::observe {

namespace {

using AnySeries = std::variant<std::shared_ptr<Counter>, std::shared_ptr<Gauge>, std::shared_ptr<Histogram>>;

constexpr std::string_view kTypes[] = {"counter", "gauge", "histogram"};

}  // namespace

struct Metrics::Series {
  AnySeries series;
  std::size_t first_cell = 0;
  std::size_t cells = 0;
  bool shown_orphaned = false;  // nobody holds it, and an exposition has said its last value
};

struct Metrics::Family {
  std::string help;
  std::vector<double> bounds;
  std::size_t type = 0;
  std::map<std::string, Series, std::less<>> series;  // by label text
};

Metrics::Metrics() = default;
Metrics::~Metrics() = default;

void Histogram::observe(double value) {
  // A handful of bounds: counting the smaller ones beats a binary search.
  std::size_t bucket = 0;
  while (bucket < bounds_.size() && value > bounds_[bucket]) ++bucket;
  cells_.add(first_ + 1 + bucket, 1);
  cells_.add_real(first_, value);
}

template <class T, class Make>
std::shared_ptr<T> Metrics::series(std::string_view name, std::string_view help, const Labels& labels,
                                   const std::vector<double>& bounds, std::size_t cells, Make make) {
  const std::size_t type = AnySeries(std::shared_ptr<T>()).index();
  const std::lock_guard lock(mutex_);
  auto family = families_.find(name);
  if (family == families_.end()) {
    family = families_.emplace(std::string(name), Family{std::string(help), bounds, type, {}}).first;
  }
  SLUICE_CHECK(family->second.type == type && family->second.bounds == bounds);
  std::string text = label_text(labels);
  auto known = family->second.series.find(text);
  if (known == family->second.series.end()) {
    const std::size_t first = cells_.allocate(cells);
    known =
        family->second.series.emplace(std::move(text), Series{make(first, family->second.bounds), first, cells}).first;
  }
  known->second.shown_orphaned = false;
  return std::get<std::shared_ptr<T>>(known->second.series);
}

std::shared_ptr<Counter> Metrics::counter(std::string_view name, std::string_view help, const Labels& labels) {
  return series<Counter>(name, help, labels, {}, 1, [this](std::size_t cell, const std::vector<double>&) {
    return std::make_shared<Counter>(cells_, cell);
  });
}

std::shared_ptr<Gauge> Metrics::gauge(std::string_view name, std::string_view help, const Labels& labels) {
  return series<Gauge>(name, help, labels, {}, 1, [this](std::size_t cell, const std::vector<double>&) {
    return std::make_shared<Gauge>(cells_, cell);
  });
}

std::shared_ptr<Histogram> Metrics::histogram(std::string_view name, std::string_view help,
                                              const std::vector<double>& bounds, const Labels& labels) {
  return series<Histogram>(name, help, labels, bounds, Histogram::cells_for(bounds),
                           [this](std::size_t first, const std::vector<double>& of_family) {
                             return std::make_shared<Histogram>(cells_, first, of_family);
                           });
}

std::string Metrics::exposition() {
  std::string out;
  const std::lock_guard lock(mutex_);
  for (auto& [name, family] : families_) {
    for (auto entry = family.series.begin(); entry != family.series.end();) {
      Series& series = entry->second;
      const bool held = std::visit([](const auto& handle) { return handle.use_count() > 1; }, series.series);
      const bool gone = !held && series.shown_orphaned;
      series.shown_orphaned = !held;
      if (gone) cells_.release(series.first_cell, series.cells);
      entry = gone ? family.series.erase(entry) : std::next(entry);
    }
    if (family.series.empty()) continue;
    append_family(out, name, family.help, kTypes[family.type]);
    for (const auto& [labels, series] : family.series) {
      if (const auto* counter = std::get_if<std::shared_ptr<Counter>>(&series.series)) {
        append_sample(out, name, "", labels, static_cast<double>((*counter)->value()));
      } else if (const auto* gauge = std::get_if<std::shared_ptr<Gauge>>(&series.series)) {
        append_sample(out, name, "", labels, (*gauge)->value());
      } else {
        append_histogram(out, name, labels, *std::get<std::shared_ptr<Histogram>>(series.series));
      }
    }
  }
  return out;
}

}  // namespace sluice::observe
