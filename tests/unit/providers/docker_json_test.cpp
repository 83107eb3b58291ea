// The engine's answers, recorded and forged.
#include <algorithm>

#include "base/text.h"
#include "providers/docker/engine_json.h"
#include "support/catch.h"
#include "unit/providers/docker_data.h"

using namespace sluice;
using namespace sluice::providers::docker;
using test::recorded;

namespace {

Container inspected(const std::string& name) {
  auto container = parse_inspect(recorded("inspect_" + name + ".json"));
  REQUIRE(container.ok());
  return *container;
}

Container listed(const std::string& name) {
  auto list = parse_list(recorded("list_20.10.json"));
  REQUIRE(list.ok());
  for (const Container& container : *list) {
    if (container.name == name) return container;
  }
  FAIL("not in the list: " << name);
  return {};
}

std::vector<int> numbers(const Container& container) {
  std::vector<int> result;
  for (const Port& port : container.ports) result.push_back(port.number);
  return result;
}

}  // namespace

TEST_CASE("a recorded list gives every container with state, health, networks and ports") {
  auto list = parse_list(recorded("list_20.10.json"));
  REQUIRE(list.ok());
  CHECK(list->size() == 10);

  Container blog = listed("blog-web-1");
  CHECK(blog.id.size() == 64);
  CHECK(blog.state == State::running);
  CHECK(blog.health == Health::none);
  CHECK(blog.labels.at("traefik.http.routers.blog.rule") == "Host(`blog.example`)");
  REQUIRE(blog.networks.size() == 2);
  CHECK(blog.networks[0].name == "app_default");
  CHECK(blog.networks[1].name == "proxy");
  CHECK(blog.networks[1].ipv4 == "172.18.0.2");
  CHECK(numbers(blog) == std::vector<int>{80});

  CHECK(listed("well").health == Health::healthy);
  CHECK(listed("warming").health == Health::starting);
  CHECK(listed("checked").health == Health::unhealthy);
  CHECK(listed("frozen").state == State::paused);
  CHECK(listed("created").state == State::created);
  CHECK(listed("hosted").network_mode == "host");
  CHECK(listed("sidecar").network_mode == "container:" + blog.id);
  CHECK(listed("lonely").networks.at(0).address().empty());
}

TEST_CASE("recorded inspections say the same as the list, and what the list lacks") {
  for (const char* name : {"blog_web_1", "published", "sidecar", "well", "warming", "checked", "lonely"}) {
    CAPTURE(name);
    std::string real = name == std::string("blog_web_1") ? "blog-web-1" : name;
    Container a = inspected(name);
    Container b = listed(real);
    CHECK(a.id == b.id);
    CHECK(a.name == b.name);
    CHECK(a.labels == b.labels);
    CHECK(a.state == b.state);
    CHECK(a.health == b.health);
    CHECK(a.network_mode == b.network_mode);
    CHECK(a.networks == b.networks);
    if (real != "lonely") CHECK(numbers(a) == numbers(b));
  }
  CHECK(numbers(inspected("hosted")) == std::vector<int>{80});  // the list has none
  CHECK(listed("hosted").ports.empty());
  CHECK(numbers(inspected("created")) == std::vector<int>{80});
}

TEST_CASE("published ports keep their bindings") {
  Container published = inspected("published");
  REQUIRE(numbers(published) == std::vector<int>{443, 8080, 9000});
  CHECK(published.ports[1].bindings == std::vector<Binding>{{"127.0.0.1", 18080}});
  CHECK(published.ports[2].protocol == Protocol::udp);
  CHECK(published.ports[2].bindings.size() == 2);
  CHECK(listed("published").ports == published.ports);
}

TEST_CASE("environment, commands and mounts are not kept") {
  // The recording has SECRET=planted-secret in the environment; a Container has no place for it but labels and names.
  std::string text = recorded("inspect_blog_web_1.json");
  REQUIRE(text.find("planted-secret") != std::string::npos);
  Container container = inspected("blog_web_1");
  for (const auto& [key, value] : container.labels) CHECK(value.find("planted") == std::string::npos);
}

TEST_CASE("the stop signal is read in every spelling") {
  auto with = [](const std::string& signal) {
    return parse_inspect(R"({"Id":"a1","Config":{"StopSignal":")" + signal + R"("}})")->stop_signal;
  };
  CHECK(with("SIGQUIT") == 3);
  CHECK(with("quit") == 3);
  CHECK(with("37") == 37);
  CHECK(with("SIGRTMIN+3") == 37);
  CHECK(with("SIGNONSENSE") == 15);
  CHECK(with("99999999999999999999") == 15);
  CHECK(with("") == 15);
}

TEST_CASE("Podman's answers are understood: no HostConfig, other words for states") {
  auto list = parse_list(R"([{"Id":"abc","Names":["/web"],"Labels":null,"State":"running","Status":"","HostConfig":null,
      "NetworkSettings":{"Networks":{"podman":{"IPAddress":"10.88.0.5"}}},"Ports":null},
      {"Id":"abd","Names":["/new"],"State":"configured","NetworkSettings":null}])");
  REQUIRE(list.ok());
  REQUIRE(list->size() == 2);
  CHECK(list->at(0).networks.at(0).ipv4 == "10.88.0.5");
  CHECK(list->at(0).network_mode.empty());
  CHECK(list->at(1).state == State::created);
}

TEST_CASE("since API 1.52 the list has the health as a field") {
  auto list = parse_list(R"json([{"Id":"a","State":"running","Status":"Up (healthy)","Health":{"Status":"starting"}},
                                 {"Id":"b","State":"running","Status":"Up","Health":{"Status":"none"}}])json");
  REQUIRE(list.ok());
  CHECK(list->at(0).health == Health::starting);
  CHECK(list->at(1).health == Health::none);
}

TEST_CASE("a name with links is the container's own") {
  auto list = parse_list(R"([{"Id":"a","Names":["/other/db","/database"]}])");
  REQUIRE(list.ok());
  CHECK(list->at(0).name == "database");
}

TEST_CASE("fields of wrong types are as good as missing") {
  for (const char* body :
       {R"([{"Id":"a","Names":"x","Labels":[1],"State":7,"HostConfig":[],"NetworkSettings":"x","Ports":{"a":1}}])",
        R"([{"Id":"a","Names":[1,null],"Labels":{"k":1,"l":null},"NetworkSettings":{"Networks":[1]},"Ports":[1,{}]}])",
        R"([{"Id":"a","NetworkSettings":{"Networks":{"n":7,"m":{"IPAddress":5}}},"Ports":[{"PrivatePort":"80"}]}])"}) {
    CAPTURE(body);
    auto list = parse_list(body);
    REQUIRE(list.ok());
    REQUIRE(list->size() == 1);
    CHECK(list->at(0).labels.empty());
    CHECK(list->at(0).ports.empty());
  }
  CHECK(parse_inspect(R"({"Id":"a","State":[],"Config":null,"HostConfig":5,"NetworkSettings":{"Ports":{"x/tcp":1,
                          "70000/tcp":[],"0/tcp":null,"80/tcp":[{"HostPort":80},7]}}})")
            ->ports.size() == 1);
}

TEST_CASE("addresses that are none, or nobody's, are no addresses") {
  for (const char* ip : {"", "0.0.0.0", "not-an-ip", "172.17.0.2/16", "::1", "172.17.0.2\\r\\nX"}) {
    auto list =
        parse_list(std::string(R"([{"Id":"a","NetworkSettings":{"Networks":{"n":{"IPAddress":")") + ip + R"("}}}}])");
    REQUIRE(list.ok());
    CHECK(list->at(0).networks.at(0).address().empty());
  }
}

TEST_CASE("ids that could leave their place in a path are refused") {
  for (const char* id : {"", "..", ".", "a/b", "a?b", "a b", "a%2fb", "a\\nb"}) {
    CAPTURE(id);
    CHECK_FALSE(parse_inspect(std::string(R"({"Id":")") + id + R"("})").ok());
    CHECK(parse_list(std::string(R"([{"Id":")") + id + R"("}])")->empty());
  }
  CHECK_FALSE(is_container_id(std::string(256, 'a')));
  CHECK(is_container_id("web-1_x.y"));
}

TEST_CASE("what is not JSON, or nested without end, is an error") {
  for (const std::string& body :
       {std::string(), std::string("{"), std::string("null"), std::string("{}"), std::string("[{\"Id\":\"a\"}"),
        std::string("[") + std::string(100000, '['), "[{\"Id\":\"a\",\"Labels\":" + std::string(65, '{'),
        std::string("\xff\xfe[]"), std::string("[] trailing")}) {
    CHECK_FALSE(parse_list(body).ok());
  }
  std::string deep = "[{\"Id\":\"a\",\"x\":" + std::string(70, '[') + std::string(70, ']') + "}]";
  CHECK_FALSE(parse_list(deep).ok());
  CHECK_FALSE(parse_inspect("[]").ok());
  CHECK(parse_list("[]")->empty());
}

TEST_CASE("of two equal keys the last counts") {
  CHECK(parse_inspect(R"({"Id":"a","Id":"b","Name":"/x","Name":"/y"})")->name == "y");
}

TEST_CASE("recorded events are read; those of exec and others are passed over") {
  std::string log = recorded("events_20.10.jsonl");
  std::map<Event::Kind, int> kinds;
  int passed_over = 0;
  for (std::string_view line : split(log, '\n')) {
    auto event = parse_event(line);
    REQUIRE(event.ok());
    if (*event) {
      ++kinds[(*event)->kind];
      CHECK((*event)->container.size() == 64);
      CHECK((*event)->time_ns > 1'700'000'000'000'000'000);
    } else {
      ++passed_over;
    }
  }
  CHECK(kinds[Event::Kind::signal] == 3);
  CHECK(kinds[Event::Kind::ended] == 4);
  CHECK(kinds[Event::Kind::gone] == 1);
  CHECK(kinds[Event::Kind::changed] >= 30);
  CHECK(passed_over >= 9);  // execs, network create, the empty last line
}

TEST_CASE("what an event says") {
  auto event = [](const std::string& json) {
    auto parsed = parse_event(json);
    REQUIRE(parsed.ok());
    return *parsed;
  };
  auto container = [&](const std::string& action, const std::string& more = "") {
    return event(R"({"Type":"container","Action":")" + action + R"(","Actor":{"ID":"c1","Attributes":{)" + more +
                 "}}}");
  };
  CHECK(container("start")->started);
  CHECK(container("health_status: healthy")->kind == Event::Kind::changed);
  CHECK(container("kill", R"("signal":"15")")->signal == 15);
  CHECK(container("kill", R"("signal":"SIGQUIT")")->signal == 3);
  CHECK(container("kill")->signal == 0);
  CHECK(container("die")->kind == Event::Kind::ended);
  CHECK(container("stop")->kind == Event::Kind::ended);
  CHECK(container("remove")->kind == Event::Kind::gone);
  for (const char* action : {"exec_create: sh", "exec_die", "attach", "top", "resize", ""})
    CHECK_FALSE(container(action));

  // A network event names its container among the attributes.
  auto network = event(R"({"Type":"network","Action":"connect","Actor":{"ID":"n","Attributes":{"container":"c2"}}})");
  CHECK(network->container == "c2");
  CHECK_FALSE(event(R"({"Type":"network","Action":"create","Actor":{"ID":"n"}})"));
  CHECK_FALSE(event(R"({"Type":"network","Action":"connect","Actor":{"ID":"n"}})"));
  CHECK_FALSE(event(R"({"Type":"image","Action":"start","Actor":{"ID":"c1"}})"));
  CHECK_FALSE(event(R"({"Type":"container","Action":"start","Actor":{"ID":"../x"}})"));
  CHECK(event("\x1e{\"Type\":\"container\",\"Action\":\"start\",\"Actor\":{\"ID\":\"c1\"}}"));
  CHECK_FALSE(event("  \r"));
  CHECK_FALSE(parse_event("{\"Type\":").ok());
  CHECK_FALSE(parse_event("[]").ok());
  CHECK_FALSE(parse_event("{\"x\":\"" + std::string(kMaxEvent, 'a') + "\"}").ok());
}

TEST_CASE("versions are found in every shape of answer") {
  ApiRange version = parse_api_range(R"({"ApiVersion":"1.41","MinAPIVersion":"1.12"})");
  CHECK(version.newest->to_string() == "1.41");
  CHECK(version.oldest->to_string() == "1.12");
  CHECK(parse_api_range(R"({"message":"client version 1.44 is too new. Maximum supported API version is 1.41"})")
            .newest->to_string() == "1.41");
  CHECK(parse_api_range(
            "client version 1.10 is too old. Minimum supported API version is 1.44, please upgrade your client")
            .oldest->to_string() == "1.44");
  CHECK_FALSE(parse_api_range("Forbidden").newest);
  CHECK_FALSE(parse_api_range("Maximum supported API version is x.y").newest);
  CHECK_FALSE(parse_api_range("Maximum supported API version is ").newest);
  CHECK(*ApiVersion::parse("1.9") < *ApiVersion::parse("1.10"));
  for (const char* text : {"", "1", "1.", ".1", "1.x", "-1.2", "1.2.3", "999.1", "1.99999"}) {
    CHECK_FALSE(ApiVersion::parse(text));
  }
}
