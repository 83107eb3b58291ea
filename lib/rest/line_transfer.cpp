#include "rest/line_transfer.h"

#include <utility>

namespace sluice::rest {

LineTransfer::LineTransfer(Multi& multi, Call call, LineStream::Limits limits)
    : Transfer(multi, std::move(call), false), limits_(limits) {}

std::string LineTransfer::take_line() {
  std::string line = std::move(lines_.front());
  lines_.pop_front();
  waiting_bytes_ -= line.size();
  return line;
}

bool LineTransfer::on_bytes(std::string_view bytes) {
  while (!bytes.empty()) {
    std::size_t end = bytes.find('\n');
    std::string_view piece = bytes.substr(0, end);
    if (!skipping_ && partial_.size() + piece.size() > limits_.line) {
      skipping_ = true;
      lost_ = true;
      partial_ = std::string();
    }
    if (!skipping_) partial_.append(piece);
    if (end == std::string_view::npos) break;
    if (!skipping_) keep(std::exchange(partial_, std::string()));
    skipping_ = false;
    bytes.remove_prefix(end + 1);
  }
  if (has_line() || lost_) changed().notify_all();
  return true;
}

void LineTransfer::keep(std::string line) {
  if (line.ends_with('\r')) line.pop_back();
  if (waiting_bytes_ + line.size() > limits_.buffer || lines_.size() >= limits_.lines) {
    lines_.clear();
    waiting_bytes_ = 0;
    lost_ = true;
    return;
  }
  waiting_bytes_ += line.size();
  lines_.push_back(std::move(line));
}

LineStream::LineStream(std::unique_ptr<LineTransfer> transfer) : transfer_(std::move(transfer)) {}
LineStream::~LineStream() = default;
bool LineStream::has_line() const { return transfer_->has_line(); }

Task<Result<int>> LineStream::status(Deadline deadline) {
  while (transfer_->status() == 0) {
    // An outcome without a head is never ok.
    if (transfer_->outcome()) co_return transfer_->outcome()->error();
    Status waited = co_await transfer_->changed().wait(deadline);
    if (!waited) co_return waited.error();
  }
  co_return transfer_->status();
}

Task<Result<std::string>> LineStream::next_line(Deadline deadline) {
  for (;;) {
    if (transfer_->take_lost()) co_return Error{Code::exhausted, Origin::self, false, 0, "lines were dropped"};
    if (transfer_->has_line()) co_return transfer_->take_line();
    if (transfer_->outcome()) {
      if (!transfer_->outcome()->ok()) co_return transfer_->outcome()->error();
      co_return Error{Code::closed, Origin::upstream, false, 0, "the stream ended"};
    }
    Status waited = co_await transfer_->changed().wait(deadline);
    if (!waited) co_return waited.error();
  }
}

}  // namespace sluice::rest
