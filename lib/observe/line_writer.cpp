#include "observe/line_writer.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <sys/stat.h>

#include <csignal>
#include <cstdio>
#include <ctime>
#include <utility>

namespace sluice::observe {
namespace {

// Rotated files nobody has written to for longer than the age; spdlog bounds their number only.
void remove_old(const LineWriter::Options& options) {
  for (std::size_t i = 1; i <= options.backups; ++i) {
    const std::string path = spdlog::sinks::rotating_file_sink_st::calc_filename(options.path, i);
    struct stat about;
    if (stat(path.c_str(), &about) != 0) continue;
    if (std::time(nullptr) - about.st_mtime > options.max_age / 1s) std::remove(path.c_str());
  }
}

}  // namespace

// A spdlog sink that gets whole blocks of lines. Its exceptions end here.
class LineWriter::Output {
 public:
  static std::unique_ptr<Output> open(const Options& options) {
    try {
      auto output = std::make_unique<Output>();
      if (options.path.empty()) {
        output->sink_ = std::make_unique<spdlog::sinks::stdout_sink_st>();
      } else if (options.rotate_at > 0) {
        output->sink_ =
            std::make_unique<spdlog::sinks::rotating_file_sink_st>(options.path, options.rotate_at, options.backups);
      } else {
        output->sink_ = std::make_unique<spdlog::sinks::basic_file_sink_st>(options.path);
      }
      output->sink_->set_formatter(
          std::make_unique<spdlog::pattern_formatter>("%v", spdlog::pattern_time_type::utc, std::string()));
      return output;
    } catch (const std::exception&) {
      return nullptr;
    }
  }

  // False when the block could not be written, whole or in part: the disk is full, the reader is gone.
  bool write(std::string_view lines) {
    try {
      sink_->log(spdlog::details::log_msg(spdlog::string_view_t(), spdlog::level::info,
                                          spdlog::string_view_t(lines.data(), lines.size())));
      sink_->flush();
      return true;
    } catch (const std::exception&) {
      return false;
    }
  }

 private:
  std::unique_ptr<spdlog::sinks::sink> sink_;
};

Result<std::unique_ptr<LineWriter>> LineWriter::open(Options options) {
  std::unique_ptr<Output> output = Output::open(options);
  if (output == nullptr) return Error::of(Code::not_found, "the log file cannot be opened for writing");
  return std::unique_ptr<LineWriter>(new LineWriter(std::move(options), std::move(output)));
}

LineWriter::LineWriter(Options options, std::unique_ptr<Output> output)
    : options_(std::move(options)), output_(std::move(output)) {
  // The new thread inherits the mask: signals go to the threads that wait for them.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

LineWriter::~LineWriter() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_writer_.notify_one();
  thread_.join();
}

void LineWriter::post(std::string_view line) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() + line.size() + 1 > options_.buffer) {
      dropped_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    waiting_.append(line);
    waiting_ += '\n';
  }
  wake_writer_.notify_one();
}

void LineWriter::reopen() {
  {
    const std::lock_guard lock(mutex_);
    reopen_ = true;
  }
  wake_writer_.notify_one();
}

bool LineWriter::flush(Duration timeout) {
  std::unique_lock lock(mutex_);
  return written_.wait_for(lock, timeout, [this] { return waiting_.empty() && !reopen_ && !busy_; });
}

void LineWriter::run() {
  std::string lines;
  Time next_look;
  std::unique_lock lock(mutex_);
  while (true) {
    wake_writer_.wait(lock, [this] { return stop_ || reopen_ || !waiting_.empty(); });
    if (stop_ && waiting_.empty()) break;
    lines.clear();
    lines.swap(waiting_);
    const bool reopen = std::exchange(reopen_, false);
    busy_ = true;
    lock.unlock();
    if (reopen) {
      if (std::unique_ptr<Output> fresh = Output::open(options_)) output_ = std::move(fresh);
    }
    if (!lines.empty() && !output_->write(lines)) dropped_.fetch_add(1, std::memory_order_relaxed);
    if (options_.max_age > 0s && Time::now() >= next_look) {
      remove_old(options_);
      next_look = Time::now() + 1h;
    }
    lock.lock();
    busy_ = false;
    written_.notify_all();
  }
}

}  // namespace sluice::observe
