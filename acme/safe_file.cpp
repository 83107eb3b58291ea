#include "acme/safe_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/file.h"

namespace sluice::acme {
namespace {

constexpr std::size_t kMostBytes = std::size_t{64} << 20;
constexpr mode_t kPrivate = S_IRUSR | S_IWUSR;

Status write_all(int fd, const std::string& content) {
  std::size_t done = 0;
  while (done < content.size()) {
    const ssize_t wrote = ::pwrite(fd, content.data() + done, content.size() - done, static_cast<off_t>(done));
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return Error::system(errno, "write");
    done += static_cast<std::size_t>(wrote);
  }
  return {};
}

std::string directory_of(const std::string& path) {
  const std::string directory = std::filesystem::path(path).parent_path().string();
  return directory.empty() ? "." : directory;
}

Status flush_directory(const std::string& path) {
  Descriptor directory(::open(directory_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || ::fsync(directory.get()) != 0) return Error::system(errno, "fsync");
  return {};
}

std::string beside(const std::string& path) { return path + ".new"; }

// A whole new file at `path`, on disk.
Status write_new(const std::string& path, const std::string& content, const std::string& owner_like) {
  ::unlink(path.c_str());
  Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kPrivate));
  if (!file) return Error::system(errno, "open");
  struct stat about {};
  // It stays whose it was; where that is not ours to decide it becomes ours.
  if (::stat(owner_like.c_str(), &about) == 0 && (about.st_uid != geteuid() || about.st_gid != getegid())) {
    if (::fchown(file.get(), about.st_uid, about.st_gid) != 0 && about.st_uid != geteuid()) {
      ::unlink(path.c_str());
      return Error::system(EPERM, "chown");
    }
  }
  Status written = write_all(file.get(), content);
  if (written && ::fsync(file.get()) != 0) written = Error::system(errno, "fsync");
  if (!file.close() && written) written = Error::system(errno, "close");
  if (!written) ::unlink(path.c_str());
  return written;
}

bool cannot_rename(int error) {
  return error == EBUSY || error == EXDEV || error == EPERM || error == EACCES || error == EROFS;
}

Status write_in_place(const std::string& path, const std::string& content, const std::string& backup) {
  Result<std::string> old = read_file(path);
  if (old && !old->empty()) {
    Status kept = write_new(backup, *old, path);
    if (!kept && kept.error().sys == ENOSPC) return kept;
  }
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kPrivate));
  if (!file) return Error::system(errno, "open");
  const auto size = static_cast<off_t>(content.size());
  // A full disk is found out before a byte of the old content is gone.
  const int reserved = size == 0 ? 0 : ::posix_fallocate(file.get(), 0, size);
  if (reserved != 0 && reserved != EOPNOTSUPP && reserved != EINVAL) return Error::system(reserved, "fallocate");
  Status written = write_all(file.get(), content);
  if (written && (::ftruncate(file.get(), size) != 0 || ::fsync(file.get()) != 0)) {
    written = Error::system(errno, "fsync");
  }
  return written;
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return Error::system(errno, "open");
  return read_to_end(file.get(), kMostBytes);
}

Status replace_file(const std::string& path, const std::string& content, const std::string& backup) {
  // Through a symbolic link: the link stays, what it leads to is replaced.
  std::error_code ignored;
  std::filesystem::path real = std::filesystem::weakly_canonical(path, ignored);
  const std::string target = ignored ? path : real.string();
  Status written = write_new(beside(target), content, target);
  if (written && ::rename(beside(target).c_str(), target.c_str()) == 0) return flush_directory(target);
  const int error = written ? errno : written.error().sys;
  if (written) ::unlink(beside(target).c_str());
  if (!cannot_rename(error)) return written ? Error::system(error, "rename") : written;
  return write_in_place(target, content, backup);
}

Status probe_file(const std::string& path) {
  const std::string trial = path + ".probe";
  Status written = write_new(trial, "probe", path);
  if (written) {
    Result<std::string> back = read_file(trial);
    ::unlink(trial.c_str());
    if (!back || *back != "probe") return Error::of(Code::internal, "what was written is not what is read");
    return {};
  }
  if (!cannot_rename(written.error().sys)) return written;
  // The directory is not ours to write in; the file may be.
  Descriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!file) return Error::system(errno, "open");
  return {};
}

Status keep_private(const std::string& path) {
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0) return Error::system(errno, "stat");
  if ((about.st_mode & (S_IRWXG | S_IRWXO)) == 0) return {};
  if (::chmod(path.c_str(), kPrivate) != 0) return Error::system(errno, "chmod");
  // Some file systems say yes and change nothing.
  if (::stat(path.c_str(), &about) != 0 || (about.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return Error{Code::security, Origin::self, true, EPERM, "the mode cannot be changed"};
  }
  return {};
}

}  // namespace sluice::acme
