// line_stream.h: an answer that goes on for as long as the server likes, read line by line: Docker's events.
//
// The lines are pulled, but the socket is always read: a server that serves many must not be slowed down by us. What
// nobody has pulled waits in a bounded buffer; when that is full everything in it is dropped and the reader is told.
//
// Belongs to the loop of its Client, one reader. Destroying it ends the transfer.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "async/task.h"
#include "base/result.h"
#include "base/time.h"

namespace sluice::rest {

class LineTransfer;

class LineStream {
 public:
  struct Limits {
    std::size_t line = 1024 * 1024;        // bytes of one line; a longer one is dropped as a whole
    std::size_t buffer = 8 * 1024 * 1024;  // bytes of all lines that wait
    std::size_t lines = 16 * 1024;         // and their number
  };

  explicit LineStream(std::unique_ptr<LineTransfer> transfer);
  ~LineStream();
  LineStream(const LineStream&) = delete;
  LineStream& operator=(const LineStream&) = delete;

  // The status of the answer, once its head is there. Errors as Client::send; timed_out leaves the stream as it is.
  Task<Result<int>> status(Deadline deadline = kNoDeadline);

  // The next line without its end (LF or CR LF). Errors: timed_out (the stream goes on), exhausted (lines were dropped
  // since the last call: said once, the stream goes on), what the scope was cancelled with; anything else, and closed
  // at an orderly end, means that the stream is over. A last line without an end is not delivered.
  Task<Result<std::string>> next_line(Deadline deadline = kNoDeadline);
  // Whether a line waits, so that next_line has it at once.
  bool has_line() const;

 private:
  std::unique_ptr<LineTransfer> transfer_;
};

}  // namespace sluice::rest
