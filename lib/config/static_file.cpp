#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/file.h"
#include "base/text.h"
#include "config/dynamic.h"
#include "config/problem_codes.h"
#include "config/removed_options.h"
#include "config/schema.h"
#include "config/static_config.h"
#include "config/static_sources.h"
#include "config/toml.h"
#include "config/yaml.h"

namespace sluice::config {
namespace {

constexpr std::size_t kMostBytes = std::size_t{64} << 20;

class SystemFiles final : public FileReader {
 public:
  std::optional<std::string> read(const std::string& path, int& unreadable) const override {
    unreadable = 0;
    const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) {
      if (errno != ENOENT && errno != ENOTDIR) unreadable = errno;
      return std::nullopt;
    }
    Result<std::string> content = read_to_end(file.get(), kMostBytes);
    if (content) return *std::move(content);
    unreadable = content.error().sys;
    return std::nullopt;
  }
};

constexpr std::string_view kExtensions[] = {".toml", ".yaml", ".yml"};

std::string variable(const std::map<std::string, std::string>& environment, const char* name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

void fail(std::string_view code, const std::string& path, std::string what, std::string fix, Report& report) {
  report.push_back(
      {Severity::error, std::string(code), std::move(what), Source{path}, "Sluice does not start", std::move(fix)});
}

// Root options only: other keys may belong to other programs or to other versions, and Traefik passes over them.
Node known_roots(Node root, const std::string& path, Report& report) {
  Node known = Node::map();
  known.at(root.source_name(), root.line(), root.column());
  std::vector<std::string_view> names;
  for (const Field& field : schema_of<Static>().fields) names.emplace_back(field.name);
  for (Node::Entry& entry : root.children()) {
    if (schema_of<Static>().find(entry.key) != nullptr) {
      known.children().push_back(std::move(entry));
      continue;
    }
    const std::optional<std::string> nearest = nearest_name(entry.key, names);
    std::string fix = nearest ? "did you mean " + *nearest + '?' : "remove it";
    if (schema_of<Dynamic>().find(entry.key) != nullptr) {
      fix = "this is dynamic configuration: put it into a file of the file provider";
    }
    report.push_back({Severity::warning, std::string(code::kUnknownOption),
                      '"' + printable(entry.key, 200) + "\" is no root option", entry.source(), "it is ignored",
                      std::move(fix)});
  }
  if (known.children().empty()) {
    fail(code::kNoConfiguration, path, "no valid configuration found in the file",
         "write an option such as entryPoints", report);
  }
  return known;
}

}  // namespace

const FileReader& system_files() {
  static const SystemFiles files;
  return files;
}

StaticFile read_static_file(const std::optional<std::string>& config_file,
                            const std::map<std::string, std::string>& environment, const FileReader& files,
                            Report& report) {
  std::vector<std::string> candidates;
  const bool named = config_file && !config_file->empty();
  if (named) {
    candidates.push_back(*config_file);
  } else {
    for (const std::string& base :
         {std::string("/etc/traefik/traefik"), variable(environment, "XDG_CONFIG_HOME") + "/traefik",
          variable(environment, "HOME") + "/.config/traefik", std::string("./traefik")}) {
      for (const std::string_view extension : kExtensions) candidates.push_back(base + std::string(extension));
    }
  }

  StaticFile file;
  std::optional<std::string> content;
  for (const std::string& path : candidates) {
    int unreadable = 0;
    content = files.read(path, unreadable);
    if (unreadable != 0) {
      fail(code::kFileUnreadable, path, std::string("cannot be read: ") + std::strerror(unreadable),
           "make it readable for this process, or remove it", report);
    }
    if (content || unreadable != 0) {
      file.path = path;
      break;
    }
  }
  if (!content) {
    if (named && file.path.empty()) {
      file.path = *config_file;
      fail(code::kFileUnreadable, file.path, "there is no such file", "correct --configFile", report);
    }
    return file;
  }

  const std::size_t dot = file.path.rfind('.');
  const std::string extension = dot == std::string::npos ? std::string() : lowered(file.path.substr(dot));
  std::optional<Node> root;
  if (extension == ".toml") {
    root = parse_toml(*content, file.path, report);
  } else if (extension == ".yaml" || extension == ".yml" || extension == ".json") {
    root = parse_yaml(*content, file.path, report);
  } else {
    fail(code::kFileUnreadable, file.path, "the file is of no known kind", "name it .toml, .yaml, .yml or .json",
         report);
  }
  if (root && !root->is_map()) {
    fail(code::kNoConfiguration, file.path, "no configuration found in the file", "write an option such as entryPoints",
         report);
  } else if (root) {
    take_removed_options(*root, report);
    file.tree = known_roots(std::move(*root), file.path, report);
  }
  return file;
}

}  // namespace sluice::config
