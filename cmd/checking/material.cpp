#include "cmd/checking/material.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <set>

#include "base/text.h"
#include "cmd/checking/codes.h"
#include "cmd/checking/engine_source.h"
#include "config/dynamic.h"
#include "config/schema.h"
#include "config/toml.h"
#include "config/yaml.h"
#include "providers/file/listing.h"

namespace sluice::cmd::checking {
namespace {

using config::Node;
using config::Severity;

enum class Kind { static_file, dynamic_file, compose, unknown };

bool exists(const std::string& path) {
  struct stat about {};
  return stat(path.c_str(), &about) == 0;
}

bool is_directory(const std::string& path) {
  struct stat about {};
  return stat(path.c_str(), &about) == 0 && S_ISDIR(about.st_mode);
}

template <class Root>
std::ptrdiff_t roots_of(const Node& root) {
  return std::count_if(root.children().begin(), root.children().end(),
                       [](const Node::Entry& entry) { return config::schema_of<Root>().find(entry.key) != nullptr; });
}

template <class Root>
bool nearly_roots_of(const Node& root) {
  std::vector<std::string_view> names;
  for (const config::Field& field : config::schema_of<Root>().fields) names.emplace_back(field.name);
  return std::any_of(root.children().begin(), root.children().end(),
                     [&](const Node::Entry& entry) { return config::nearest_name(entry.key, names).has_value(); });
}

// By the root options; a misspelt one counts when there is no right one.
Kind kind_of(const Node& root) {
  if (!root.is_map()) return Kind::unknown;
  if (root.find("services") != nullptr && root.find_ignoring_case("http") == nullptr) return Kind::compose;
  const std::ptrdiff_t of_static = roots_of<config::Static>(root);
  const std::ptrdiff_t of_dynamic = roots_of<config::Dynamic>(root);
  const bool core =
      root.find_ignoring_case("entryPoints") != nullptr || root.find_ignoring_case("providers") != nullptr;
  if (core || of_static > of_dynamic) return Kind::static_file;
  if (of_dynamic > 0) return Kind::dynamic_file;
  if (root.find("version") != nullptr || root.find("volumes") != nullptr) return Kind::compose;
  if (nearly_roots_of<config::Static>(root)) return Kind::static_file;
  return nearly_roots_of<config::Dynamic>(root) ? Kind::dynamic_file : Kind::unknown;
}

// The files a container sees, as they lie on the host.
class MountedFiles final : public config::FileReader {
 public:
  MountedFiles(const std::vector<ComposeMount>& mounts, std::map<std::string, std::string>& host_paths)
      : mounts_(mounts), host_paths_(host_paths) {}

  std::optional<std::string> read(const std::string& path, int& unreadable) const override {
    unreadable = 0;
    std::string host = host_path(path);
    if (host.empty()) return std::nullopt;
    std::optional<std::string> text = config::system_files().read(host, unreadable);
    if (text) host_paths_[path] = host;
    return text;
  }

  // Empty: no mount leads there.
  std::string host_path(const std::string& path) const {
    for (const ComposeMount& mount : mounts_) {
      if (path == mount.container) return mount.host;
      if (path.starts_with(mount.container + "/")) return mount.host + path.substr(mount.container.size());
    }
    return {};
  }

 private:
  const std::vector<ComposeMount>& mounts_;
  std::map<std::string, std::string>& host_paths_;
};

class Gatherer {
 public:
  Gatherer(const Request& request, const std::map<std::string, std::string>& environment)
      : request_(request), environment_(environment) {}

  Material gather() {
    std::vector<std::string> sources = request_.sources;
    if (!request_.static_flags.empty()) {
      for (const std::string& flag : request_.static_flags) material_.static_words.push_back({flag, {}});
      take_static(config::load_static(request_.static_flags, environment_, config::system_files()));
    }
    const bool as_run = sources.empty();
    if (as_run && !material_.static_known) {
      config::LoadedStatic loaded = config::load_static({}, environment_, config::system_files());
      if (loaded.source != config::StaticSource::defaults || config::has_errors(loaded.report)) {
        take_static(std::move(loaded));
      }
    }
    if (as_run) {
      for (const char* name : {"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"}) {
        if (!exists(name)) continue;
        sources.emplace_back(name);
        break;
      }
    }
    for (const std::string& source : sources) add_source(source);
    for (const ComposeFile& file : material_.compose_files) {
      for (const ComposeService& service : file.services) {
        if (service.is_router) static_of(file, service);
      }
    }
    provider_files(as_run);
    if (request_.engine) read_engine(material_);
    return std::move(material_);
  }

 private:
  void problem(Severity severity, std::string_view code, const std::string& path, std::string what, std::string effect,
               std::string fix) {
    material_.report.push_back(
        {severity, std::string(code), std::move(what), {path}, std::move(effect), std::move(fix)});
  }

  void take_static(config::LoadedStatic loaded) {
    if (!material_.static_known) {
      material_.loaded = std::move(loaded);
      material_.static_known = true;
      return;
    }
    // A second one is looked at on its own; the first says which entry points there are.
    material_.report.insert(material_.report.end(), loaded.report.begin(), loaded.report.end());
  }

  void add_source(const std::string& source) {
    if (!exists(source)) {
      unreadable(source, std::strerror(errno));
    } else if (is_directory(source)) {
      providers::file::Listing listing = providers::file::list_files(source);
      material_.report.insert(material_.report.end(), listing.report.begin(), listing.report.end());
      for (const std::string& path : listing.paths) add_file(path, false);
    } else {
      add_file(source, true);
    }
  }

  void unreadable(const std::string& path, const std::string& why) {
    problem(Severity::error, code::kUnreadable, path, fmt::format("cannot be read: {}", why), "it is not checked",
            "name a file or a directory that can be read");
    material_.unreadable = true;
  }

  void add_file(const std::string& path, bool named) {
    if (!seen_.insert(path).second) return;
    int error = 0;
    std::optional<std::string> text = config::system_files().read(path, error);
    if (!text) return unreadable(path, std::strerror(error));
    config::Report report;
    std::optional<Node> root = providers::file::is_toml(path) ? config::parse_toml(*text, path, report)
                                                              : config::parse_yaml(*text, path, report);
    if (!root && text->find("{{") != std::string::npos) {
      material_.dynamic_files.push_back(path);  // a template: only these are
      return;
    }
    if (!root) {
      material_.report.insert(material_.report.end(), report.begin(), report.end());
      return;
    }
    switch (kind_of(*root)) {
      case Kind::static_file:
        take_static(config::load_static({"--configFile=" + path}, environment_without_ours(), config::system_files()));
        return;
      case Kind::dynamic_file: material_.dynamic_files.push_back(path); return;
      case Kind::compose:
        material_.report.insert(material_.report.end(), report.begin(), report.end());
        material_.compose_files.push_back(read_compose(*root, path, environment_, next_id_));
        next_id_ += static_cast<unsigned>(material_.compose_files.back().services.size());
        return;
      case Kind::unknown: break;
    }
    if (root->is_null() && named) material_.dynamic_files.push_back(path);  // empty: its reader says so
    if (root->is_null() || !named) return;
    problem(Severity::error, code::kUnknownKind, path, "this is no static, dynamic or compose file",
            "it is not checked", "a compose file has services, a dynamic file http, tcp, udp or tls");
  }

  // The variables of this shell are not those of a file's process.
  std::map<std::string, std::string> environment_without_ours() const {
    std::map<std::string, std::string> others = environment_;
    std::erase_if(others, [](const auto& variable) {
      return variable.first.starts_with("TRAEFIK_") || variable.first.starts_with("SLUICE_");
    });
    return others;
  }

  // The static configuration of a router that a compose file starts.
  void static_of(const ComposeFile& file, const ComposeService& service) {
    std::vector<std::string> flags;
    for (const ComposeWord& word : service.command) {
      if (!flags.empty() || word.text.starts_with('-')) flags.push_back(word.text);
    }
    MountedFiles files(service.mounts, material_.host_paths);
    config::LoadedStatic loaded = config::load_static(flags, service.environment, files);
    if (loaded.source == config::StaticSource::defaults && loaded.report.empty()) return;
    if (!material_.static_known) {
      material_.static_words = service.command;
      material_.static_words_file = file.path;
      mounts_ = &service.mounts;
    }
    take_static(std::move(loaded));
  }

  // The files the static configuration's file provider reads. In a container's file system they are where the mounts
  // say; what is not mounted is somebody else's.
  void provider_files(bool as_run) {
    if (!material_.loaded.configuration || !material_.loaded.configuration->providers.file) return;
    const config::FileProvider& options = *material_.loaded.configuration->providers.file;
    std::string path = options.directory.empty() ? options.filename : options.directory;
    if (path.empty()) return;
    if (mounts_ != nullptr) {
      path = MountedFiles(*mounts_, material_.host_paths).host_path(path);
      if (path.empty() || !exists(path)) return;
    } else if (!exists(path) && !as_run) {
      return;
    }
    if (!exists(path)) return unreadable(path, std::strerror(errno));
    if (!is_directory(path)) {
      if (seen_.insert(path).second) material_.dynamic_files.push_back(path);
      return;
    }
    providers::file::Listing listing = providers::file::list_files(path);
    material_.report.insert(material_.report.end(), listing.report.begin(), listing.report.end());
    for (const std::string& one : listing.paths) {
      if (seen_.insert(one).second) material_.dynamic_files.push_back(one);
    }
  }

  const Request& request_;
  const std::map<std::string, std::string>& environment_;
  Material material_;
  std::set<std::string> seen_;
  unsigned next_id_ = 1;
  const std::vector<ComposeMount>* mounts_ = nullptr;  // of the router whose static configuration is used
};

}  // namespace

Material read_material(const Request& request, const std::map<std::string, std::string>& environment) {
  return Gatherer(request, environment).gather();
}

}  // namespace sluice::cmd::checking
