// provider.h: the file provider: one file, or a directory of them, as dynamic configuration.
//
// Lives on the control loop; files are read on the thread pool. Its task ends only when its scope is cancelled.
#pragma once

#include <memory>
#include <string_view>

#include "async/file_watch.h"
#include "base/time.h"
#include "config/problem.h"
#include "config/static_providers.h"
#include "control/provider.h"
#include "providers/file/file_set.h"

namespace sluice::providers::file {

// How long the provider waits for what.
struct Timing {
  Duration settle = 30ms;    // without another change, before files are read
  Duration longest = 500ms;  // however many changes there are
  Duration hold_empty = 1s;  // before a file that has become empty is believed
  Duration poll = 2s;        // between looks at files that give no events
};

class FileProvider final : public control::Provider {
 public:
  // Null when neither a file nor a directory is given; the report says so.
  static std::unique_ptr<FileProvider> make(const config::FileProvider& options, config::Report& report,
                                            Timing timing = {});

  std::string_view name() const override { return "file"; }
  // Publishes when what the files say, or what is wrong with them, has changed.
  Task<void> run(control::FragmentSink& sink) override;
  // Reads every file again, and publishes even if all is the same: certificates they point to may be new (SIGHUP).
  void reread() override;

 private:
  FileProvider(const config::FileProvider& options, Timing timing);

  Task<Status> settled(FileWatch& watch, bool held);
  Task<bool> publish(control::FragmentSink& sink, FileSet::Empty empty);

  std::string path_;
  bool watched_;
  Timing timing_;
  FileSet files_;
  FileWatch* watch_ = nullptr;  // of the running task
  bool reread_ = true;          // also the first time
  FileSet::Loaded published_;
};

}  // namespace sluice::providers::file
