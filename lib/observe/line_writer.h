// line_writer.h: a file or standard output, a bounded buffer, and the one thread that writes from one to the other.
//
// `post` may be called by any thread and never waits for the disk or the terminal: a line that finds the buffer full is
// dropped and counted. The writer thread takes no signals. Destroying the writer writes out what it holds.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "base/result.h"
#include "base/time.h"

namespace sluice::observe {

class LineWriter {
 public:
  struct Options {
    std::string path;                           // empty: standard output
    std::size_t rotate_at = 0;                  // bytes of the file; 0: never
    std::size_t backups = 1;                    // rotated files to keep: out.1.log is the newest of out.log
    Duration max_age{0};                        // rotated files last written longer ago are removed; 0: none
    std::size_t buffer = std::size_t{4} << 20;  // bytes of lines waiting to be written
  };

  // Fails when the file cannot be opened; missing directories are made.
  static Result<std::unique_ptr<LineWriter>> open(Options options);
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;
  ~LineWriter();

  // `line` without its line end.
  void post(std::string_view line);
  // The number of lines dropped since the last call.
  std::uint64_t take_dropped() { return dropped_.exchange(0, std::memory_order_relaxed); }
  // Closes the file and opens its path again. Takes effect before the lines posted afterwards are written. When it
  // cannot be opened, writing goes on into the old file.
  void reopen();
  // True when everything posted before has been written; false after `timeout`.
  bool flush(Duration timeout);

 private:
  class Output;

  LineWriter(Options options, std::unique_ptr<Output> output);
  void run();

  const Options options_;
  std::unique_ptr<Output> output_;  // the writer thread's
  std::mutex mutex_;
  std::condition_variable wake_writer_;
  std::condition_variable written_;
  std::string waiting_;
  bool reopen_ = false;
  bool stop_ = false;
  bool busy_ = false;
  std::atomic<std::uint64_t> dropped_{0};
  std::thread thread_;
};

}  // namespace sluice::observe
