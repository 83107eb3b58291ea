#include "rest/drained_lines.h"

#include <future>
#include <utility>

#include "async/loop.h"

namespace sluice::rest {

struct DrainedLines::Started {
  std::promise<void> promise;
};

DrainedLines::DrainedLines(Call call, const LineStream::Limits& limits, std::string user_agent)
    : call_(std::move(call)), limits_(limits), user_agent_(std::move(user_agent)) {
  Started started;
  std::future<void> running = started.promise.get_future();
  thread_ = std::thread([this, &started] { run(started); });
  running.get();
}

DrainedLines::~DrainedLines() {
  stop_->post(Stop{});
  thread_.join();
}

void DrainedLines::run(Started& started) {
  Loop loop;
  Client client(user_agent_);
  Mailbox<Stop> stop;
  Scope scope;
  stop_ = &stop;
  started.promise.set_value();  // `started` is gone from here on
  scope.spawn(end_when_told(stop, scope));
  scope.spawn(drain(client));
  loop.run();
  while (scope.running() > 0) loop.run_once();
}

Task<void> DrainedLines::end_when_told(Mailbox<Stop>& stop, Scope& scope) {
  [[maybe_unused]] Result<std::vector<Stop>> told = co_await stop.receive();
  scope.cancel(Error::of(Code::cancelled, "nobody wants the lines any more"));
  Loop::current().stop();
}

Task<void> DrainedLines::drain(Client& client) {
  Result<std::unique_ptr<LineStream>> opened = client.open_lines(std::move(call_), limits_);
  if (!opened) {
    end(opened.error());
    co_return;
  }
  std::unique_ptr<LineStream> stream = std::move(*opened);
  Result<int> status = co_await stream->status();
  if (!status) {
    end(status.error());
    co_return;
  }
  {
    std::lock_guard<std::mutex> lock(mutex_);
    status_ = *status;
  }
  ring();
  for (;;) {
    Result<std::string> line = co_await stream->next_line();
    if (line) {
      keep(*std::move(line));
    } else if (line.error().code == Code::exhausted) {
      lose();
    } else {
      end(line.error());
      co_return;
    }
  }
}

void DrainedLines::keep(std::string line) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (lines_.size() >= limits_.lines || bytes_ + line.size() > limits_.buffer) {
    lines_.clear();
    bytes_ = 0;
    lost_ = true;
  } else {
    bytes_ += line.size();
    lines_.push_back(std::move(line));
  }
  ring();
}

void DrainedLines::lose() {
  std::lock_guard<std::mutex> lock(mutex_);
  lost_ = true;
  ring();
}

void DrainedLines::end(const Error& error) {
  std::lock_guard<std::mutex> lock(mutex_);
  ended_ = error;
  ring();
}

Task<Result<int>> DrainedLines::status(Deadline deadline) {
  for (;;) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (status_) co_return *status_;
      if (ended_) co_return *ended_;
    }
    Status waited = co_await changed_.wait(deadline);
    if (!waited) co_return waited.error();
  }
}

Task<Result<std::string>> DrainedLines::next_line(Deadline deadline) {
  for (;;) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (std::exchange(lost_, false)) {
        co_return Error{Code::exhausted, Origin::upstream, false, 0, "lines were dropped"};
      }
      if (!lines_.empty()) {
        std::string line = std::move(lines_.front());
        lines_.pop_front();
        bytes_ -= line.size();
        co_return line;
      }
      if (ended_) co_return *ended_;
    }
    Status waited = co_await changed_.wait(deadline);
    if (!waited) co_return waited.error();
  }
}

bool DrainedLines::answered() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return status_.has_value();
}

bool DrainedLines::has_line() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return lost_ || !lines_.empty();
}

}  // namespace sluice::rest
