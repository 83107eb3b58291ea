// file_storage.h: a Storage in one file of one machine: acme.json.
//
// Several resolvers may share the file: they share this object. Everything that touches the disk is on the thread pool.
// A file that is there and cannot be read is never written: certificates that were in it may be all there is.
#pragma once

#include <string>

#include "acme/acme_json.h"
#include "acme/gate.h"
#include "acme/storage.h"
#include "async/file_watch.h"

namespace sluice::acme {

class FileStorage final : public Storage {
 public:
  // A relative path is below the working directory.
  explicit FileStorage(const std::string& path);

  Task<Outcome<ResolverData>> load(std::string resolver) override;
  Task<Step> save(std::string resolver, ResolverData data) override;
  Task<Step> probe() override;
  Task<Status> changed() override;

  Task<std::optional<Lease>> acquire(std::string key, Duration life) override;
  Task<Step> renew(Lease lease, Duration life) override;
  void release(const Lease& lease) override;
  Task<std::string> challenge(std::string host, std::string token) override;

  const std::string& path() const { return path_; }
  // The kind of file system it is on, when that does not outlive the container or the machine's next start:
  // "overlayfs", "tmpfs". Known after the first load.
  const std::string& passing() const { return passing_; }

 private:
  // What the disk said, on a pool thread.
  struct Read {
    std::string text;
    ReadStore store;
    std::string trouble;  // why it may not be used at all
    std::string passing;
  };
  Read read() const;
  Task<Step> refresh();
  Task<Step> try_out();

  std::string path_;
  std::string backup_;
  Gate one_at_a_time_{1};
  std::string text_;  // of the file, as we know it
  StoredResolvers resolvers_;
  std::string trouble_;
  std::string passing_;
  bool read_once_ = false;
  FileWatch watch_;
  bool watching_ = false;
  std::uint64_t leases_ = 0;
};

}  // namespace sluice::acme
