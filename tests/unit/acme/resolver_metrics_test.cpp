#include "acme/resolver_metrics.h"

#include "support/catch.h"

using namespace sluice;
using acme::ResolverMetrics;

TEST_CASE("each certificate has series for what is known of it, and none once it is gone") {
  observe::Metrics metrics;
  ResolverMetrics numbers(metrics, "le");
  ResolverMetrics::Certificate one{"a.x,b.x", 300, 200, 100, 150, 1, 0};
  ResolverMetrics::Certificate waiting{"c.x", {}, 50, {}, {}, 0, 3};
  numbers.show({one, waiting});
  const std::string text = metrics.exposition();
  CHECK(text.find(R"(sluice_acme_not_after_timestamp_seconds{resolver="le",names="a.x,b.x"} 300)") !=
        std::string::npos);
  CHECK(text.find(R"(sluice_acme_next_renewal_timestamp_seconds{resolver="le",names="a.x,b.x"} 200)") !=
        std::string::npos);
  CHECK(text.find(R"(sluice_acme_window_start_timestamp_seconds{resolver="le",names="a.x,b.x"} 100)") !=
        std::string::npos);
  CHECK(text.find(R"(sluice_acme_window_end_timestamp_seconds{resolver="le",names="a.x,b.x"} 150)") !=
        std::string::npos);
  CHECK(text.find(R"(sluice_acme_last_result{resolver="le",names="a.x,b.x"} 1)") != std::string::npos);
  CHECK(text.find(R"(sluice_acme_failures{resolver="le",names="c.x"} 3)") != std::string::npos);
  CHECK(text.find(R"(sluice_acme_last_result{resolver="le",names="c.x"} 0)") != std::string::npos);
  CHECK(text.find(R"(sluice_acme_not_after_timestamp_seconds{resolver="le",names="c.x"})") == std::string::npos);
  numbers.show({waiting});
  metrics.exposition();  // says the last value once more
  CHECK(metrics.exposition().find("a.x") == std::string::npos);
}

TEST_CASE("orders, results and blocked CAs are counted by what they are") {
  observe::Metrics metrics;
  ResolverMetrics numbers(metrics, "le");
  numbers.ordered("https://ca/dir");
  numbers.ordered("https://ca/dir");
  numbers.ordered("https://other/dir");
  numbers.ended("obtained");
  numbers.ended("limited");
  numbers.show_blocked({{"https://ca/dir", 99}});
  std::string text = metrics.exposition();
  CHECK(text.find(R"(sluice_acme_orders_total{resolver="le",ca="https://ca/dir"} 2)") != std::string::npos);
  CHECK(text.find(R"(sluice_acme_orders_total{resolver="le",ca="https://other/dir"} 1)") != std::string::npos);
  CHECK(text.find(R"(sluice_acme_attempts_total{resolver="le",result="limited"} 1)") != std::string::npos);
  CHECK(text.find(R"(sluice_acme_blocked_until_timestamp_seconds{resolver="le",ca="https://ca/dir"} 99)") !=
        std::string::npos);
  numbers.show_blocked({});
  text = metrics.exposition();
  CHECK(text.find(R"(sluice_acme_blocked_until_timestamp_seconds{resolver="le",ca="https://ca/dir"} 0)") !=
        std::string::npos);
}
