// log.h: the program log: levels and field names as Traefik has them, one line per event, common or JSON.
//
//   log::error("cannot reach the server", {{log::field::kService, name}, {log::field::kError, error}});
//
// Any thread may log at any time. A line below the level costs one load. A written one is formatted by the caller and
// handed to the one thread that writes (line_writer.h), so a blocked terminal or disk never holds up a worker; when
// that thread cannot keep up, lines are dropped and counted. Before `open` lines go straight to standard error.
#pragma once

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace sluice::log {

enum class Level : std::uint8_t { trace, debug, info, warn, error, fatal, panic };

// In any case: "TRACE" to "PANIC", also "warning". Nothing for other words.
std::optional<Level> parse_level(std::string_view name);
std::string_view to_string(Level level);  // "error", as in JSON

// One name and value of a line. A view: it lives as long as the call that logs it.
class Field {
 public:
  enum class Kind : std::uint8_t { text, integer, truth, duration, error };

  Field(std::string_view name, std::string_view text) : name_(name), text_(text) {}
  Field(std::string_view name, const char* text) : Field(name, std::string_view(text)) {}
  Field(std::string_view name, const std::string& text) : Field(name, std::string_view(text)) {}
  template <class T>
  requires(std::is_integral_v<T> && !std::is_same_v<T, bool>) Field(std::string_view name, T number)
      : name_(name), number_(static_cast<std::int64_t>(number)), kind_(Kind::integer) {}
  Field(std::string_view name, bool truth) : name_(name), number_(truth ? 1 : 0), kind_(Kind::truth) {}
  Field(std::string_view name, Duration duration) : name_(name), number_(duration.count()), kind_(Kind::duration) {}
  // Written as its text, what the system said, and its code.
  Field(std::string_view name, const Error& error) : name_(name), error_(&error), kind_(Kind::error) {}

  std::string_view name() const { return name_; }
  Kind kind() const { return kind_; }
  // The value as text, whatever its kind.
  std::string value() const;

 private:
  std::string_view name_;
  std::string_view text_;
  std::int64_t number_ = 0;
  const Error* error_ = nullptr;
  Kind kind_ = Kind::text;
};

using Fields = std::initializer_list<Field>;

// The names Traefik uses, which log collectors look for.
namespace field {
inline constexpr std::string_view kEntryPoint = "entryPointName";
inline constexpr std::string_view kRouter = "routerName";
inline constexpr std::string_view kMiddleware = "middlewareName";
inline constexpr std::string_view kMiddlewareType = "middlewareType";
inline constexpr std::string_view kService = "serviceName";
inline constexpr std::string_view kServer = "serverURL";
inline constexpr std::string_view kProvider = "providerName";
inline constexpr std::string_view kUser = "ClientUsername";
inline constexpr std::string_view kRule = "rule";
inline constexpr std::string_view kError = "error";
inline constexpr std::string_view kSuppressed = "suppressed";  // equal lines left out since the last one
}  // namespace field

enum class Format : std::uint8_t { common, json };
enum class Color : std::uint8_t { automatic, never };  // automatic: when standard output is a terminal

struct Settings {
  Level level = Level::error;
  Format format = Format::common;
  Color color = Color::automatic;
  std::string file_path;          // empty: standard output
  std::int64_t max_size_mib = 0;  // rotate a file beyond this size; 0: leave that to others and `reopen`
  std::int64_t max_backups = 0;   // rotated files to keep; 0 with max_size_mib: one
  std::int64_t max_age_days = 0;  // rotated files older than this are removed; 0: none
};

// Starts the writer. Once, by the main thread, before there are others; fails when the file cannot be opened, and
// then logging goes on as before.
Status open(const Settings& settings);
// Writes everything out and stops the writer; logging goes on as before `open`. By the main thread, after the others.
void close();
// Closes and opens the file, after it has been moved away (SIGUSR1).
void reopen();
// Waits until everything logged before the call has been written, at most a second.
void flush();
void set_level(Level level);

extern std::atomic<Level> threshold;

inline bool enabled(Level level) { return level >= threshold.load(std::memory_order_relaxed); }
void write(Level level, std::string_view message, Fields fields);

inline void trace(std::string_view message, Fields fields = {}) {
  if (enabled(Level::trace)) write(Level::trace, message, fields);
}
inline void debug(std::string_view message, Fields fields = {}) {
  if (enabled(Level::debug)) write(Level::debug, message, fields);
}
inline void info(std::string_view message, Fields fields = {}) {
  if (enabled(Level::info)) write(Level::info, message, fields);
}
inline void warn(std::string_view message, Fields fields = {}) {
  if (enabled(Level::warn)) write(Level::warn, message, fields);
}
inline void error(std::string_view message, Fields fields = {}) {
  if (enabled(Level::error)) write(Level::error, message, fields);
}
// Says why the program ends; ending it is up to the caller.
inline void fatal(std::string_view message, Fields fields = {}) {
  if (enabled(Level::fatal)) write(Level::fatal, message, fields);
}

}  // namespace sluice::log
