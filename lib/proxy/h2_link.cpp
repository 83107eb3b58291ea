#include "proxy/h2_link.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace sluice::proxy {
namespace {

// Output buffers that wait for the next connection that has output.
constexpr std::size_t kSpareBuffers = 8;

std::vector<std::string>& spare_buffers() {
  static thread_local std::vector<std::string> buffers;
  return buffers;
}

}  // namespace

H2Link::H2Link(std::unique_ptr<net::Stream> transport, http::h2::Session::Role role, const http::h2::Settings& settings,
               http::h2::Session::Owner& owner, Duration stall)
    : transport_(std::move(transport)), session_(role, settings, owner), stall_(stall) {}

H2Link::~H2Link() { release_buffer(); }

void H2Link::release_buffer() {
  out_.clear();
  if (out_.capacity() > http::h2::Session::kBatch && spare_buffers().size() < kSpareBuffers) {
    spare_buffers().push_back(std::exchange(out_, {}));
  }
  out_ = std::string();
}

void H2Link::push() {
  if (!writing_) {
    if (out_.capacity() < http::h2::Session::kBatch) {
      if (spare_buffers().empty()) {
        out_.reserve(2 * http::h2::Session::kBatch);
      } else {
        std::string buffer = std::move(spare_buffers().back());
        spare_buffers().pop_back();
        buffer.assign(out_);
        out_ = std::move(buffer);
      }
    }
    session_.produce(out_);
  }
  wake_.notify_all();
  let_in();
}

bool H2Link::crowded() const {
  return !has_room() ||
         std::any_of(room_.begin(), room_.end(), [](const Signal& queue) { return queue.has_waiters(); });
}

Task<Status> H2Link::room(Urgency urgency) {
  if (!crowded()) co_return Status();
  do {
    Status let = co_await room_[static_cast<std::size_t>(urgency)].wait();
    if (!let) co_return let;
  } while (!has_room());
  co_return Status();
}

void H2Link::let_in() {
  if (!has_room()) return;
  auto queue = std::find_if(room_.begin(), room_.end(), [](const Signal& waiting) { return waiting.has_waiters(); });
  if (queue != room_.end()) queue->notify_one();
}

Task<void> H2Link::run_writer() {
  for (;;) {
    if (out_.empty() && session_.has_output()) push();
    if (out_.empty()) {
      release_buffer();
      if (finishing_) break;
      Status woken = co_await wake_.wait();
      if (!woken) break;
      continue;
    }
    writing_ = true;
    Status sent = co_await net::write_all(*transport_, out_, stall_);
    writing_ = false;
    out_.clear();
    let_in();
    if (!sent) {
      transport_->abort();
      break;
    }
  }
  ended_ = true;
  done_.notify_all();
}

Task<void> H2Link::finish_writing(Deadline deadline) {
  finishing_ = true;
  wake_.notify_all();
  while (!ended_) {
    Status done = co_await done_.wait(deadline);
    if (!done) co_return;
  }
}

Task<Result<bool>> H2Link::read(Deadline deadline) {
  Result<net::Bytes> bytes = co_await transport_->read(deadline);
  if (!bytes) co_return bytes.error();
  if (bytes->empty()) co_return false;
  Status fed = feed(*bytes);
  if (!fed) co_return fed.error();
  co_return true;
}

Status H2Link::feed(net::Bytes bytes) {
  Status fed = session_.receive(bytes, Loop::current().now());
  push();
  return fed;
}

}  // namespace sluice::proxy
