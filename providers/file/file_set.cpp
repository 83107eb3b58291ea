#include "providers/file/file_set.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <set>
#include <string_view>

#include "base/file.h"
#include "base/text.h"
#include "observe/log.h"
#include "providers/file/document.h"
#include "providers/file/listing.h"
#include "providers/file/merge.h"
#include "providers/file/problem_codes.h"

namespace sluice::providers::file {

namespace {

constexpr const char* kLastGood = "its last good content stays in force";
constexpr const char* kNothing = "nothing of the file is used";

// The whole text of a file; nothing, and `problem` set, when there is none to be had. Never waits on a pipe or device.
std::optional<std::string> read_text(const std::string& path, config::Problem& problem) {
  problem = {
      config::Severity::error, std::string(code::kUnreadable), "", {path}, "", "see to it that Sluice may read it"};
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat st {};
  if (!file || fstat(file.get(), &st) != 0) {
    problem.what = fmt::format("the file cannot be read: {}", std::strerror(errno));
    return std::nullopt;
  }
  if (!S_ISREG(st.st_mode)) {
    problem.what = "this is not a regular file";
    problem.fix = "put a file there";
    return std::nullopt;
  }
  Result<std::string> text = read_to_end(file.get(), kMaxFileSize);
  if (text) return *std::move(text);
  problem.what = fmt::format("the file cannot be read: {}", std::strerror(text.error().sys));
  if (text.error().code == Code::too_large) {
    problem.code = code::kTooMuch;
    problem.what = fmt::format("the file is larger than {} MiB", kMaxFileSize >> 20);
    problem.fix = "split it";
  }
  return std::nullopt;
}

}  // namespace

FileSet::Loaded FileSet::load(Reading reading, Empty empty) {
  Loaded loaded;
  list(loaded.report);
  for (const std::string& path : paths_) load_file(path, reading, empty, loaded);
  return loaded;
}

// Which files there are. A directory that is gone for the moment keeps those it had.
void FileSet::list(config::Report& report) {
  if (options_.directory.empty()) {
    paths_ = {options_.filename};
    warn_if_mounted_alone(report);
    return;
  }
  Listing listing = list_files(options_.directory);
  report = std::move(listing.report);
  if (!listing.found) {
    if (!known_.empty()) report.back().effect = "the last good content of its files stays in force";
    return;
  }
  paths_ = std::move(listing.paths);
  const std::set<std::string_view> found(paths_.begin(), paths_.end());
  std::erase_if(known_, [&](const auto& entry) { return !found.contains(entry.first); });
}

void FileSet::load_file(const std::string& path, Reading reading, Empty empty, Loaded& loaded) {
  Known& known = known_[path];
  config::Problem problem;
  std::optional<std::string> text = read_text(path, problem);
  if (!text) {
    problem.effect = known.has_good ? kLastGood : kNothing;
    loaded.report.push_back(std::move(problem));
  } else if (trim(*text).empty() && empty == Empty::hold && !(known.read && trim(known.text).empty())) {
    loaded.held = true;
  } else if (!known.read || reading == Reading::all || *text != known.text) {
    Document document = read_document(*text, path);
    if (document.rendered && options_.debug_log_generated_template) {
      log::debug("template rendered", {{log::field::kProvider, "file"}, {"file", path}, {"text", *document.rendered}});
    }
    known.report = std::move(document.report);
    if (document.configuration) {
      known.good = std::move(*document.configuration);
      known.has_good = true;
    } else {
      for (config::Problem& wrong : known.report) wrong.effect = known.has_good ? kLastGood : kNothing;
    }
    if (trim(*text).empty()) {
      known.report.push_back({config::Severity::warning,
                              std::string(code::kEmpty),
                              "the file is empty",
                              {path},
                              "it defines nothing",
                              "remove it, or write its configuration"});
    }
    known.text = std::move(*text);
    known.read = true;
  }
  loaded.report.insert(loaded.report.end(), known.report.begin(), known.report.end());
  const config::Severity severity = options_.strict ? config::Severity::error : config::Severity::warning;
  if (known.has_good) merge(known.good, loaded.configuration, severity, loaded.report);
}

// A container that has the file alone bind-mounted keeps the old file when an editor on the host puts a new one in its
// place.
void FileSet::warn_if_mounted_alone(config::Report& report) const {
  struct statx about {};
  if (statx(AT_FDCWD, options_.filename.c_str(), 0, STATX_TYPE, &about) != 0) return;
  if ((about.stx_attributes_mask & about.stx_attributes & STATX_ATTR_MOUNT_ROOT) == 0 || !S_ISREG(about.stx_mode)) {
    return;
  }
  report.push_back({config::Severity::warning,
                    std::string(code::kMountedAlone),
                    "the file is mounted on its own",
                    {options_.filename},
                    "a file that replaces it outside the container is not seen",
                    "mount its directory and use providers.file.directory"});
}

}  // namespace sluice::providers::file
