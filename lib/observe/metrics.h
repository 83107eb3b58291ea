// metrics.h: counters, gauges and histograms by name and labels, and their exposition for Prometheus.
//
// Asking for a series takes a lock: do it when a snapshot is built or on first use, and keep the handle. Counting
// through a handle takes none (cells.h) and may happen on any thread. A series lives while somebody holds its handle;
// after that it is shown in one more exposition, so that its last counts are not lost, and then forgotten. Handles must
// not outlive the Metrics they come from.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "observe/cells.h"

namespace sluice::observe {

// Names and values in the order they are shown.
using Labels = std::vector<std::pair<std::string, std::string>>;

class Counter {
 public:
  Counter(Cells& cells, std::size_t cell) : cells_(cells), cell_(cell) {}
  void add(std::uint64_t count = 1) { cells_.add(cell_, count); }
  std::uint64_t value() const { return cells_.sum(cell_); }

 private:
  Cells& cells_;
  std::size_t cell_;
};

// Goes up and down from many threads (`add`), or is set by one owner (`set`); its value is the sum of both.
class Gauge {
 public:
  Gauge(Cells& cells, std::size_t cell) : cells_(cells), cell_(cell) {}
  void add(std::int64_t by) { cells_.add(cell_, static_cast<std::uint64_t>(by)); }
  void set(double value) { set_.store(value, std::memory_order_relaxed); }
  double value() const {
    return set_.load(std::memory_order_relaxed) + static_cast<double>(static_cast<std::int64_t>(cells_.sum(cell_)));
  }

 private:
  Cells& cells_;
  std::size_t cell_;
  std::atomic<double> set_{0};
};

class Histogram {
 public:
  // `bounds`: upper bounds of the buckets, ascending; the one without bound comes by itself.
  Histogram(Cells& cells, std::size_t first, const std::vector<double>& bounds)
      : cells_(cells), first_(first), bounds_(bounds) {}
  void observe(double value);
  double sum() const { return cells_.sum_real(first_); }
  // The number of values above bound i - 1, up to and including bound i; the last bucket is bounds().size().
  std::uint64_t in_bucket(std::size_t i) const { return cells_.sum(first_ + 1 + i); }
  const std::vector<double>& bounds() const { return bounds_; }
  // The sum, one cell per bucket, and one for what is beyond all bounds.
  static std::size_t cells_for(const std::vector<double>& bounds) { return bounds.size() + 2; }

 private:
  Cells& cells_;
  std::size_t first_;
  const std::vector<double>& bounds_;  // the family's
};

class Metrics {
 public:
  // The handles. A name has one kind and one set of bounds (checked), and the help text of the first call.
  std::shared_ptr<Counter> counter(std::string_view name, std::string_view help, const Labels& labels = {});
  std::shared_ptr<Gauge> gauge(std::string_view name, std::string_view help, const Labels& labels = {});
  std::shared_ptr<Histogram> histogram(std::string_view name, std::string_view help, const std::vector<double>& bounds,
                                       const Labels& labels = {});

  // Everything, in Prometheus' text format 0.0.4 (Content-Type "text/plain; version=0.0.4; charset=utf-8"), families
  // and series in alphabetical order.
  std::string exposition();

  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

 private:
  struct Series;
  struct Family;

  template <class T, class Make>
  std::shared_ptr<T> series(std::string_view name, std::string_view help, const Labels& labels,
                            const std::vector<double>& bounds, std::size_t cells, Make make);

  Cells cells_;
  std::mutex mutex_;
  std::map<std::string, Family, std::less<>> families_;
};

}  // namespace sluice::observe
