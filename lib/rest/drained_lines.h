// drained_lines.h: a line stream that is read on a thread of its own, whatever the loop that wants the lines is busy
// with. Docker's daemon writes its events to all who listen, one after another: who does not read holds up the others.
//
// Belongs to the loop that made it, one reader; only the inbox is shared with the thread, which ends with it. What
// nobody has pulled waits in the inbox, bounded as a LineStream's buffer is.
#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "async/mailbox.h"
#include "async/signal.h"
#include "async/task.h"
#include "rest/call.h"
#include "rest/client.h"
#include "rest/line_stream.h"

namespace sluice::rest {

class DrainedLines final : private Doorbell {
 public:
  // Starts the thread, which begins the call.
  DrainedLines(Call call, const LineStream::Limits& limits, std::string user_agent);
  // Ends the transfer and waits for the thread.
  ~DrainedLines();
  DrainedLines(const DrainedLines&) = delete;
  DrainedLines& operator=(const DrainedLines&) = delete;

  // As those of LineStream.
  Task<Result<int>> status(Deadline deadline = kNoDeadline);
  Task<Result<std::string>> next_line(Deadline deadline = kNoDeadline);
  bool has_line() const;
  // The head of the answer is there.
  bool answered() const;

 private:
  struct Stop {};
  struct Started;

  void run(Started& started);
  Task<void> drain(Client& client);
  static Task<void> end_when_told(Mailbox<Stop>& stop, Scope& scope);

  void on_ring() override { changed_.notify_all(); }
  void keep(std::string line);
  void lose();
  void end(const Error& error);

  Call call_;
  LineStream::Limits limits_;
  std::string user_agent_;
  Signal changed_;
  mutable std::mutex mutex_;  // of what follows
  std::deque<std::string> lines_;
  std::size_t bytes_ = 0;
  bool lost_ = false;
  std::optional<int> status_;
  std::optional<Error> ended_;
  Mailbox<Stop>* stop_ = nullptr;  // in the thread; good until Stop was posted
  std::thread thread_;
};

}  // namespace sluice::rest
