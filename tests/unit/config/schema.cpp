#include "config/schema.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "config/dynamic.h"
#include "config/labels.h"
#include "config/options.h"
#include "config/static_config.h"
#include "support/catch.h"

using namespace sluice::config;

namespace {

// Every struct that can be reached from the roots, by name.
std::map<std::string, const StructSchema*> all_schemas() {
  std::map<std::string, const StructSchema*> found;
  const std::function<void(const StructSchema&)> visit = [&](const StructSchema& schema) {
    const auto [entry, is_new] = found.emplace(schema.name, &schema);
    CHECK(entry->second == &schema);  // no two structs share a name
    if (!is_new) return;
    for (const Field& field : schema.fields) {
      const ValueType* type = field.type;
      while (type->element() != nullptr) type = type->element();
      if (type->schema() != nullptr) visit(*type->schema());
    }
  };
  for (const StructSchema* root :
       {&schema_of<Static>(), &schema_of<Dynamic>(), &schema_of<HttpServerHints>(), &schema_of<TcpServerHints>(),
        &schema_of<UdpServerHints>(), &schema_of<DockerLabels>(), &schema_of<SwarmLabels>()}) {
    visit(*root);
  }
  return found;
}

}  // namespace

TEST_CASE("every struct and every option is named and documented") {
  for (const auto& [name, schema] : all_schemas()) {
    INFO(name);
    CHECK_FALSE(name.empty());
    CHECK(schema->fields.size() <= 64);
    std::set<std::string> lowered_names;
    for (const Field& field : schema->fields) {
      INFO(field.name);
      CHECK_FALSE(field.name.empty());
      CHECK(field.doc.size() > 3);
      CHECK(field.doc.back() == '.');
      CHECK(field.doc.size() <= 110);
      std::string lower = field.name;
      std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
      CHECK(lowered_names.insert(lower).second);
    }
  }
}

TEST_CASE("every unserved option exists") {
  const auto schemas = all_schemas();
  for (const std::string_view entry : unserved_options()) {
    INFO(entry);
    const std::string type(entry.substr(0, entry.find('.')));
    REQUIRE(schemas.contains(type));
    const std::string_view option = entry.substr(type.size() + 1);
    const Field* field = schemas.at(type)->find(option.substr(0, option.find('=')));
    REQUIRE(field != nullptr);
    if (option.find('=') == std::string_view::npos) {
      CHECK_FALSE(field->served);
    } else {
      const std::string value(option.substr(option.find('=') + 1));
      CHECK(std::count(field->values.begin(), field->values.end(), value) == 1);
    }
  }
}

TEST_CASE("defaults are among the allowed values") {
  for (const auto& [name, schema] : all_schemas()) {
    for (const Field& field : schema->fields) {
      if (field.values.empty()) continue;
      REQUIRE(field.type->kind == ValueKind::text);
      const auto& value = *static_cast<const std::string*>(field.of(schema->defaults.get()));
      INFO(name << '.' << field.name << " = " << value);
      CHECK((value.empty() || std::count(field.values.begin(), field.values.end(), value) == 1));
    }
  }
}

TEST_CASE("options that hold credentials are secret") {
  for (const auto& [name, schema] : all_schemas()) {
    for (const Field& field : schema->fields) {
      const bool credential = field.name == "password" || field.name == "token" || field.name == "key" ||
                              field.name == "keyFile" || field.name == "users" || field.name == "hmacEncoded" ||
                              field.name == "secretAccessKey";
      INFO(name << '.' << field.name);
      if (credential) CHECK(field.secret);
    }
  }
}

TEST_CASE("the nearest name is found across case, omissions and swaps, and only when it is near") {
  const std::vector<std::string_view> names = {"entryPoints", "middlewares", "service", "rule"};
  CHECK(nearest_name("entrypoint", names) == "entryPoints");
  CHECK(nearest_name("entypoints", names) == "entryPoints");
  CHECK(nearest_name("rlue", names) == "rule");
  CHECK(nearest_name("services", names) == "service");
  CHECK_FALSE(nearest_name("loadbalancer", names));
  CHECK_FALSE(nearest_name(std::string(100'000, 'x'), names));
}

TEST_CASE("options are listed with their whole paths, defaults and kinds") {
  const std::vector<Option> options = list_options(schema_of<Static>());
  const auto find = [&](std::string_view path) {
    const auto found = std::find_if(options.begin(), options.end(), [&](const Option& o) { return o.path == path; });
    INFO(path);
    REQUIRE(found != options.end());
    return *found;
  };
  CHECK(find("log.level").default_value == "ERROR");
  CHECK(find("entryPoints.<name>.address").type == "text");
  CHECK(find("entryPoints.<name>.transport.lifeCycle.graceTimeOut").default_value == "10s");
  CHECK(find("entryPoints.<name>.http.tls.domains[n].sans").type == "list");
  CHECK(find("providers.docker.exposedByDefault").default_value == "true");
  CHECK(find("providers.docker.tls.key").default_value.empty());
  CHECK(find("metrics.prometheus.buckets").default_value == "0.1, 0.3, 1.2, 5");
  CHECK(find("providers.http.headers.<name>").type == "text");
  CHECK(find("ping").group);
  CHECK(find("ping").served);
  CHECK(find("workers").field->own);
}

TEST_CASE("flags are completed up to the next dot, the value, or to a value") {
  const auto texts = [](std::string_view typed) {
    std::vector<std::string> found;
    for (const Candidate& candidate : complete_flag(typed)) found.push_back(candidate.text);
    return found;
  };
  const auto has = [&](std::string_view typed, const std::string& text) {
    const std::vector<std::string> found = texts(typed);
    return std::count(found.begin(), found.end(), text) == 1;
  };
  CHECK(texts("--entryp") == std::vector<std::string>{"--entryPoints."});
  CHECK(has("-", "-log"));
  CHECK(has("--", "--ping"));
  CHECK(has("--entrypoints.web.ad", "--entryPoints.web.address="));
  CHECK(has("--entrypoints.web.transport.lifecycle.", "--entryPoints.web.transport.lifeCycle.graceTimeOut="));
  CHECK(has("--providers.docker.w", "--providers.docker.watch"));
  CHECK(texts("--log.level=d") == std::vector<std::string>{"--log.level=DEBUG"});
  CHECK(texts("--providers.docker.watch=").size() == 2);
  CHECK(texts("--entryPoints.").empty());
  CHECK(texts("--nothing.such").empty());
  CHECK(texts("--entryPoints.web.address=:8").empty());
  CHECK(texts("").size() > 10);
  CHECK(texts("--..=").empty());
}
