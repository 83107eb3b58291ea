#include "observe/metrics.h"

#include <thread>

#include "observe/exposition.h"
#include "support/catch.h"

using namespace sluice;
using namespace sluice::observe;

TEST_CASE("counters of one name and labels are one series") {
  Metrics metrics;
  auto a = metrics.counter("requests_total", "Requests.", {{"code", "200"}});
  auto b = metrics.counter("requests_total", "Requests.", {{"code", "200"}});
  auto c = metrics.counter("requests_total", "Requests.", {{"code", "500"}});
  a->add();
  b->add(2);
  CHECK(a->value() == 3);
  CHECK(c->value() == 0);
}

TEST_CASE("the exposition has help, type, and series in order") {
  Metrics metrics;
  auto b = metrics.counter("b_total", "How many \\ b\nthere were.", {{"code", "500"}, {"method", "GET"}});
  auto b2 = metrics.counter("b_total", "", {{"code", "200"}, {"method", "GET"}});
  auto a = metrics.gauge("a_open", "Open.");
  b->add(7);
  a->add(5);
  a->add(-7);
  a->set(0.5);
  CHECK(metrics.exposition() ==
        "# HELP a_open Open.\n# TYPE a_open gauge\na_open -1.5\n"
        "# HELP b_total How many \\\\ b\\nthere were.\n# TYPE b_total counter\n"
        "b_total{code=\"200\",method=\"GET\"} 0\n"
        "b_total{code=\"500\",method=\"GET\"} 7\n");
}

TEST_CASE("a histogram counts cumulatively and prints its bounds as Traefik's dashboards ask for them") {
  Metrics metrics;
  auto durations = metrics.histogram("duration_seconds", "Time.", {0.1, 0.3, 1.2, 5}, {{"service", "web@docker"}});
  for (double value : {0.05, 0.1, 0.2, 1.0, 4.0, 60.0}) durations->observe(value);
  CHECK(metrics.exposition() ==
        "# HELP duration_seconds Time.\n# TYPE duration_seconds histogram\n"
        "duration_seconds_bucket{service=\"web@docker\",le=\"0.1\"} 2\n"
        "duration_seconds_bucket{service=\"web@docker\",le=\"0.3\"} 3\n"
        "duration_seconds_bucket{service=\"web@docker\",le=\"1.2\"} 4\n"
        "duration_seconds_bucket{service=\"web@docker\",le=\"5\"} 5\n"
        "duration_seconds_bucket{service=\"web@docker\",le=\"+Inf\"} 6\n"
        "duration_seconds_sum{service=\"web@docker\"} 65.35\n"
        "duration_seconds_count{service=\"web@docker\"} 6\n");
}

TEST_CASE("label values cannot break the format") {
  CHECK(label_text({{"path", "a\"b\\c\nd"}, {"host", "\xFF\xFEx"}}) ==
        "path=\"a\\\"b\\\\c\\nd\",host=\"\xEF\xBF\xBD\xEF\xBF\xBDx\"");
}

TEST_CASE("a series nobody holds is shown once more and then gone") {
  Metrics metrics;
  auto kept = metrics.counter("requests_total", "Requests.", {{"service", "kept"}});
  auto gone = metrics.counter("requests_total", "Requests.", {{"service", "gone"}});
  gone->add(3);
  gone.reset();
  CHECK(metrics.exposition().find("requests_total{service=\"gone\"} 3\n") != std::string::npos);
  CHECK(metrics.exposition().find("gone") == std::string::npos);

  // A series of the same name starts anew, also when it gets the cell of the one that is gone.
  auto again = metrics.counter("requests_total", "Requests.", {{"service", "gone"}});
  CHECK(again->value() == 0);
}

TEST_CASE("a series that comes back before it is forgotten goes on counting") {
  Metrics metrics;
  metrics.counter("requests_total", "Requests.", {{"service", "a"}})->add(3);
  metrics.exposition();
  auto back = metrics.counter("requests_total", "Requests.", {{"service", "a"}});
  metrics.exposition();
  back->add();
  CHECK(metrics.exposition().find("requests_total{service=\"a\"} 4\n") != std::string::npos);
}

TEST_CASE("additions of many threads add up while others read") {
  Metrics metrics;
  auto counter = metrics.counter("a_total", "A.");
  auto gauge = metrics.gauge("b", "B.");
  auto histogram = metrics.histogram("c_seconds", "C.", {1, 2});
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10'000; ++i) {
        counter->add();
        gauge->add(t % 2 == 0 ? 1 : -1);
        histogram->observe(1.5);
      }
    });
  }
  for (int i = 0; i < 20; ++i) CHECK_FALSE(metrics.exposition().empty());
  for (std::thread& thread : threads) thread.join();
  CHECK(counter->value() == 80'000);
  CHECK(gauge->value() == 0);
  CHECK(histogram->sum() == Approx(120'000));
  CHECK(histogram->in_bucket(1) == 80'000);
}

TEST_CASE("what ended threads counted stays, and more threads than slots count correctly") {
  Metrics metrics;
  auto counter = metrics.counter("a_total", "A.");
  auto sum = metrics.histogram("b", "B.", {});
  for (int round = 0; round < 3; ++round) {
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < 300; ++t) {
      threads.emplace_back([&] {
        counter->add();
        sum->observe(0.5);
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  CHECK(counter->value() == 900);
  CHECK(sum->sum() == Approx(450));
}

TEST_CASE("more series than one page of cells are kept apart") {
  Metrics metrics;
  std::vector<std::shared_ptr<Counter>> counters;
  for (std::size_t i = 0; i < 2000; ++i) {
    counters.push_back(metrics.counter("a_total", "A.", {{"i", std::to_string(i)}}));
    counters.back()->add(i);
  }
  for (std::size_t i = 0; i < counters.size(); ++i) CHECK(counters[i]->value() == i);
}
