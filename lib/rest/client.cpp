#include "rest/client.h"

#include "rest/line_transfer.h"
#include "rest/multi.h"
#include "rest/transfer.h"

namespace sluice::rest {
namespace {

class ReplyTransfer final : public Transfer {
 public:
  ReplyTransfer(Multi& multi, Call call, std::size_t limit) : Transfer(multi, std::move(call), true), limit_(limit) {}

  Reply take() { return Reply{status(), std::move(headers()), std::move(body_), std::move(trailers())}; }

 private:
  bool on_bytes(std::string_view bytes) override {
    if (bytes.size() > limit_ - body_.size()) return false;
    body_.append(bytes);
    return true;
  }

  std::size_t limit_;
  std::string body_;
};

}  // namespace

Client::Client(std::string user_agent) : multi_(std::make_unique<Multi>(std::move(user_agent))) {}
Client::~Client() = default;

const std::string& Client::user_agent() const { return multi_->user_agent(); }

Task<Result<Reply>> Client::send(Call call) {
  std::size_t limit = call.max_reply;
  const Duration head_timeout = call.head_timeout;
  ReplyTransfer transfer(*multi_, std::move(call), limit);
  Status started = transfer.start();
  if (!started) co_return started.error();
  const Deadline head_due = head_timeout > Duration::zero() ? Loop::current().read_clock() + head_timeout : kNoDeadline;
  while (!transfer.outcome()) {
    Status waited = co_await transfer.changed().wait(transfer.status() == 0 ? head_due : kNoDeadline);
    if (!waited) co_return waited.error();
  }
  if (!transfer.outcome()->ok()) co_return transfer.outcome()->error();
  co_return transfer.take();
}

Result<std::unique_ptr<LineStream>> Client::open_lines(Call call, LineStream::Limits limits) {
  auto transfer = std::make_unique<LineTransfer>(*multi_, std::move(call), limits);
  Status started = transfer->start();
  if (!started) return started.error();
  return std::make_unique<LineStream>(std::move(transfer));
}

}  // namespace sluice::rest
