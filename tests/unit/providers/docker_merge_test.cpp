// Replicas, shared definitions and conflicts between containers.
#include "providers/docker/merge.h"

#include "config/static_providers.h"
#include "providers/docker/problem_codes.h"
#include "support/catch.h"

using namespace sluice;
using namespace sluice::providers::docker;

namespace {

using Labels = std::map<std::string, std::string>;

Container container(const std::string& id, const std::string& ip, Labels labels, const std::string& service = "svc") {
  Container made;
  made.id = id;
  made.name = "c-" + id;
  made.state = State::running;
  made.labels = std::move(labels);
  made.labels.emplace("com.docker.compose.service", service);
  made.labels.emplace("com.docker.compose.project", "p");
  made.networks = {{"net", ip, ""}};
  made.ports = {Port{80, Protocol::tcp, {}}};
  return made;
}

// A Merger with what its containers say.
class Edge {
 public:
  void set(const Container& one, bool leaving = false) {
    std::string error;
    auto rule = DefaultRule::parse(config::kDefaultRule, error);
    contributions_[one.id] = infer(one, leaving, {}, {}, *rule);
  }
  void remove(const std::string& id) { contributions_.erase(id); }
  config::Dynamic merge() {
    report.clear();
    std::vector<const Contribution*> all;
    for (const auto& [id, contribution] : contributions_) all.push_back(&contribution);
    return merger_.merge(all, report);
  }
  int conflicts() const {
    int count = 0;
    for (const config::Problem& problem : report) count += problem.code == code::kConflict ? 1 : 0;
    return count;
  }
  config::Report report;

 private:
  std::map<std::string, Contribution> contributions_;
  Merger merger_;
};

std::vector<std::string> urls(const config::Dynamic& dynamic, const std::string& service) {
  std::vector<std::string> found;
  for (const auto& server : dynamic.http.services.at(service).load_balancer->servers) found.push_back(server.url);
  return found;
}

const Labels kRouter{{"traefik.http.routers.web.rule", "Host(`a`)"}};
const Labels kOther{{"traefik.http.routers.web.rule", "Host(`b`)"}};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("replicas share router and service; their servers are united, equal URLs once") {
  Edge edge;
  edge.set(container("a", "10.0.0.2", kRouter));
  edge.set(container("b", "10.0.0.1", kRouter));
  edge.set(container("c", "10.0.0.2", kRouter));
  config::Dynamic merged = edge.merge();
  CHECK(merged.http.routers.size() == 1);
  CHECK(urls(merged, "svc-p") == Names{"http://10.0.0.1:80", "http://10.0.0.2:80"});
  CHECK(edge.report.empty());
}

TEST_CASE("the same middleware in two containers is one") {
  Labels labels{{"traefik.http.middlewares.m.addprefix.prefix", "/x"}};
  Edge edge;
  edge.set(container("a", "10.0.0.1", labels, "one"));
  edge.set(container("b", "10.0.0.2", labels, "two"));
  CHECK(edge.merge().http.middlewares.size() == 1);
  CHECK(edge.conflicts() == 0);
}

TEST_CASE("of two definitions that were never live the first by name stays, and both owners are named") {
  Edge edge;
  edge.set(container("b", "10.0.0.2", kOther, "two"));
  edge.set(container("a", "10.0.0.1", kRouter, "one"));
  CHECK(edge.merge().http.routers.at("web").rule == "Host(`a`)");
  REQUIRE(edge.conflicts() == 1);
  const config::Problem& problem = edge.report.front();
  CHECK(problem.what ==
        "HTTP router web defined multiple times with different configurations, by container c-a and container c-b");
  CHECK(problem.effect == "the definition of container c-a stays, that of container c-b is left out");
  CHECK(problem.source.where == "container c-b label traefik.http.routers.web.rule");
}

TEST_CASE("the definition that was live stays, whatever the order, until its last owner is gone") {
  Edge edge;
  edge.set(container("b", "10.0.0.2", kOther, "two"));
  CHECK(edge.merge().http.routers.at("web").rule == "Host(`b`)");
  edge.set(container("a", "10.0.0.1", kRouter, "one"));
  for (int i = 0; i < 3; ++i) {
    CHECK(edge.merge().http.routers.at("web").rule == "Host(`b`)");
    CHECK(edge.conflicts() == 1);
  }
  edge.set(container("z", "10.0.0.3", kOther, "two"));  // a replica of the live one
  CHECK(edge.merge().http.routers.at("web").rule == "Host(`b`)");
  edge.remove("b");
  CHECK(edge.merge().http.routers.at("web").rule == "Host(`b`)");
  edge.remove("z");
  CHECK(edge.merge().http.routers.at("web").rule == "Host(`a`)");
  CHECK(edge.conflicts() == 0);
  // Having lost it, "b" does not take it back.
  edge.set(container("b", "10.0.0.2", kOther, "two"));
  CHECK(edge.merge().http.routers.at("web").rule == "Host(`a`)");
}

TEST_CASE("a container that is leaving gives way at once") {
  Edge edge;
  edge.set(container("old", "10.0.0.1", kRouter));
  CHECK(edge.merge().http.routers.at("web").rule == "Host(`a`)");
  edge.set(container("new", "10.0.0.2", kOther));
  CHECK(edge.merge().http.routers.at("web").rule == "Host(`a`)");
  edge.set(container("old", "10.0.0.1", kRouter), true);
  CHECK(edge.merge().http.routers.at("web").rule == "Host(`b`)");
}

TEST_CASE("a service with other settings is not united; the live one keeps its servers") {
  Labels strict{{"traefik.http.services.s.loadbalancer.passhostheader", "false"}};
  Labels plain{{"traefik.http.services.s.loadbalancer.passhostheader", "true"}};
  Edge edge;
  edge.set(container("b", "10.0.0.2", plain));
  CHECK(urls(edge.merge(), "s") == Names{"http://10.0.0.2:80"});
  edge.set(container("a", "10.0.0.1", strict));
  config::Dynamic merged = edge.merge();
  CHECK(urls(merged, "s") == Names{"http://10.0.0.2:80"});
  CHECK(merged.http.services.at("s").load_balancer->pass_host_header);
  CHECK(edge.conflicts() == 1);
}

TEST_CASE("TCP and UDP servers are united too") {
  Labels labels{{"traefik.tcp.routers.t.rule", "HostSNI(`*`)"}, {"traefik.udp.routers.u.entrypoints", "u"}};
  Edge edge;
  edge.set(container("a", "10.0.0.1", labels));
  edge.set(container("b", "10.0.0.2", labels));
  config::Dynamic merged = edge.merge();
  CHECK(merged.tcp.services.at("svc-p").load_balancer->servers.size() == 2);
  CHECK(merged.udp.services.at("svc-p").load_balancer->servers.size() == 2);
}

TEST_CASE("merging the same containers again gives the same configuration") {
  Edge edge;
  edge.set(container("c", "10.0.0.9", kRouter));
  config::Dynamic alone = edge.merge();
  edge.set(container("a", "10.0.0.1", kRouter));
  config::Dynamic first = edge.merge();
  CHECK_FALSE(first == alone);
  CHECK(edge.merge() == first);
  edge.set(container("a", "10.0.0.1", kRouter));
  CHECK(edge.merge() == first);
}

TEST_CASE("nothing to merge is an empty configuration") {
  Edge edge;
  CHECK(edge.merge() == config::Dynamic());
}
