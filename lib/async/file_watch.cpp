#include "async/file_watch.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstring>
#include <deque>
#include <memory>
#include <string_view>
#include <utility>

#include "async/offload.h"
#include "base/text.h"

namespace sluice {

namespace {

// IN_MODIFY is left out on purpose: it comes between the truncation of a file and its new content.
constexpr std::uint32_t kEvents =
    IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;
constexpr int kMaxLinks = 40;  // as Linux
constexpr int kMostOften = 50;
constexpr Duration kMostRest = 10s;

std::string joined(const std::string& directory, std::string_view name) {
  return directory == "/" ? "/" + std::string(name) : directory + "/" + std::string(name);
}

bool hidden(std::string_view name) { return name.starts_with('.'); }

// One look: follows every path, sets a watch before it looks behind it, and takes down what it saw. Runs on a thread of
// the pool.
class Scanner {
 public:
  explicit Scanner(int inotify) : inotify_(inotify) {}

  async::FileScan run(const std::vector<std::string>& paths) {
    scan_.complete = inotify_ >= 0;
    for (const std::string& path : paths) follow(path, 0);
    return std::move(scan_);
  }

 private:
  using Identity = std::pair<dev_t, ino_t>;

  void watch(const std::string& path, const std::string& name, bool everything, std::uint32_t only_directories) {
    if (inotify_ < 0) return;
    const auto [known, added] = watches_.try_emplace(path, -1);
    if (added) known->second = inotify_add_watch(inotify_, path.c_str(), kEvents | only_directories);
    const int wd = known->second;
    if (wd < 0) {
      if (added && (errno == ENOSPC || errno == ENOMEM)) scan_.complete = false;
      return;
    }
    async::FileScan::Watched& watched = scan_.watched[wd];
    watched.path = path;
    watched.everything = watched.everything || everything;
    if (!name.empty()) watched.names.insert(name);
  }

  void stamp(const std::string& path, const struct stat& st) {
    const std::array<std::uint64_t, 6> parts{st.st_dev,
                                             st.st_ino,
                                             st.st_mode,
                                             static_cast<std::uint64_t>(st.st_size),
                                             static_cast<std::uint64_t>(st.st_mtim.tv_sec),
                                             static_cast<std::uint64_t>(st.st_mtim.tv_nsec)};
    scan_.stamps[path] = TextHash{}({reinterpret_cast<const char*>(parts.data()), sizeof parts});
  }

  bool one_more() {
    if (++entries_ <= FileWatch::kMaxEntries) return true;
    scan_.complete = false;
    return false;
  }

  // Resolves `path` name by name, so that every link on the way is seen.
  void follow(const std::string& path, int depth) {
    std::string directory = "/";
    if (!path.starts_with('/')) {
      const std::unique_ptr<char, decltype(&std::free)> here(realpath(".", nullptr), &std::free);
      if (here != nullptr) directory = here.get();
    }
    std::deque<std::string> names;
    for (std::string_view name : split(path, '/')) names.emplace_back(name);
    // Of many files in one directory only the first one's way is walked.
    const std::string parent = path.substr(0, path.rfind('/') + 1);
    if (const auto known = resolved_.find(parent); known != resolved_.end()) {
      directory = known->second;
      names.erase(names.begin(), std::prev(names.end()));
    }
    int links = 0;
    while (!names.empty()) {
      const std::string name = std::move(names.front());
      names.pop_front();
      if (names.empty() && !parent.empty()) resolved_.emplace(parent, directory);
      if (name.empty() || name == ".") continue;
      if (name == "..") {
        directory.erase(std::max<std::size_t>(directory.rfind('/'), 1));
        continue;
      }
      watch(directory, name, false, IN_ONLYDIR);
      const std::string full = joined(directory, name);
      struct stat st;
      if (lstat(full.c_str(), &st) != 0) return;
      if (S_ISLNK(st.st_mode)) {
        char target[PATH_MAX];
        const ssize_t length = readlink(full.c_str(), target, sizeof target);
        if (length <= 0 || ++links > kMaxLinks) return;
        stamp(full, st);
        const std::string_view text(target, static_cast<std::size_t>(length));
        if (text.starts_with('/')) directory = "/";
        std::size_t at = 0;
        for (std::string_view part : split(text, '/'))
          names.emplace(names.begin() + static_cast<std::ptrdiff_t>(at++), part);
        continue;
      }
      if (S_ISDIR(st.st_mode)) {
        directory = full;
        continue;
      }
      // The file itself too: one that is bind-mounted alone has its events on the inode, not in our directory.
      watch(full, "", true, 0);
      stamp(full, st);
      return;
    }
    tree(directory, depth);
  }

  void tree(const std::string& directory, int depth) {
    struct stat st;
    if (stat(directory.c_str(), &st) != 0 || !S_ISDIR(st.st_mode)) return;
    if (depth > FileWatch::kMaxDepth) {
      scan_.complete = false;
      return;
    }
    if (!visited_.insert(Identity(st.st_dev, st.st_ino)).second) return;  // links may go round in circles
    watch(directory, "", true, IN_ONLYDIR);
    const std::unique_ptr<DIR, int (*)(DIR*)> listing(opendir(directory.c_str()), &closedir);
    if (listing == nullptr) return;
    while (const dirent* entry = readdir(listing.get())) {
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      if (!one_more()) return;
      const std::string full = joined(directory, name);
      if (lstat(full.c_str(), &st) != 0) continue;
      if (S_ISDIR(st.st_mode)) {
        if (!hidden(name)) tree(full, depth + 1);
      } else {
        stamp(full, st);
        if (S_ISLNK(st.st_mode) && !hidden(name)) follow(full, depth + 1);
      }
    }
  }

  int inotify_;
  async::FileScan scan_;
  std::set<Identity> visited_;
  std::map<std::string, int> watches_;           // by path
  std::map<std::string, std::string> resolved_;  // directories as written, with the slash, to what they are
  std::size_t entries_ = 0;
};

}  // namespace

FileWatch::FileWatch(std::vector<std::string> paths, Duration poll)
    : paths_(std::move(paths)), poll_(poll), inotify_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  if (inotify_ >= 0 && !FdWatch::start(inotify_, true, false)) close(std::exchange(inotify_, -1));
}

FileWatch::~FileWatch() {
  FdWatch::stop();
  if (inotify_ >= 0) close(inotify_);
}

void FileWatch::poke() {
  dirty_ = true;
  signal_.notify_all();
}

Task<void> FileWatch::scan() {
  scanning_ = true;
  const Time began = Loop::current().now();
  auto look = offload([this] { return Scanner(inotify_).run(paths_); });
  async::FileScan fresh = co_await look;
  look_took_ = Loop::current().now() - began;
  scanning_ = false;
  for (const auto& [wd, watched] : scan_.watched) {
    if (!fresh.watched.contains(wd)) inotify_rm_watch(inotify_, wd);
  }
  scan_ = std::move(fresh);
}

Task<Status> FileWatch::start() {
  co_await scan();
  told_ = scan_.stamps;
  dirty_ = false;
  const Scope* scope = co_await current_scope();
  if (scope != nullptr && scope->cancelled()) co_return scope->reason();
  co_return Status();
}

// Whether a file now is what it was at the last look, but not what our user knows. A file that is being written to
// differs from look to look and has to wait.
bool FileWatch::settled_difference(const std::map<std::string, std::uint64_t>& before) const {
  for (const auto& [path, stamp] : scan_.stamps) {
    const auto last = before.find(path);
    const auto known = told_.find(path);
    const bool differs = known == told_.end() || known->second != stamp;
    if (differs && last != before.end() && last->second == stamp) return true;
  }
  for (const auto& [path, stamp] : told_) {
    if (!scan_.stamps.contains(path) && !before.contains(path)) return true;
  }
  return false;
}

Duration FileWatch::rest_after(Duration look, Duration poll) {
  return std::max(poll, std::min<Duration>(kMostOften * look, kMostRest + look));
}

Task<Status> FileWatch::changed(Deadline deadline) {
  while (true) {
    const Time look = Loop::current().now() + rest_after(look_took_, poll_);
    while (!dirty_) {
      Status waited = co_await signal_.wait(std::min(deadline, look));
      if (!waited && waited.error().code != Code::timed_out) co_return waited;
      if (!waited) break;
    }
    const bool event = std::exchange(dirty_, false);
    if (!event && deadline <= look) co_return Error::of(Code::timed_out, "nothing changed");
    const std::map<std::string, std::uint64_t> before = scan_.stamps;
    co_await scan();
    if (!event && !settled_difference(before)) continue;
    told_ = scan_.stamps;
    co_return Status();
  }
}

bool FileWatch::matters(const async::FileScan::Watched& watched, std::uint32_t mask, std::string_view name) const {
  if (!watched.everything && !name.empty() && !watched.names.contains(name)) return false;
  if ((mask & IN_CREATE) == 0 || (mask & IN_ISDIR) != 0) return true;
  // A new plain file says so again when its writer closes it; a new link, symbolic or hard, has nothing to add.
  struct stat st;
  if (lstat(joined(watched.path, name).c_str(), &st) != 0) return false;
  return !S_ISREG(st.st_mode) || st.st_nlink > 1;
}

void FileWatch::on_ready(bool, bool) {
  alignas(inotify_event) char buffer[16 * 1024];
  while (true) {
    const ssize_t size = read(inotify_, buffer, sizeof buffer);
    if (size <= 0) break;
    for (ssize_t at = 0; at < size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
      const auto watched = scan_.watched.find(event->wd);
      const std::string_view name = event->len > 0 ? std::string_view(event->name) : std::string_view();
      if ((event->mask & IN_Q_OVERFLOW) != 0) {
        dirty_ = true;
      } else if ((event->mask & IN_IGNORED) != 0) {
        continue;
      } else if (watched == scan_.watched.end()) {
        dirty_ = dirty_ || scanning_;  // from a watch the running look has just set
      } else if (!dirty_) {
        dirty_ = matters(watched->second, event->mask, name);
      }
    }
  }
  if (dirty_) signal_.notify_all();
}

}  // namespace sluice
