#include "config/schema.h"
#include "config/static_observability.h"

namespace sluice::config {

void OtlpHttp::describe(Describer<OtlpHttp>& d) {
  d.name("OtlpHttp");
  d.option("endpoint", &OtlpHttp::endpoint, "URL of the collector.");
  d.option("headers", &OtlpHttp::headers, "Headers sent to the collector.").secret();
  d.option("tls", &OtlpHttp::tls, "TLS towards the collector.");
}

void OtlpGrpc::describe(Describer<OtlpGrpc>& d) {
  d.name("OtlpGrpc");
  d.option("endpoint", &OtlpGrpc::endpoint, "host:port of the collector.");
  d.option("insecure", &OtlpGrpc::insecure, "Speak plaintext.");
  d.option("headers", &OtlpGrpc::headers, "Headers sent to the collector.").secret();
  d.option("tls", &OtlpGrpc::tls, "TLS towards the collector.");
}

void OtlpLog::describe(Describer<OtlpLog>& d) {
  d.name("OtlpLog");
  d.option("serviceName", &OtlpLog::service_name, "Name of this service.");
  d.option("resourceAttributes", &OtlpLog::resource_attributes, "Attributes of this process.");
  d.option("http", &OtlpLog::http, "Send over HTTP.").allow_empty();
  d.option("grpc", &OtlpLog::grpc, "Send over gRPC.").allow_empty();
}

void Log::describe(Describer<Log>& d) {
  d.name("Log");
  d.option("level", &Log::level, "Least severe level that is written.")
      .one_of({"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL", "PANIC"})
      .ignoring_case()
      .or_default();
  d.option("format", &Log::format, "Form of the lines.").one_of({"common", "json"}).or_default();
  d.option("noColor", &Log::no_color, "No colours.");
  d.option("filePath", &Log::file_path, "File to write to; empty: standard output.");
  d.option("maxSize", &Log::max_size, "Megabytes at which the file is rotated.");
  d.option("maxAge", &Log::max_age, "Days rotated files are kept; 0: for ever.");
  d.option("maxBackups", &Log::max_backups, "Rotated files that are kept; 0: all.");
  d.option("compress", &Log::compress, "Compress rotated files.");
  d.option("otlp", &Log::otlp, "Send the log to a collector.").allow_empty();
}

void AccessLogFilters::describe(Describer<AccessLogFilters>& d) {
  d.name("AccessLogFilters");
  d.option("statusCodes", &AccessLogFilters::status_codes, "Write requests with these status codes and ranges.");
  d.option("retryAttempts", &AccessLogFilters::retry_attempts, "Write requests that were tried again.");
  d.option("minDuration", &AccessLogFilters::min_duration, "Write requests that took longer.");
}

void AccessLogHeaders::describe(Describer<AccessLogHeaders>& d) {
  d.name("AccessLogHeaders");
  d.option("defaultMode", &AccessLogHeaders::default_mode, "What happens to headers.")
      .one_of({"keep", "drop", "redact"});
  d.option("names", &AccessLogHeaders::names, "keep, drop or redact, by header.");
}

void AccessLogQueryParameters::describe(Describer<AccessLogQueryParameters>& d) {
  d.name("AccessLogQueryParameters");
  d.option("defaultMode", &AccessLogQueryParameters::default_mode, "What happens to the query.")
      .one_of({"keep", "drop"});
}

void AccessLogFields::describe(Describer<AccessLogFields>& d) {
  d.name("AccessLogFields");
  d.option("defaultMode", &AccessLogFields::default_mode, "What happens to fields.").one_of({"keep", "drop"});
  d.option("names", &AccessLogFields::names, "keep or drop, by field.");
  d.option("headers", &AccessLogFields::headers, "Request and response headers.");
  d.option("queryParameters", &AccessLogFields::query_parameters, "The query of the URL.");
}

void AccessLog::describe(Describer<AccessLog>& d) {
  d.name("AccessLog");
  d.option("filePath", &AccessLog::file_path, "File to write to; empty: standard output.");
  d.option("format", &AccessLog::format, "Form of the lines.").one_of({"common", "genericCLF", "json"}).or_default();
  d.option("filters", &AccessLog::filters, "Which requests are written; one filter that accepts is enough.");
  d.option("fields", &AccessLog::fields, "Which fields are written.");
  d.option("bufferingSize", &AccessLog::buffering_size, "Lines that may wait for the writer.");
  d.option("addInternals", &AccessLog::add_internals, "Write requests to internal services too.");
  d.option("dualOutput", &AccessLog::dual_output, "Write locally beside OTLP.");
  d.option("otlp", &AccessLog::otlp, "Send the log to a collector.").allow_empty();
}

void Prometheus::describe(Describer<Prometheus>& d) {
  d.name("Prometheus");
  d.option("buckets", &Prometheus::buckets, "Bounds of the duration histograms, in seconds.");
  d.option("addEntryPointsLabels", &Prometheus::add_entry_points_labels, "Count by entry point.");
  d.option("addRoutersLabels", &Prometheus::add_routers_labels, "Count by router.");
  d.option("addServicesLabels", &Prometheus::add_services_labels, "Count by service.");
  d.option("entryPoint", &Prometheus::entry_point, "Entry point that answers /metrics.");
  d.option("manualRouting", &Prometheus::manual_routing, "Only offer prometheus@internal to routers of your own.");
  d.option("headerLabels", &Prometheus::header_labels, "Labels taken from request headers.");
}

void StatsdMetrics::describe(Describer<StatsdMetrics>& d) {
  d.name("StatsdMetrics");
  d.option("address", &StatsdMetrics::address, "Address of the collector.");
  d.option("pushInterval", &StatsdMetrics::push_interval, "Time between two reports.");
  d.option("addEntryPointsLabels", &StatsdMetrics::add_entry_points_labels, "Count by entry point.");
  d.option("addRoutersLabels", &StatsdMetrics::add_routers_labels, "Count by router.");
  d.option("addServicesLabels", &StatsdMetrics::add_services_labels, "Count by service.");
  d.option("prefix", &StatsdMetrics::prefix, "First part of the names.");
}

void InfluxDb2::describe(Describer<InfluxDb2>& d) {
  d.name("InfluxDb2");
  d.option("address", &InfluxDb2::address, "URL of the server.");
  d.option("token", &InfluxDb2::token, "Access token.").secret();
  d.option("pushInterval", &InfluxDb2::push_interval, "Time between two reports.");
  d.option("org", &InfluxDb2::org, "Organisation.");
  d.option("bucket", &InfluxDb2::bucket, "Bucket.");
  d.option("addEntryPointsLabels", &InfluxDb2::add_entry_points_labels, "Count by entry point.");
  d.option("addRoutersLabels", &InfluxDb2::add_routers_labels, "Count by router.");
  d.option("addServicesLabels", &InfluxDb2::add_services_labels, "Count by service.");
  d.option("additionalLabels", &InfluxDb2::additional_labels, "Labels of every metric.");
}

void OtlpMetrics::describe(Describer<OtlpMetrics>& d) {
  d.name("OtlpMetrics");
  d.option("grpc", &OtlpMetrics::grpc, "Send over gRPC.").allow_empty();
  d.option("http", &OtlpMetrics::http, "Send over HTTP.").allow_empty();
  d.option("addEntryPointsLabels", &OtlpMetrics::add_entry_points_labels, "Count by entry point.");
  d.option("addRoutersLabels", &OtlpMetrics::add_routers_labels, "Count by router.");
  d.option("addServicesLabels", &OtlpMetrics::add_services_labels, "Count by service.");
  d.option("explicitBoundaries", &OtlpMetrics::explicit_boundaries, "Bounds of the duration histograms, in seconds.");
  d.option("pushInterval", &OtlpMetrics::push_interval, "Time between two reports.");
  d.option("serviceName", &OtlpMetrics::service_name, "Name of this service.");
  d.option("resourceAttributes", &OtlpMetrics::resource_attributes, "Attributes of this process.");
}

void Metrics::describe(Describer<Metrics>& d) {
  d.name("Metrics");
  d.option("addInternals", &Metrics::add_internals, "Count requests to internal services too.");
  d.option("prometheus", &Metrics::prometheus, "Metrics for Prometheus to fetch.").allow_empty();
  d.option("datadog", &Metrics::datadog, "Metrics for Datadog.").allow_empty();
  d.option("statsD", &Metrics::stats_d, "Metrics for StatsD.").allow_empty();
  d.option("influxDB2", &Metrics::influx_db2, "Metrics for InfluxDB.").allow_empty();
  d.option("otlp", &Metrics::otlp, "Metrics for a collector.").allow_empty();
}

void OtlpTracing::describe(Describer<OtlpTracing>& d) {
  d.name("OtlpTracing");
  d.option("grpc", &OtlpTracing::grpc, "Send over gRPC.").allow_empty();
  d.option("http", &OtlpTracing::http, "Send over HTTP.").allow_empty();
}

void Tracing::describe(Describer<Tracing>& d) {
  d.name("Tracing");
  d.option("serviceName", &Tracing::service_name, "Name of this service.");
  d.option("resourceAttributes", &Tracing::resource_attributes, "Attributes of this process.");
  d.option("globalAttributes", &Tracing::global_attributes, "Attributes of this process.")
      .deprecated("resourceAttributes");
  d.option("capturedRequestHeaders", &Tracing::captured_request_headers, "Request headers to record.");
  d.option("capturedResponseHeaders", &Tracing::captured_response_headers, "Response headers to record.");
  d.option("safeQueryParams", &Tracing::safe_query_params, "Query parameters to record in clear.");
  d.option("sampleRate", &Tracing::sample_rate, "Share of requests that are traced, 0 to 1.");
  d.option("addInternals", &Tracing::add_internals, "Trace requests to internal services too.");
  d.option("otlp", &Tracing::otlp, "Send to a collector.").allow_empty();
}

}  // namespace sluice::config
