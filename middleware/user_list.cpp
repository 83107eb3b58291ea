#include "middleware/user_list.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "async/offload.h"
#include "base/text.h"
#include "http/chars.h"
#include "middleware/password_hash.h"
#include "observe/log.h"
#include "proxy/worker_local.h"

namespace sluice::middleware {
namespace {

bool is_md5_text(std::string_view text) {
  return text.size() == 32 && std::all_of(text.begin(), text.end(), [](char c) { return hex_digit(c) >= 0; });
}

// "name" or "name:realm" and the hash; false when the entry is none.
bool parse_entry(UserList::Kind kind, std::string_view entry, std::string& key, std::string& hash, std::string& error) {
  std::vector<std::string_view> parts = split(entry, ':');
  std::string name = printable(parts[0], 100);
  if (kind == UserList::Kind::password) {
    if (parts.size() != 2 || parts[0].empty() || parts[1].empty()) {
      error = fmt::format("the entry of user {} is not of the form name:hash", name);
    } else if (kind_of_hash(parts[1]) == HashKind::unknown) {
      error = fmt::format(
          "the password of user {} is not hashed in a way that is known: use htpasswd -B (in compose "
          "files with every $ doubled)",
          name);
    }
  } else if (parts.size() != 3 || parts[0].empty() || !is_md5_text(parts[2])) {
    error = fmt::format("the entry of user {} is not of the form name:realm:hash, as htdigest writes it", name);
  }
  if (error.empty() && !http::is_field_value(parts[0])) error = "a user's name has control characters";
  if (!error.empty()) return false;
  key = kind == UserList::Kind::password ? std::string(parts[0]) : fmt::format("{}:{}", parts[0], parts[1]);
  hash = parts.back();
  return true;
}

}  // namespace

std::shared_ptr<const UserList> UserList::make(Kind kind, const std::vector<std::string>& users,
                                               std::string_view file_text, std::string& error) {
  auto made = std::make_shared<UserList>();
  std::string key;
  std::string hash;
  for (std::string_view line : split(file_text, '\n')) {
    line = trim(line);
    if (line.empty() || line.starts_with('#')) continue;
    if (!parse_entry(kind, line, key, hash, error)) return nullptr;
    made->entries_.insert_or_assign(key, hash);
  }
  for (const std::string& user : users) {
    if (!parse_entry(kind, trim(user), key, hash, error)) return nullptr;
    made->entries_.insert_or_assign(key, hash);
  }
  if (made->entries_.empty()) {
    error = "it has no users: nobody could come in";
    return nullptr;
  }
  return made;
}

const std::string* UserList::find(std::string_view key) const {
  auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : &found->second;
}

UserSource::Read UserSource::read(const std::string& path, const std::string& known_stamp) {
  Read result;
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return result;
  result.readable = true;
  result.stamp = fmt::format("{}.{} {} {}", info.st_mtim.tv_sec, info.st_mtim.tv_nsec, info.st_size, info.st_ino);
  result.changed = result.stamp != known_stamp;
  if (!result.changed) return result;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  result.readable = file.good() || file.eof();
  result.text = text.str();
  return result;
}

std::unique_ptr<UserSource> UserSource::make(UserList::Kind kind, std::vector<std::string> users, std::string file,
                                             unsigned workers, std::string& error) {
  std::unique_ptr<UserSource> made(new UserSource);
  Read found;
  if (!file.empty()) {
    found = read(file, {});
    if (!found.readable) {
      error = fmt::format("the usersFile {} cannot be read", file);
      return nullptr;
    }
  }
  std::shared_ptr<const UserList> list = UserList::make(kind, users, found.text, error);
  if (list == nullptr) return nullptr;
  made->kind_ = kind;
  made->users_ = std::move(users);
  made->file_ = std::move(file);
  made->workers_.resize(workers);
  for (PerWorker& worker : made->workers_) {
    worker.list = list;
    worker.stamp = found.stamp;
  }
  return made;
}

Task<std::shared_ptr<const UserList>> UserSource::current() {
  PerWorker& worker = workers_[proxy::WorkerLocal::current().index()];
  Time now = Loop::current().now();
  if (file_.empty() || worker.looking || now < worker.next_look) co_return worker.list;
  worker.looking = true;
  auto call = offload([path = file_, stamp = worker.stamp] { return read(path, stamp); });
  Read found = co_await call;
  worker.looking = false;
  worker.next_look = now + kLook;
  if (!found.readable || !found.changed) co_return worker.list;
  worker.stamp = found.stamp;
  std::string error;
  std::shared_ptr<const UserList> list = UserList::make(kind_, users_, found.text, error);
  if (list != nullptr) {
    worker.list = std::move(list);
  } else {
    log::error("the usersFile has changed and cannot be used: the users it had before stay",
               {{"file", file_}, {log::field::kError, error}});
  }
  co_return worker.list;
}

}  // namespace sluice::middleware
