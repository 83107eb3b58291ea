// file_watch.h: tells that something changed at a set of paths: files, or directories with all that is below them.
//
// It sees what editors and orchestrators do: writing in place, renaming over, removing and making again (also whole
// directories), new sub-directories, and symbolic links that point elsewhere, anywhere on the way (Kubernetes swaps
// `..data`). Paths need not exist yet. It says that something changed, never what: read again, and compare.
//
// How. inotify on every directory of each path's resolved way, and on the whole tree of a path that is a directory.
// A file counts when its writer closes it, so that nobody reads half of it. Beside that, every `poll` (less often where
// there is much to look at) the files are looked at: a change without an event (a network file system, a file
// bind-mounted alone into a container, no inotify watches left) is told when two looks agree on it. libuv's file events
// are not used because they cannot tell the end of a write from its beginning.
//
// Belongs to one loop; looking at files happens on the thread pool. One task at a time waits in `changed`; the watch
// must outlive it.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "async/fd_watch.h"
#include "async/signal.h"
#include "async/task.h"
#include "base/result.h"
#include "base/time.h"

namespace sluice {

namespace async {

// What one look at the paths found. `directories` are keyed by inotify's watch descriptor.
struct FileScan {
  struct Watched {
    std::string path;
    bool everything = false;  // every entry counts, not only `names`
    std::set<std::string, std::less<>> names;
  };
  std::map<int, Watched> watched;
  std::map<std::string, std::uint64_t> stamps;  // a hash of what identifies each file's content
  bool complete = true;                         // false: there are not enough watches, or too many files
};

}  // namespace async

class FileWatch final : private FdWatch {
 public:
  // Looked at are at most this many files, this deep; beyond that a change may go unseen (`complete`).
  static constexpr std::size_t kMaxEntries = 10'000;
  static constexpr int kMaxDepth = 16;

  explicit FileWatch(std::vector<std::string> paths, Duration poll = 2s);
  ~FileWatch();

  // Begins to watch: no change after this is missed. Fails only when the scope is cancelled.
  Task<Status> start();
  // Returns when something changed since the last return, once for any number of changes; timed_out at the deadline,
  // or what the scope was cancelled with.
  Task<Status> changed(Deadline deadline = kNoDeadline);
  // From the end of a look that took this long to the next one. Looking takes at most the fiftieth part of the time;
  // where it is slow, as over a network, a larger one.
  static Duration rest_after(Duration look, Duration poll);
  // Makes `changed` return as if something had changed.
  void poke();
  // False when some of the files are watched by looking at them only.
  bool complete() const { return scan_.complete; }

 private:
  void on_ready(bool readable, bool writable) override;
  bool matters(const async::FileScan::Watched& watched, std::uint32_t mask, std::string_view name) const;
  Task<void> scan();
  bool settled_difference(const std::map<std::string, std::uint64_t>& stamps) const;

  std::vector<std::string> paths_;
  Duration poll_;
  int inotify_ = -1;
  async::FileScan scan_;
  std::map<std::string, std::uint64_t> told_;  // the stamps whose content our user knows of
  Signal signal_;
  Duration look_took_{};
  bool dirty_ = false;
  bool scanning_ = false;
};

}  // namespace sluice
