// user_list.h: the users and usersFile options of basicAuth and digestAuth: who may come in.
//
// A UserList is immutable. UserSource is shared by all workers and keeps a list for each of them: while requests come,
// every worker looks at the file once a second, on the thread pool, and reads it again when it has changed. A file that
// can no longer be used leaves the last good list in force and is logged.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "async/task.h"
#include "base/time.h"

namespace sluice::middleware {

class UserList {
 public:
  enum class Kind {
    password,  // name:hash
    digest,    // name:realm:hash
  };
  // Lines of the file first; `users` take the place of entries with the same name. Empty lines and lines that begin
  // with '#' do not count. Null when an entry cannot be used or there is none; `error` says why, without the hash.
  static std::shared_ptr<const UserList> make(Kind kind, const std::vector<std::string>& users,
                                              std::string_view file_text, std::string& error);

  // The hash of a user, by its name or "name:realm"; null when there is no such user.
  const std::string* find(std::string_view key) const;
  // Some user's hash: an unknown user is checked against it, which takes as long as for a known one.
  const std::string& any() const { return entries_.begin()->second; }

 private:
  std::map<std::string, std::string, std::less<>> entries_;
};

class UserSource {
 public:
  // Null when there are no usable users; `error` says why.
  static std::unique_ptr<UserSource> make(UserList::Kind kind, std::vector<std::string> users, std::string file,
                                          unsigned workers, std::string& error);

  // The list in force, for the worker that asks.
  Task<std::shared_ptr<const UserList>> current();

 private:
  struct Read {  // what a look at the file found
    std::string stamp;
    std::string text;
    bool changed = false;
    bool readable = false;
  };
  struct alignas(64) PerWorker {
    std::shared_ptr<const UserList> list;
    std::string stamp;
    Time next_look;
    bool looking = false;
  };
  static constexpr Duration kLook = 1s;

  UserSource() = default;
  static Read read(const std::string& path, const std::string& known_stamp);

  UserList::Kind kind_ = UserList::Kind::password;
  std::vector<std::string> users_;
  std::string file_;
  std::vector<PerWorker> workers_;
};

}  // namespace sluice::middleware
