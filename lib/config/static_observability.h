// static_observability.h: `log`, `accessLog`, `metrics` and `tracing` of the static configuration.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "config/described.h"
#include "config/shared_options.h"

namespace sluice::config {

struct OtlpHttp {
  std::string endpoint = "https://localhost:4318";
  std::map<std::string, std::string> headers;
  std::optional<ClientTls> tls;
  static void describe(Describer<OtlpHttp>& describer);
  friend bool operator==(const OtlpHttp&, const OtlpHttp&) = default;
};

struct OtlpGrpc {
  std::string endpoint = "localhost:4317";
  bool insecure = false;
  std::map<std::string, std::string> headers;
  std::optional<ClientTls> tls;
  static void describe(Describer<OtlpGrpc>& describer);
  friend bool operator==(const OtlpGrpc&, const OtlpGrpc&) = default;
};

struct OtlpLog {
  std::string service_name = "traefik";
  std::map<std::string, std::string> resource_attributes;
  std::optional<OtlpHttp> http;
  std::optional<OtlpGrpc> grpc;
  static void describe(Describer<OtlpLog>& describer);
  friend bool operator==(const OtlpLog&, const OtlpLog&) = default;
};

struct Log {
  std::string level = "ERROR";
  std::string format = "common";
  bool no_color = false;
  std::string file_path;  // empty: standard output
  std::int64_t max_size = 0;
  std::int64_t max_age = 0;
  std::int64_t max_backups = 0;
  bool compress = false;
  std::optional<OtlpLog> otlp;
  static void describe(Describer<Log>& describer);
  friend bool operator==(const Log&, const Log&) = default;
};

struct AccessLogFilters {
  std::vector<std::string> status_codes;
  bool retry_attempts = false;
  Duration min_duration{0};
  static void describe(Describer<AccessLogFilters>& describer);
  friend bool operator==(const AccessLogFilters&, const AccessLogFilters&) = default;
};

struct AccessLogHeaders {
  std::string default_mode = "drop";
  std::map<std::string, std::string> names;
  static void describe(Describer<AccessLogHeaders>& describer);
  friend bool operator==(const AccessLogHeaders&, const AccessLogHeaders&) = default;
};

struct AccessLogQueryParameters {
  std::string default_mode = "keep";
  static void describe(Describer<AccessLogQueryParameters>& describer);
  friend bool operator==(const AccessLogQueryParameters&, const AccessLogQueryParameters&) = default;
};

struct AccessLogFields {
  std::string default_mode = "keep";
  std::map<std::string, std::string> names;
  AccessLogHeaders headers;
  AccessLogQueryParameters query_parameters;
  static void describe(Describer<AccessLogFields>& describer);
  friend bool operator==(const AccessLogFields&, const AccessLogFields&) = default;
};

struct AccessLog {
  std::string file_path;  // empty: standard output
  std::string format = "common";
  AccessLogFilters filters;
  AccessLogFields fields;
  std::int64_t buffering_size = 0;
  bool add_internals = false;
  bool dual_output = false;
  std::optional<OtlpLog> otlp;
  static void describe(Describer<AccessLog>& describer);
  friend bool operator==(const AccessLog&, const AccessLog&) = default;
};

struct Prometheus {
  std::vector<double> buckets{0.1, 0.3, 1.2, 5.0};
  bool add_entry_points_labels = true;
  bool add_routers_labels = false;
  bool add_services_labels = true;
  std::string entry_point = "traefik";
  bool manual_routing = false;
  std::map<std::string, std::string> header_labels;
  static void describe(Describer<Prometheus>& describer);
  friend bool operator==(const Prometheus&, const Prometheus&) = default;
};

// The options StatsD and Datadog share.
struct StatsdMetrics {
  std::string address = "localhost:8125";
  Duration push_interval = 10s;
  bool add_entry_points_labels = true;
  bool add_routers_labels = false;
  bool add_services_labels = true;
  std::string prefix = "traefik";
  static void describe(Describer<StatsdMetrics>& describer);
  friend bool operator==(const StatsdMetrics&, const StatsdMetrics&) = default;
};

struct InfluxDb2 {
  std::string address = "http://localhost:8086";
  std::string token;
  Duration push_interval = 10s;
  std::string org;
  std::string bucket;
  bool add_entry_points_labels = true;
  bool add_routers_labels = false;
  bool add_services_labels = true;
  std::map<std::string, std::string> additional_labels;
  static void describe(Describer<InfluxDb2>& describer);
  friend bool operator==(const InfluxDb2&, const InfluxDb2&) = default;
};

struct OtlpMetrics {
  std::optional<OtlpGrpc> grpc;
  std::optional<OtlpHttp> http;
  bool add_entry_points_labels = true;
  bool add_routers_labels = false;
  bool add_services_labels = true;
  std::vector<double> explicit_boundaries{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10};
  Duration push_interval = 10s;
  std::string service_name = "traefik";
  std::map<std::string, std::string> resource_attributes;
  static void describe(Describer<OtlpMetrics>& describer);
  friend bool operator==(const OtlpMetrics&, const OtlpMetrics&) = default;
};

struct Metrics {
  bool add_internals = false;
  std::optional<Prometheus> prometheus;
  std::optional<StatsdMetrics> datadog;
  std::optional<StatsdMetrics> stats_d;
  std::optional<InfluxDb2> influx_db2;
  std::optional<OtlpMetrics> otlp;
  static void describe(Describer<Metrics>& describer);
  friend bool operator==(const Metrics&, const Metrics&) = default;
};

struct OtlpTracing {
  std::optional<OtlpGrpc> grpc;
  std::optional<OtlpHttp> http;
  static void describe(Describer<OtlpTracing>& describer);
  friend bool operator==(const OtlpTracing&, const OtlpTracing&) = default;
};

struct Tracing {
  std::string service_name = "traefik";
  std::map<std::string, std::string> resource_attributes;
  std::map<std::string, std::string> global_attributes;  // deprecated spelling of resourceAttributes
  std::vector<std::string> captured_request_headers;
  std::vector<std::string> captured_response_headers;
  std::vector<std::string> safe_query_params;
  double sample_rate = 1.0;
  bool add_internals = false;
  std::optional<OtlpTracing> otlp;
  static void describe(Describer<Tracing>& describer);
  friend bool operator==(const Tracing&, const Tracing&) = default;
};

}  // namespace sluice::config
