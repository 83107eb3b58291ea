#include "providers/file/listing.h"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "providers/file/problem_codes.h"

namespace sluice::providers::file {

namespace {

bool ends_with_ignoring_case(std::string_view text, std::string_view end) {
  return text.size() > end.size() && iequals(text.substr(text.size() - end.size()), end);
}

class Lister {
 public:
  bool list(const std::string& directory, int depth) {
    struct stat st;
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(opendir(directory.c_str()), &closedir);
    if (entries == nullptr || stat(directory.c_str(), &st) != 0) {
      problem(code::kUnreadable, directory, fmt::format("the directory cannot be read: {}", std::strerror(errno)));
      return false;
    }
    if (!visited_.emplace(st.st_dev, st.st_ino).second) return true;
    if (depth > kMaxDepth) {
      problem(code::kTooMuch, directory, fmt::format("directories are nested more than {} deep", kMaxDepth));
      return true;
    }
    std::vector<std::string> names;
    while (const dirent* entry = readdir(entries.get())) {
      if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
    }
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) take(directory + (directory.ends_with('/') ? "" : "/") + name, depth);
    return true;
  }

  Listing listing;

 private:
  void take(const std::string& path, int depth) {
    struct stat st;
    const bool wanted = is_toml(path) || ends_with_ignoring_case(path, ".yaml") ||
                        ends_with_ignoring_case(path, ".yml") ||
                        // Certificates are often kept beside the configuration.
                        (ends_with_ignoring_case(path, ".json") && !path.ends_with("/acme.json"));
    if (stat(path.c_str(), &st) != 0) {
      if (wanted) problem(code::kUnreadable, path, fmt::format("the file cannot be read: {}", std::strerror(errno)));
    } else if (S_ISDIR(st.st_mode)) {
      list(path, depth + 1);
    } else if (wanted && listing.paths.size() < kMaxFiles) {
      listing.paths.push_back(path);
    } else if (wanted && !std::exchange(full_, true)) {
      problem(code::kTooMuch, path, fmt::format("there are more than {} files", kMaxFiles));
    }
  }

  void problem(std::string_view code, const std::string& where, std::string what) {
    listing.report.push_back({config::Severity::error,
                              std::string(code),
                              std::move(what),
                              {where},
                              "what is in there is not used",
                              "see to it that Sluice may read it"});
    if (code == code::kTooMuch) listing.report.back().fix = "keep configuration in a directory of its own";
  }

  std::set<std::pair<dev_t, ino_t>> visited_;
  bool full_ = false;
};

}  // namespace

Listing list_files(const std::string& directory) {
  Lister lister;
  lister.listing.found = lister.list(directory, 0);
  return std::move(lister.listing);
}

bool is_toml(std::string_view path) { return ends_with_ignoring_case(path, ".toml"); }

}  // namespace sluice::providers::file
