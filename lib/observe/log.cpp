#include "observe/log.h"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "base/text.h"
#include "observe/line_writer.h"
#include "observe/log_format.h"

namespace sluice::log {

namespace {

constexpr std::array<std::string_view, 7> kNames{"trace", "debug", "info", "warn", "error", "fatal", "panic"};

struct Log {
  std::unique_ptr<observe::LineWriter> writer;  // null: standard error
  Format format = Format::common;
  bool color = false;
};

// Never destroyed: threads may log while the process exits.
Log& the_log() {
  static Log* const log = new Log;
  return *log;
}

void append(std::string& line, const Log& log, Level level, std::string_view message, Fields fields) {
  const WallTime now = std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
  if (log.format == Format::json) {
    append_json(line, now, level, message, fields);
  } else {
    append_common(line, now, level, message, fields, log.color);
  }
}

}  // namespace

constinit std::atomic<Level> threshold{Level::error};

std::optional<Level> parse_level(std::string_view name) {
  if (iequals(name, "warning")) return Level::warn;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (iequals(name, kNames[i])) return static_cast<Level>(i);
  }
  return std::nullopt;
}

std::string_view to_string(Level level) { return kNames[static_cast<std::size_t>(level)]; }

Status open(const Settings& settings) {
  constexpr std::size_t kMiB = std::size_t{1} << 20;
  observe::LineWriter::Options options;
  options.path = settings.file_path;
  if (settings.max_size_mib > 0) options.rotate_at = static_cast<std::size_t>(settings.max_size_mib) * kMiB;
  if (settings.max_backups > 0) options.backups = static_cast<std::size_t>(settings.max_backups);
  if (settings.max_age_days > 0) options.max_age = settings.max_age_days * 24h;
  Result<std::unique_ptr<observe::LineWriter>> writer = observe::LineWriter::open(std::move(options));
  if (!writer) return writer.error();
  Log& log = the_log();
  log.writer = std::move(*writer);
  log.format = settings.format;
  // https://no-color.org
  const char* no_color = std::getenv("NO_COLOR");
  log.color = settings.color == Color::automatic && settings.file_path.empty() && isatty(STDOUT_FILENO) == 1 &&
              (no_color == nullptr || *no_color == '\0');
  set_level(settings.level);
  return {};
}

void close() { the_log() = Log{}; }

void reopen() {
  if (the_log().writer != nullptr) the_log().writer->reopen();
}

void flush() {
  if (the_log().writer != nullptr) the_log().writer->flush(1s);
}

void set_level(Level level) { threshold.store(level, std::memory_order_relaxed); }

void write(Level level, std::string_view message, Fields fields) {
  Log& log = the_log();
  std::string line;
  append(line, log, level, message, fields);
  if (log.writer == nullptr) {
    line += '\n';
    std::fwrite(line.data(), 1, line.size(), stderr);
    return;
  }
  if (const std::uint64_t dropped = log.writer->take_dropped(); dropped > 0) {
    std::string notice;
    append(notice, log, Level::warn, "log lines were lost: they cannot be written fast enough", {{"lines", dropped}});
    log.writer->post(notice);
  }
  log.writer->post(line);
}

}  // namespace sluice::log
