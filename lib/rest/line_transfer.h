// line_transfer.h: cuts the body of a transfer into lines and keeps those nobody has pulled yet. Inside the room.
#pragma once

#include <deque>
#include <string>
#include <string_view>

#include "rest/line_stream.h"
#include "rest/transfer.h"

namespace sluice::rest {

class LineTransfer final : public Transfer {
 public:
  LineTransfer(Multi& multi, Call call, LineStream::Limits limits);

  bool has_line() const { return !lines_.empty(); }
  std::string take_line();
  // Whether lines were dropped since the last time this was asked.
  bool take_lost() { return std::exchange(lost_, false); }

 private:
  bool on_bytes(std::string_view bytes) override;
  void keep(std::string line);

  LineStream::Limits limits_;
  std::deque<std::string> lines_;
  std::size_t waiting_bytes_ = 0;
  std::string partial_;
  bool skipping_ = false;  // inside a line that is too long
  bool lost_ = false;
};

}  // namespace sluice::rest
