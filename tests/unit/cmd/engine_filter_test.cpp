#include "cmd/engine_filter.h"

#include "support/catch.h"

using namespace sluice;
using namespace sluice::cmd;

TEST_CASE("what Sluice reads of an engine passes, and nothing else") {
  const EngineAllowance least;
  for (const char* path : {"/_ping", "/v1.41/_ping", "/version", "/v1.41/version", "/containers/json",
                           "/v1.24/containers/json", "/events", "/v1.44/events"}) {
    CHECK(engine_allows("GET", path, least));
    CHECK(engine_allows("HEAD", path, least));
    for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT", "get", ""}) {
      CHECK_FALSE(engine_allows(method, path, least));
    }
  }
  for (const char* path : {"",
                           "/",
                           "*",
                           "/containers/web/json",
                           "/v1.41/containers/web/json",
                           "/containers/web/logs",
                           "/containers/web/export",
                           "/containers/web/archive",
                           "/containers/web/attach/ws",
                           "/containers/web/top",
                           "/containers/web/stats",
                           "/images/json",
                           "/info",
                           "/secrets",
                           "/services",
                           "/tasks",
                           "/networks",
                           "/nodes/n",
                           "//containers/json",
                           "/containers%2fjson",
                           "/containers/json/",
                           "/containers/json/../web/json",
                           "/v1.41/../containers/json",
                           "/_ping/../containers/web/json",
                           "/events/x",
                           "/v1./events",
                           "/v1.4x/events",
                           "/v2.41/events",
                           "/v1.41//events",
                           "/v1.41/v1.41/events",
                           "/EVENTS",
                           "/events;x"}) {
    INFO(path);
    CHECK_FALSE(engine_allows("GET", path, least));
  }
}

TEST_CASE("descriptions and a swarm are allowed by themselves, and each name is one name") {
  const EngineAllowance inspect{true, false};
  CHECK(engine_allows("GET", "/v1.41/containers/my_web-1.a/json", inspect));
  for (const char* path :
       {"/containers//json", "/containers/json/json/json", "/containers/../json", "/containers/./json",
        "/containers/a/b/json", "/containers/a%2fb/json", "/containers/a/logs", "/containers/a/jsonx", "/services"}) {
    INFO(path);
    CHECK_FALSE(engine_allows("GET", path, inspect));
  }
  const EngineAllowance swarm{false, true};
  for (const char* path : {"/services", "/v1.41/tasks", "/networks", "/v1.41/nodes/abc123"}) {
    CHECK(engine_allows("GET", path, swarm));
  }
  for (const char* path : {"/nodes/", "/nodes/a/update", "/nodes", "/services/web/logs", "/containers/web/json"}) {
    CHECK_FALSE(engine_allows("GET", path, swarm));
  }
}
