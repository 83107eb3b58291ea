#include "acme/file_storage.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "acme/safe_file.h"
#include "async/offload.h"
#include "observe/log.h"

namespace sluice::acme {
namespace {

std::string reason(const Error& error) {
  std::string text(error.text);
  if (error.sys != 0) text += ": " + std::generic_category().message(error.sys);
  return text;
}

// Of a file system that is gone with its container, or with the machine's memory.
std::string passing_kind(const std::string& path) {
  struct statfs about {};
  if (::statfs(path.c_str(), &about) != 0) return {};
  switch (about.f_type) {
    case OVERLAYFS_SUPER_MAGIC: return "overlayfs";
    case TMPFS_MAGIC:
    case RAMFS_MAGIC: return "tmpfs";
    default: return {};
  }
}

std::vector<std::string> only(const std::string& path) { return {path}; }

}  // namespace

FileStorage::FileStorage(const std::string& path)
    : path_(std::filesystem::absolute(path).lexically_normal().string()),
      backup_(path_ + ".backup"),
      watch_(only(path_)) {}

FileStorage::Read FileStorage::read() const {
  Read read;
  // Of its directory, while there is no file.
  read.passing =
      passing_kind(::access(path_.c_str(), F_OK) == 0 ? path_ : std::filesystem::path(path_).parent_path().string());
  struct stat about {};
  if (::stat(path_.c_str(), &about) == 0 && S_ISDIR(about.st_mode)) {
    read.trouble = path_ + " is a directory (a mount of a file that was not there makes one); name a file";
    return read;
  }
  Result<std::string> text = read_file(path_);
  if (!text && text.error().sys == ENOENT) {
    // A crash while it was written in place cannot remove it: there was none.
    Status made = replace_file(path_, "", backup_);
    if (!made) read.trouble = path_ + " cannot be made: " + reason(made.error());
    return read;
  }
  if (!text) {
    read.trouble = path_ + " cannot be read: " + reason(text.error());
    return read;
  }
  Status closed = keep_private(path_);
  if (!closed) {
    read.trouble = "permissions of " + path_ + " are too open, please use 600 (" + reason(closed.error()) + ")";
    return read;
  }
  read.text = *std::move(text);
  if (read_once_ && trouble_.empty() && read.text == text_) {
    read.store.resolvers = resolvers_;
    return read;
  }
  read.store = read_store(read.text);
  if (read.store.error.empty()) return read;
  // Cut short while it was written in place: what was there before is in the backup.
  Result<std::string> before = read_file(backup_);
  ReadStore older = before ? read_store(*before) : ReadStore();
  if (!before || before->empty() || !older.error.empty()) {
    read.trouble = path_ + " cannot be understood and is left as it is: " + read.store.error;
    return read;
  }
  Status restored = replace_file(path_, *before, backup_ + ".old");
  if (!restored) {
    read.trouble =
        path_ + " cannot be understood, and its backup cannot be put in its place: " + reason(restored.error());
    return read;
  }
  read.text = *std::move(before);
  read.store = std::move(older);
  return read;
}

Task<Step> FileStorage::refresh() {
  auto reading = offload([this] { return read(); });
  Read now = co_await reading;
  passing_ = std::move(now.passing);
  read_once_ = true;
  trouble_ = now.trouble;
  if (!trouble_.empty()) co_return Failure::local(trouble_);
  text_ = std::move(now.text);
  resolvers_ = std::move(now.store.resolvers);
  co_return Done{};
}

Task<Outcome<ResolverData>> FileStorage::load(std::string resolver) {
  Status entered = co_await one_at_a_time_.enter();
  if (!entered) co_return Failure::of(entered.error(), {});
  Step read = co_await refresh();
  one_at_a_time_.leave();
  if (!read) co_return read.failure();
  auto found = resolvers_.find(resolver);
  if (found == resolvers_.end()) co_return ResolverData();
  co_return found->second;
}

Task<Step> FileStorage::save(std::string resolver, ResolverData data) {
  Status entered = co_await one_at_a_time_.enter();
  if (!entered) co_return Failure::of(entered.error(), {});
  // Somebody else may have written since: a dumper's restore, an operator, another resolver's owner.
  Step read = co_await refresh();
  if (!read) {
    one_at_a_time_.leave();
    co_return read;
  }
  StoredResolvers all = resolvers_;
  all[resolver] = std::move(data);
  std::string text;
  auto writing = offload([&] {
    text = write_store(all);
    return text == text_ ? Status() : replace_file(path_, text, backup_);
  });
  Status written = co_await writing;
  if (written) {
    text_ = std::move(text);
    resolvers_ = std::move(all);
  }
  one_at_a_time_.leave();
  if (!written) co_return Failure::local(path_ + " cannot be written: " + reason(written.error()));
  co_return Done{};
}

Task<Step> FileStorage::probe() {
  // One at a time: resolvers that share a file try it at the same moment.
  Status entered = co_await one_at_a_time_.enter();
  if (!entered) co_return Failure::of(entered.error(), {});
  Step good = co_await try_out();
  one_at_a_time_.leave();
  co_return good;
}

Task<Step> FileStorage::try_out() {
  if (!read_once_ || !trouble_.empty()) {
    Step read = co_await refresh();
    if (!read) co_return read;
  }
  auto probing = offload([this] { return probe_file(path_); });
  Status good = co_await probing;
  if (!good) co_return Failure::local(path_ + " could not be written: " + reason(good.error()));
  co_return Done{};
}

Task<Status> FileStorage::changed() {
  for (;;) {
    Status changed;
    if (watching_) {
      changed = co_await watch_.changed();
    } else {
      // What happened before the watch began is found by looking.
      changed = co_await watch_.start();
      watching_ = true;
    }
    if (!changed) co_return changed;
    // A save of our own is waited for: what it writes is no change by somebody else.
    Status entered = co_await one_at_a_time_.enter();
    if (!entered) co_return entered;
    auto reading = offload([this] { return read_file(path_); });
    Result<std::string> now = co_await reading;
    one_at_a_time_.leave();
    if (now && *now != text_) co_return Status();
  }
}

Task<std::optional<Storage::Lease>> FileStorage::acquire(std::string key, Duration) {
  co_return Lease{std::move(key), ++leases_};
}

Task<Step> FileStorage::renew(Lease, Duration) { co_return Done{}; }

void FileStorage::release(const Lease&) {}

Task<std::string> FileStorage::challenge(std::string, std::string) { co_return std::string(); }

}  // namespace sluice::acme
