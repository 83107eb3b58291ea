#include "providers/file/provider.h"

#include <algorithm>
#include <utility>

#include "async/loop.h"
#include "async/offload.h"
#include "observe/log.h"
#include "providers/file/problem_codes.h"

namespace sluice::providers::file {

// However short pollInterval is: a look at many files takes a while.
static constexpr Duration kShortestPoll = 100ms;

std::unique_ptr<FileProvider> FileProvider::make(const config::FileProvider& options, config::Report& report,
                                                 Timing timing) {
  config::Problem problem{config::Severity::error, std::string(code::kOptions), "", {"providers.file"}, "", ""};
  if (options.filename.empty() && options.directory.empty()) {
    problem.what = "the file provider has neither a file nor a directory";
    problem.effect = "it is not started";
    problem.fix = "set providers.file.filename or providers.file.directory";
    report.push_back(std::move(problem));
    return nullptr;
  }
  if (!options.filename.empty() && !options.directory.empty()) {
    problem.severity = config::Severity::warning;
    problem.what = "both providers.file.filename and providers.file.directory are set";
    problem.effect = "the directory is used";
    problem.fix = "remove one of them";
    report.push_back(std::move(problem));
  }
  if (options.poll_interval != config::FileProvider().poll_interval) {
    timing.poll = std::max<Duration>(options.poll_interval, kShortestPoll);
  }
  return std::unique_ptr<FileProvider>(new FileProvider(options, timing));
}

FileProvider::FileProvider(const config::FileProvider& options, Timing timing)
    : path_(options.directory.empty() ? options.filename : options.directory),
      watched_(options.watch),
      timing_(timing),
      files_(options) {}

void FileProvider::reread() {
  reread_ = true;
  if (watch_ != nullptr) watch_->poke();
}

// Returns when there is reason to read again and nothing has changed for a moment. When an empty file is held, its
// turn is such a reason.
Task<Status> FileProvider::settled(FileWatch& watch, bool held) {
  const Deadline wait = held ? Loop::current().now() + timing_.hold_empty : kNoDeadline;
  Status changed = co_await watch.changed(wait);
  const Time cap = Loop::current().now() + timing_.longest;
  while (changed && Loop::current().now() < cap) {
    changed = co_await watch.changed(std::min(cap, Loop::current().now() + timing_.settle));
  }
  if (!changed && changed.error().code == Code::timed_out) co_return Status();
  co_return changed;
}

// Reads the files and says what is new. True when an empty file is held.
Task<bool> FileProvider::publish(control::FragmentSink& sink, FileSet::Empty empty) {
  const bool reread = std::exchange(reread_, false);
  const FileSet::Reading reading = reread ? FileSet::Reading::all : FileSet::Reading::changes;
  auto load = offload([this, reading, empty] { return files_.load(reading, empty); });
  FileSet::Loaded loaded = co_await load;
  const bool held = loaded.held;
  if (reread || loaded.configuration != published_.configuration || loaded.report != published_.report) {
    published_ = std::move(loaded);
    sink.publish({std::string(name()), published_.configuration, published_.report});
  }
  co_return held;
}

Task<void> FileProvider::run(control::FragmentSink& sink) {
  std::vector<std::string> paths;
  if (watched_) paths.push_back(path_);
  FileWatch watch(std::move(paths), watched_ ? timing_.poll : Duration::max());
  watch_ = &watch;
  Status alive = co_await watch.start();
  if (alive && watched_ && !watch.complete()) {
    log::warn("the kernel has no more file watches for us: changes are looked for every few seconds",
              {{log::field::kProvider, name()}, {"path", path_}});
  }
  FileSet::Empty empty = FileSet::Empty::accept;
  while (alive) {
    const bool held = co_await publish(sink, empty);
    const Time since = Loop::current().now();
    alive = co_await settled(watch, held);
    const bool waited = held && Loop::current().now() - since >= timing_.hold_empty;
    empty = waited ? FileSet::Empty::accept : FileSet::Empty::hold;
  }
  watch_ = nullptr;
}

}  // namespace sluice::providers::file
