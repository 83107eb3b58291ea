#include "config/load_static.h"

#include <cerrno>

#include "config/problem_codes.h"
#include "support/catch.h"

using namespace sluice::config;
using namespace std::chrono_literals;

namespace {

using Arguments = std::vector<std::string>;
using Environment = std::map<std::string, std::string>;

class MemoryFiles final : public FileReader {
 public:
  std::map<std::string, std::string> files;
  std::map<std::string, int> unreadable;

  std::optional<std::string> read(const std::string& path, int& error) const override {
    const auto bad = unreadable.find(path);
    error = bad == unreadable.end() ? 0 : bad->second;
    const auto found = files.find(path);
    if (error != 0 || found == files.end()) return std::nullopt;
    return found->second;
  }
};

LoadedStatic load(const Arguments& arguments, const Environment& environment = {},
                  const std::map<std::string, std::string>& files = {}) {
  MemoryFiles reader;
  reader.files = files;
  return load_static(arguments, environment, reader);
}

Static good(const LoadedStatic& loaded) {
  std::string lines;
  for (const Problem& problem : loaded.report) lines += to_line(problem) + '\n';
  INFO(lines);
  REQUIRE(loaded.configuration);
  return *loaded.configuration;
}

Static from_flags(const Arguments& arguments) { return good(load(arguments)); }
Static from_variables(const Environment& environment) { return good(load({}, environment)); }

bool contains(std::string_view text, std::string_view piece) { return text.find(piece) != std::string_view::npos; }

// The first problem of this code.
Problem problem(const LoadedStatic& loaded, std::string_view code) {
  for (const Problem& candidate : loaded.report) {
    if (candidate.code == code) return candidate;
  }
  FAIL("no problem " << code);
  return {};
}

Problem failure(const LoadedStatic& loaded, std::string_view code) {
  CHECK_FALSE(loaded.configuration);
  const Problem found = problem(loaded, code);
  CHECK(found.severity == Severity::error);
  return found;
}

}  // namespace

TEST_CASE("without any source the defaults are used, with entry point http on :80") {
  const LoadedStatic loaded = load({});
  const Static configuration = good(loaded);
  CHECK(loaded.source == StaticSource::defaults);
  REQUIRE(configuration.entry_points.size() == 1);
  CHECK(configuration.entry_points.at("http").address == ":80");
  CHECK(configuration.workers == 0);
  CHECK(configuration.log.level == "ERROR");
  CHECK_FALSE(configuration.providers.docker);
}

TEST_CASE("flags: names and values in every form") {
  const Static configuration =
      from_flags({"--entryPoints.web.address=:80", "-entrypoints.web.transport.lifecycle.graceTimeOut=5", "--log.level",
                  "DEBUG", "--providers.docker", "--providers.docker.exposedByDefault=false",
                  "--providers.docker.endpoint=unix:///x=y.sock", "--ping", "--WORKERS=3"});
  CHECK(configuration.entry_points.at("web").address == ":80");
  CHECK(configuration.entry_points.at("web").transport.life_cycle.grace_time_out == 5s);
  CHECK(configuration.log.level == "DEBUG");
  REQUIRE(configuration.providers.docker);
  CHECK_FALSE(configuration.providers.docker->exposed_by_default);
  CHECK(configuration.providers.docker->endpoint == "unix:///x=y.sock");
  CHECK(configuration.ping);
  CHECK(configuration.workers == 3);
}

TEST_CASE("flags: a switch does not take the next word") {
  const LoadedStatic loaded = load({"--api.insecure", "false"});
  CHECK(contains(failure(loaded, code::kSyntax).what, "\"false\" is no flag"));
  CHECK(from_flags({"--providers.file.watch=false", "--providers.file.directory", "/x"}).providers.file->watch ==
        false);
}

TEST_CASE("flags: the last of a repeated single value wins, lists are joined") {
  const Static configuration = from_flags({"--log.level=INFO", "--log.level=WARN", "--entrypoints.web.address=:80",
                                           "--entrypoints.web.forwardedheaders.trustedips=10.0.0.1",
                                           "--entrypoints.web.forwardedHeaders.trustedIPs=10.0.0.2, 10.0.0.3"});
  CHECK(configuration.log.level == "WARN");
  CHECK(configuration.entry_points.at("web").forwarded_headers.trusted_ips ==
        std::vector<std::string>{"10.0.0.1", "10.0.0.2", "10.0.0.3"});
}

TEST_CASE("flags: the first letters of a map name win over later ones") {
  const Static configuration = from_flags({"--entryPoints.Web.address=:80", "--entrypoints.web.asdefault"});
  REQUIRE(configuration.entry_points.size() == 1);
  CHECK(configuration.entry_points.at("Web").as_default);
}

TEST_CASE("flags: groups that may be empty are switched on by name or true only") {
  CHECK(from_flags({"--ping=true"}).ping);
  CHECK(from_flags({"--ping=TRUE"}).ping);
  CHECK_FALSE(from_flags({"--ping=false"}).ping);
  CHECK_FALSE(from_flags({"--ping=1"}).ping);
  CHECK(failure(load({"--providers.file"}), code::kStandalone).severity == Severity::error);
}

TEST_CASE("flags: lists of groups are written by index , and indexes may stand between dots") {
  const Static configuration =
      from_flags({"--entrypoints.web.address=:80", "--entrypoints.web.http.tls.domains[0].main=a",
                  "--entrypoints.web.http.tls.domains[0].sans=b,c", "--entrypoints.web.http.tls.domains[1].main=d"});
  const std::vector<Domain>& domains = configuration.entry_points.at("web").http.tls->domains;
  REQUIRE(domains.size() == 2);
  CHECK(domains[0] == Domain{"a", {"b", "c"}});
  CHECK(domains[1].sans.empty());
  CHECK(from_flags({"--entrypoints.web.address=:80", "--entrypoints.web.http.tls.domains.0.main=a"})
            .entry_points.at("web")
            .http.tls->domains.size() == 1);
}

TEST_CASE("flags: what is wrong stops the start and is named") {
  const Problem unknown = failure(load({"--entrypoint.web.address=:80"}), code::kUnknownOption);
  CHECK(unknown.source.where == "flag --entrypoint.web.address");
  CHECK(contains(unknown.what, "field not found, node: entrypoint"));
  CHECK(contains(unknown.fix, "entryPoints"));
  CHECK(unknown.effect == "Sluice does not start");
  // Only files have room for anchors.
  CHECK(contains(failure(load({"--x-common.address=:80"}), code::kUnknownOption).what, "node: x-common"));

  CHECK(contains(failure(load({"--ping.terminatingStatusCode=x"}), code::kWrongValue).what, "\"x\""));
  CHECK(contains(failure(load({"--log.level"}), code::kSyntax).what, "needs a value"));
  CHECK(contains(failure(load({"--=x"}), code::kSyntax).what, "no name"));
  CHECK(contains(failure(load({"---x"}), code::kSyntax).what, "no name"));
  CHECK(contains(failure(load({"--a..b=x"}), code::kSyntax).what, "a..b"));
  CHECK(contains(failure(load({"--ping", "--", "more"}), code::kSyntax).what, "after --"));
  CHECK(contains(failure(load({"-"}), code::kSyntax).what, "no flag"));
  CHECK(contains(failure(load({""}), code::kSyntax).what, "no flag"));
  CHECK(from_flags({"--ping", "--"}).ping);
  CHECK(contains(failure(load({"--http.routers.a.rule=x"}), code::kUnknownOption).fix, "file provider"));
}

TEST_CASE("flags: help is noticed wherever it stands") {
  CHECK(load({"--ping", "--help"}).help_requested);
  CHECK(load({"-h"}).help_requested);
  CHECK_FALSE(load({"--ping"}).help_requested);
}

TEST_CASE("variables: underscores separate, and everything but the root may have any case") {
  const Static configuration = from_variables({{"TRAEFIK_ENTRYPOINTS_WEB_ADDRESS", ":80"},
                                               {"TRAEFIK_ENTRYPOINTS_Web_HTTP_TLS_DOMAINS_0_MAIN", "a"},
                                               {"TRAEFIK_ENTRYPOINTS_WEB_HTTP_TLS_DOMAINS[1]_MAIN", "b"},
                                               {"TRAEFIK_PROVIDERS_DOCKER", "true"},
                                               {"TRAEFIK_PROVIDERS_DOCKER_exposedbydefault", "false"},
                                               {"TRAEFIK_LOG_LEVEL", "INFO"}});
  REQUIRE(configuration.entry_points.contains("web"));
  CHECK(configuration.entry_points.at("web").http.tls->domains.size() == 2);
  CHECK_FALSE(configuration.providers.docker->exposed_by_default);
  CHECK(configuration.log.level == "INFO");
}

TEST_CASE("variables: others are passed over, but a known root with an unknown rest stops the start") {
  CHECK(load({}, {{"TRAEFIK_FOO", "1"}, {"traefik_LOG_LEVEL", "x"}, {"TRAEFIK_log_level", "x"}, {"PATH", "/bin"}})
            .source == StaticSource::defaults);
  const Problem unknown = failure(load({}, {{"TRAEFIK_API_PORT", "tcp://10.0.0.1:80"}}), code::kUnknownOption);
  CHECK(unknown.source.where == "environment variable TRAEFIK_API_PORT");
  CHECK(failure(load({}, {{"TRAEFIK_PINGPONG", "1"}}), code::kUnknownOption).severity == Severity::error);
  CHECK(failure(load({}, {{"TRAEFIK_API_INSECURE", ""}}), code::kWrongValue).severity == Severity::error);
  CHECK(failure(load({}, {{"TRAEFIK_LOG__LEVEL", "x"}}), code::kSyntax).severity == Severity::error);
}

TEST_CASE("variables: the Sluice twin of a variable wins") {
  const Static configuration = from_variables(
      {{"TRAEFIK_LOG_LEVEL", "INFO"}, {"SLUICE_LOG_LEVEL", "WARN"}, {"SLUICE_WORKERS", "2"}, {"SLUICE_OTHER", "x"}});
  CHECK(configuration.log.level == "WARN");
  CHECK(configuration.workers == 2);
}

TEST_CASE("variables: TRAEFIK_CONFIGFILE reads no file") {
  const LoadedStatic loaded = load({}, {{"TRAEFIK_CONFIGFILE", "/c.yml"}}, {{"/c.yml", "log: {level: INFO}"}});
  CHECK(good(loaded).log.level == "ERROR");
  CHECK(contains(problem(loaded, code::kSourceIgnored).fix, "--configFile"));
}

TEST_CASE("files: YAML, TOML and JSON are chosen by extension") {
  const auto level = [](const std::string& path, const std::string& text) {
    return good(load({"--configFile=" + path}, {}, {{path, text}})).log.level;
  };
  CHECK(level("/a.yml", "log:\n  level: INFO\n") == "INFO");
  CHECK(level("/a.YAML", "Log:\n  Level: INFO\n") == "INFO");
  CHECK(level("/a.toml", "[log]\nlevel = \"INFO\"\n") == "INFO");
  CHECK(level("/a.json", R"({"log": {"level": "INFO"}})") == "INFO");
  CHECK(good(load({"--configfile", "/a.yml"}, {}, {{"/a.yml", "log: {level: WARN}"}})).log.level == "WARN");
  CHECK(contains(failure(load({"--configFile=/a.ini"}, {}, {{"/a.ini", "x"}}), code::kFileUnreadable).fix, ".toml"));
}

TEST_CASE("files: the default locations are tried in order") {
  const std::map<std::string, std::string> all = {{"/etc/traefik/traefik.yaml", "workers: 1"},
                                                  {"/etc/traefik/traefik.yml", "workers: 2"},
                                                  {"/xdg/traefik.toml", "workers = 3"},
                                                  {"/home/u/.config/traefik.yml", "workers: 4"},
                                                  {"./traefik.yml", "workers: 5"}};
  const Environment environment = {{"XDG_CONFIG_HOME", "/xdg"}, {"HOME", "/home/u"}};
  std::map<std::string, std::string> left = all;
  const auto first = [&] { return good(load({}, environment, left)).workers; };
  CHECK(first() == 1);
  left.erase("/etc/traefik/traefik.yaml");
  CHECK(first() == 2);
  left.erase("/etc/traefik/traefik.yml");
  CHECK(first() == 3);
  left.erase("/xdg/traefik.toml");
  CHECK(first() == 4);
  left.erase("/home/u/.config/traefik.yml");
  CHECK(first() == 5);
  left.erase("./traefik.yml");
  CHECK(load({}, environment, left).source == StaticSource::defaults);
}

TEST_CASE("sources are never merged: a file makes flags void, flags make variables void, and it is said") {
  const LoadedStatic file = load({"--log.level=DEBUG", "--ping"}, {{"TRAEFIK_LOG_LEVEL", "WARN"}},
                                 {{"/etc/traefik/traefik.yml", "log: {level: INFO}"}});
  CHECK(good(file).log.level == "INFO");
  CHECK_FALSE(good(file).ping);
  CHECK(file.source == StaticSource::file);
  CHECK(file.file == "/etc/traefik/traefik.yml");
  REQUIRE(file.report.size() == 2);
  CHECK(contains(file.report[0].what, "--log.level, --ping"));
  CHECK(contains(file.report[1].what, "TRAEFIK_LOG_LEVEL"));

  const LoadedStatic flags = load({"--ping"}, {{"TRAEFIK_LOG_LEVEL", "WARN"}});
  CHECK(good(flags).log.level == "ERROR");
  CHECK(flags.source == StaticSource::flags);
  CHECK(contains(problem(flags, code::kSourceIgnored).what, "TRAEFIK_LOG_LEVEL"));

  CHECK(load({"--configFile=/c.yml"}, {}, {{"/c.yml", "ping: {}"}}).report.empty());
}

TEST_CASE("files: unknown roots are passed over with a warning, unknown names below are errors") {
  const LoadedStatic loaded =
      load({"--configFile=/c.yml"}, {}, {{"/c.yml", "log: {level: INFO}\nentrypoint: {}\nhttp: {}\n"}});
  CHECK(good(loaded).log.level == "INFO");
  REQUIRE(loaded.report.size() == 2);
  CHECK(loaded.report[0].source == Source{"/c.yml", 2, 1});
  CHECK(contains(loaded.report[0].fix, "entryPoints"));
  CHECK(contains(loaded.report[1].fix, "file provider"));

  const Problem nested =
      failure(load({"--configFile=/c.yml"}, {}, {{"/c.yml", "log:\n  levle: INFO\n"}}), code::kUnknownOption);
  CHECK(nested.source == Source{"/c.yml", 2, 3});
  CHECK(contains(nested.fix, "level"));
}

TEST_CASE("files: a file without configuration stops the start") {
  for (const char* text : {"", "# nothing\n", "foo: 1\n", "[a]\n", "text"}) {
    INFO(text);
    failure(load({"--configFile=/c.yml"}, {}, {{"/c.yml", text}}), code::kNoConfiguration);
  }
  failure(load({"--configFile=/c.yml"}), code::kFileUnreadable);
  failure(load({"--configFile=/c.yml"}, {}, {{"/c.yml", "a: ["}}), code::kSyntax);
  MemoryFiles files;
  files.unreadable["/etc/traefik/traefik.yml"] = EACCES;
  CHECK(contains(failure(load_static({}, {}, files), code::kFileUnreadable).what, "Permission denied"));
}

TEST_CASE("removed options stop the start with what replaces them, from whichever source") {
  const Problem flag = failure(load({"--providers.docker.swarmmode=true"}), code::kRemoved);
  CHECK(contains(flag.fix, "providers.swarm"));
  CHECK(flag.source.where == "flag --providers.docker.swarmmode");
  failure(load({}, {{"TRAEFIK_PILOT_TOKEN", "x"}, {"TRAEFIK_TRACING_JAEGER", "true"}}), code::kRemoved);
  failure(load({"--ping"}, {{"TRAEFIK_TRACING_JAEGER", "true"}}), code::kRemoved);
  for (const char* yaml : {"pilot: {token: x}", "providers: {marathon: {}}", "providers: {rancher: true}",
                           "providers: {docker: {tls: {caOptional: true}}}", "providers: {consul: {namespace: x}}",
                           "providers: {nomad: {endpoint: {tls: {caOptional: true}}}}", "experimental: {http3: true}",
                           "tracing: {zipkin: {httpEndpoint: x}}", "tracing: {spanNameLimit: 3}"}) {
    INFO(yaml);
    failure(load({"--configFile=/c.yml"}, {}, {{"/c.yml", std::string("ping: {}\n") + yaml}}), code::kRemoved);
  }
}

TEST_CASE("deprecated and unserved options warn and do not stop the start") {
  const LoadedStatic loaded = load({"--core.defaultrulesyntax=v2", "--experimental.kubernetesgateway"});
  CHECK(good(loaded).core.default_rule_syntax == "v2");
  CHECK(problem(loaded, code::kDeprecated).severity == Severity::warning);
  CHECK(problem(load({"--tracing"}), code::kNotServed).severity == Severity::warning);
}

TEST_CASE("a log level that does not exist keeps the default with a warning") {
  const LoadedStatic loaded = load({"--log.level=LOUD"});
  CHECK(good(loaded).log.level == "ERROR");
  CHECK(problem(loaded, code::kWrongValue).severity == Severity::warning);
  CHECK(good(load({"--log.level=debug"})).log.level == "debug");
}

TEST_CASE("the entry point traefik appears when something is served there") {
  const auto has = [](const Arguments& arguments) {
    const Static configuration = from_flags(arguments);
    const auto found = configuration.entry_points.find("traefik");
    return found != configuration.entry_points.end() && found->second.address == ":8080";
  };
  CHECK(has({"--ping"}));
  CHECK(has({"--api.insecure"}));
  CHECK(has({"--metrics.prometheus"}));
  CHECK(has({"--providers.rest.insecure"}));
  CHECK_FALSE(has({"--api"}));
  CHECK_FALSE(has({"--ping.manualrouting"}));
  CHECK_FALSE(has({"--ping.entrypoint=http"}));
  CHECK_FALSE(has({"--metrics.prometheus.manualrouting"}));
  CHECK_FALSE(has({"--ping", "--entrypoints.traefik.address=:9000"}));
  CHECK(from_flags({"--ping"}).entry_points.contains("http"));
  CHECK_FALSE(from_flags({"--ping", "--entrypoints.web.address=:80"}).entry_points.contains("http"));
}

TEST_CASE("default entry points are those flagged, else all of TCP but traefik") {
  Static configuration = from_flags(
      {"--entrypoints.b.address=:1", "--entrypoints.a.address=:2", "--ping", "--entrypoints.dns.address=:53/udp"});
  CHECK(default_entry_points(configuration) == std::vector<std::string>{"a", "b"});
  configuration.entry_points["b"].as_default = true;
  CHECK(default_entry_points(configuration) == std::vector<std::string>{"b"});
}

TEST_CASE("contradictions between options stop the start") {
  for (const Arguments& arguments : std::vector<Arguments>{
           {"--entrypoints.web=true"},
           {"--entrypoints.web.address=80"},
           {"--entrypoints.web.address=:80/sctp"},
           {"--entrypoints.web.address=:80", "--entrypoints.web.udp.timeout=0"},
           {"--entrypoints.a@b.address=:80"},
           {"--certificatesresolvers.le.acme.email=a", "--certificatesresolvers.le.tailscale"},
           {"--certificatesresolvers.le.acme.storage="},
           {"--certificatesresolvers.le.acme.certificatesduration=0"},
           {"--core.defaultrulesyntax=v1"},
           {"--providers.precedence=docker,nonsense"},
           {"--providers.file.watch=true"},
           {"--log.otlp=true"},
           {"--tracing.otlp.grpc.insecure", "--tracing.otlp.grpc.tls.ca=x"},
           {"--api.basepath=nope"},
           {"--api.basepath=/a b"},
           {"--ocsp.responderoverrides.x="},
           {"--workers=-1"},
       }) {
    INFO(arguments.front());
    const LoadedStatic loaded = load(arguments);
    CHECK_FALSE(loaded.configuration);
    CHECK(has_errors(loaded.report));
  }
}

TEST_CASE("things that cannot work but do no harm are warnings") {
  for (const Arguments& arguments : std::vector<Arguments>{
           {"--entrypoints.web.address=:80", "--entrypoints.web.http.redirections.entrypoint.to=secure"},
           {"--entrypoints.web.address=:80", "--entrypoints.web.http.redirections.entrypoint.scheme=https"},
           {"--entrypoints.web.address=:80", "--entrypoints.web.http.redirections.entrypoint.to=:x"},
           {"--entrypoints.web.address=:80", "--entrypoints.web.http.middlewares=auth"},
           {"--ping.entrypoint=nowhere"},
           {"--providers.file.filename=a", "--providers.file.directory=b"},
       }) {
    INFO(arguments.back());
    const LoadedStatic loaded = load(arguments);
    CHECK(loaded.configuration);
    CHECK(problem(loaded, code::kInconsistent).severity == Severity::warning);
  }
  const Static configuration =
      from_flags({"--entrypoints.web.address=:80", "--entrypoints.web.http.redirections.entrypoint.to=:8443"});
  CHECK(configuration.entry_points.at("web").http.redirections.entry_point->priority == INT64_MAX - 1);
}

TEST_CASE("readTimeout is unset unless written") {
  CHECK_FALSE(
      from_flags({"--entrypoints.web.address=:80"}).entry_points.at("web").transport.responding_timeouts.read_timeout);
  const Static set =
      from_flags({"--entrypoints.web.address=:80", "--entrypoints.web.transport.respondingtimeouts.readtimeout=0"});
  CHECK(set.entry_points.at("web").transport.responding_timeouts.read_timeout == 0s);
}
