#include "async/loop.h"

#include <sys/epoll.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace sluice {
namespace {

constexpr int kEventsPerPoll = 256;
// So many wake-ups run before sockets are looked at again; tasks that keep waking each other cannot starve them.
constexpr int kWakeupsPerTurn = 4096;
constexpr std::int64_t kLongestWaitMs = 60'000;

}  // namespace

constinit thread_local Loop* Loop::this_thread_loop = nullptr;

void Loop::UvDelete::operator()(uv_loop_s* loop) const { delete loop; }

static Time clock_time(Loop::ClockKind clock, Time manual) {
  return clock == Loop::ClockKind::manual ? manual : Time::now();
}

Loop::Loop(ClockKind clock)
    : uv_(new uv_loop_s),
      clock_(clock),
      now_(clock_time(clock, Time{1'000'000'000})),
      wheel_(now_),
      scratch_(std::make_unique<char[]>(kScratch)) {
  SLUICE_CHECK(this_thread_loop == nullptr);
  this_thread_loop = this;
  SLUICE_CHECK(uv_loop_init(uv_.get()) == 0);
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  SLUICE_CHECK(epoll_ >= 0);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;  // libuv
  SLUICE_CHECK(epoll_ctl(epoll_, EPOLL_CTL_ADD, uv_backend_fd(uv_.get()), &event) == 0);
}

Loop::~Loop() {
  // Closing handles and work on the pool end in further turns.
  while (uv_loop_close(uv_.get()) == UV_EBUSY) uv_run(uv_.get(), UV_RUN_ONCE);
  close(epoll_);
  this_thread_loop = nullptr;
}

void Loop::update_now() {
  if (clock_ == ClockKind::monotonic) now_ = Time::now();
}

void Loop::run() {
  update_now();
  while (!stopped_) turn(true);
  stopped_ = false;
}

void Loop::stop() { stopped_ = true; }

void Loop::run_once() {
  update_now();
  turn(true);
  stopped_ = false;
}

void Loop::run_ready() {
  update_now();
  do {
    turn(false);
  } while (!ready_.empty());
  stopped_ = false;
}

void Loop::turn(bool wait) {
  run_ready_list();
  if (uv_due_ || uv_backend_timeout(uv_.get()) == 0) run_uv();
  poll(wait && ready_.empty() && !stopped_ ? wait_ms() : 0);
  update_now();
  if (uv_due_) run_uv();
  if (clock_ == ClockKind::monotonic) fire_timers();
  run_ready_list();
}

void Loop::advance(Duration by) {
  SLUICE_CHECK(clock_ == ClockKind::manual);
  Time target = now_ + by;
  run_ready();
  // Step by step, so that a timer armed by a task that an earlier timer woke fires in its order.
  for (Time next = wheel_.next_due(); next <= target; next = wheel_.next_due()) {
    now_ = std::max(now_, next);
    wheel_.advance(now_);
    run_ready();
  }
  now_ = target;
  wheel_.advance(now_);
  run_ready();
}

int Loop::wait_ms() {
  if (clock_ == ClockKind::manual) return -1;
  if (next_due_.is_never()) next_due_ = wheel_.next_due();
  if (next_due_.is_never()) return -1;
  std::int64_t wait_ns = std::max<std::int64_t>(0, (next_due_ - Time::now()).count());
  return static_cast<int>(std::min<std::int64_t>((wait_ns + 999'999) / 1'000'000, kLongestWaitMs));
}

void Loop::poll(int wait_ms) {
  std::array<epoll_event, kEventsPerPoll> events;
  int count = epoll_wait(epoll_, events.data(), kEventsPerPoll, wait_ms);
  // Nothing is destroyed while the batch is dispatched, so no pointer in it can dangle.
  for (int i = 0; i < count; ++i) {
    auto* source = static_cast<async::EventSource*>(events[i].data.ptr);
    if (source == nullptr) {
      uv_due_ = true;
    } else if (source->early()) {
      source->dispatch(events[i].events);
    }
  }
  for (int i = 0; i < count; ++i) {
    auto* source = static_cast<async::EventSource*>(events[i].data.ptr);
    if (source != nullptr && !source->early()) source->dispatch(events[i].events);
  }
}

void Loop::run_uv() {
  uv_due_ = false;
  uv_run(uv_.get(), UV_RUN_NOWAIT);
}

void Loop::run_ready_list() {
  for (int i = 0; i < kWakeupsPerTurn; ++i) {
    async::Wakeup* wakeup = ready_.pop_front();
    if (wakeup == nullptr) break;
    ++turn_;
    wakeup->wake_up();
#ifdef SLUICE_DEBUG
    if (lent_ > 0) std::memset(scratch().data(), 0xdd, std::exchange(lent_, 0));
#endif
  }
}

void Loop::arm(async::TimerNode& node, Time due) {
  wheel_.arm(node, due);
  if (due < next_due_) next_due_ = Time::never();  // wait_ms will look again
}

void Loop::fire_timers() {
  if (next_due_.is_never()) next_due_ = wheel_.next_due();
  if (next_due_ > now_) return;
  next_due_ = Time::never();
  wheel_.advance(now_);
}

Status Loop::watch(int fd, std::uint32_t events, async::EventSource& source) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &source;
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) return Error::system(errno, "epoll_ctl");
  return {};
}

void Loop::rewatch(int fd, std::uint32_t events, async::EventSource& source) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &source;
  SLUICE_CHECK(epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event) == 0);
}

void Loop::unwatch(int fd) { epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr); }

}  // namespace sluice
