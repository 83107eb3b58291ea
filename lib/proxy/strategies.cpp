#include <cmath>
#include <limits>

#include "base/encoding.h"
#include "proxy/strategy.h"

namespace sluice::proxy {
namespace {

// What every worker counts for itself, a cache line apart.
struct alignas(64) Counts {
  std::vector<std::uint32_t> under_way;
  std::vector<double> seconds;  // moving average; 0: nothing known yet
  std::uint64_t random = 1;
  std::size_t turn = 0;
};

class Counting : public Strategy {
 public:
  explicit Counting(Choices choices) : weights_(std::move(choices.weights)), counts_(choices.workers) {
    for (Counts& counts : counts_) {
      counts.under_way.resize(weights_.size());
      counts.seconds.resize(weights_.size());
      counts.random = random_u64() | 1;
    }
  }

  bool may_choose(std::size_t index) const override { return weights_[index] > 0; }
  bool learns() const override { return true; }
  void began(unsigned worker, std::size_t index) override { ++counts_[worker].under_way[index]; }
  void ended(unsigned worker, std::size_t index) override { --counts_[worker].under_way[index]; }

 protected:
  Counts& counts(unsigned worker) { return counts_[worker]; }
  std::size_t size() const { return weights_.size(); }
  double weight(std::size_t index) const { return weights_[index]; }

 private:
  std::vector<double> weights_;
  std::vector<Counts> counts_;
};

class TwoChoices final : public Counting {
 public:
  using Counting::Counting;

  int choose(unsigned worker, const http::Request& /*request*/, const Candidates& candidates) override {
    Counts& mine = counts(worker);
    std::size_t usable = 0;
    for (std::size_t i = 0; i < size(); ++i) usable += may_choose(i) && candidates.usable(i) ? 1 : 0;
    if (usable == 0) return -1;
    std::size_t first = random_below(mine, usable);
    std::size_t second = usable == 1 ? first : random_below(mine, usable - 1);
    if (usable > 1 && second >= first) ++second;  // another one
    int a = nth(first, candidates);
    int b = nth(second, candidates);
    auto load = [&](int choice) {
      auto i = static_cast<std::size_t>(choice);
      return (1 + mine.under_way[i]) / candidates.share(i);
    };
    return load(b) < load(a) ? b : a;
  }

 private:
  static std::size_t random_below(Counts& counts, std::size_t limit) {
    // xorshift64: choosing needs no secret.
    counts.random ^= counts.random << 13;
    counts.random ^= counts.random >> 7;
    counts.random ^= counts.random << 17;
    return counts.random % limit;
  }

  int nth(std::size_t n, const Candidates& candidates) const {
    for (std::size_t i = 0; i < size(); ++i) {
      if (may_choose(i) && candidates.usable(i) && n-- == 0) return static_cast<int>(i);
    }
    return -1;
  }
};

class LeastTime final : public Counting {
 public:
  using Counting::Counting;

  int choose(unsigned worker, const http::Request& /*request*/, const Candidates& candidates) override {
    Counts& mine = counts(worker);
    int best = -1;
    double least = std::numeric_limits<double>::max();
    std::size_t begin = mine.turn++;  // those that are equal take turns
    for (std::size_t step = 0; step < size(); ++step) {
      std::size_t i = (begin + step) % size();
      if (!may_choose(i) || !candidates.usable(i)) continue;
      double score = mine.seconds[i] * (1 + mine.under_way[i]) / (weight(i) * candidates.share(i));
      if (score < least) {
        least = score;
        best = static_cast<int>(i);
      }
    }
    return best;
  }

  void answered(unsigned worker, std::size_t index, Duration after) override {
    constexpr double kShare = 1.0 / 16;  // of the newest answer in the average
    double seconds = std::chrono::duration<double>(after).count();
    double& average = counts(worker).seconds[index];
    average = average == 0 ? seconds : average + (seconds - average) * kShare;
  }
};

class HighestRandomWeight final : public Strategy {
 public:
  explicit HighestRandomWeight(Choices choices)
      : names_(std::move(choices.names)), weights_(std::move(choices.weights)) {}

  bool may_choose(std::size_t index) const override { return weights_[index] > 0; }

  int choose(unsigned /*worker*/, const http::Request& request, const Candidates& candidates) override {
    std::string written;
    std::string_view client = request.peer.remote_text;
    if (client.empty()) client = written = request.peer.remote.ip.to_string();
    int best = -1;
    double highest = -1;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (!may_choose(i) || !candidates.usable(i)) continue;
      double score = score_of(client, i);
      if (score > highest) {
        highest = score;
        best = static_cast<int>(i);
      }
    }
    return best;
  }

 private:
  double score_of(std::string_view client, std::size_t index) const {
    std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
    for (std::string_view part : {client, std::string_view(names_[index])}) {
      for (char c : part) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    }
    double share = static_cast<double>(hash) / 18446744073709551616.0;
    return weights_[index] / -std::log(share);
  }

  std::vector<std::string> names_;
  std::vector<double> weights_;
};

}  // namespace

std::shared_ptr<Strategy> make_two_choices(Choices choices) { return std::make_shared<TwoChoices>(std::move(choices)); }
std::shared_ptr<Strategy> make_highest_random_weight(Choices choices) {
  return std::make_shared<HighestRandomWeight>(std::move(choices));
}
std::shared_ptr<Strategy> make_least_time(Choices choices) { return std::make_shared<LeastTime>(std::move(choices)); }

}  // namespace sluice::proxy
