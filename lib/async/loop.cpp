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

}  // namespace

constinit thread_local Loop* Loop::this_thread_loop = nullptr;

struct Loop::Handles {
  uv_poll_t sockets;
  uv_prepare_t prepare;
  uv_check_t check;
  uv_idle_t idle;  // active while work is left, so that libuv does not wait
  uv_timer_t timer;
  bool idle_active = false;
};

void Loop::UvDelete::operator()(uv_loop_s* loop) const { delete loop; }

static Time clock_time(Loop::ClockKind clock, Time manual) {
  return clock == Loop::ClockKind::manual ? manual : Time::now();
}

Loop::Loop(ClockKind clock)
    : uv_(new uv_loop_s),
      handles_(std::make_unique<Handles>()),
      clock_(clock),
      now_(clock_time(clock, Time{1'000'000'000})),
      wheel_(now_),
      scratch_(std::make_unique<char[]>(kScratch)) {
  SLUICE_CHECK(this_thread_loop == nullptr);
  this_thread_loop = this;
  SLUICE_CHECK(uv_loop_init(uv_.get()) == 0);
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  SLUICE_CHECK(epoll_ >= 0);
  Handles& h = *handles_;
  for (uv_handle_t* handle : {reinterpret_cast<uv_handle_t*>(&h.sockets), reinterpret_cast<uv_handle_t*>(&h.prepare),
                              reinterpret_cast<uv_handle_t*>(&h.check), reinterpret_cast<uv_handle_t*>(&h.idle),
                              reinterpret_cast<uv_handle_t*>(&h.timer)}) {
    handle->data = this;
  }
  SLUICE_CHECK(uv_poll_init(uv_.get(), &h.sockets, epoll_) == 0);
  uv_prepare_init(uv_.get(), &h.prepare);
  uv_check_init(uv_.get(), &h.check);
  uv_idle_init(uv_.get(), &h.idle);
  uv_timer_init(uv_.get(), &h.timer);
  uv_poll_start(&h.sockets, UV_READABLE,
                [](uv_poll_t* handle, int, int) { static_cast<Loop*>(handle->data)->poll_sockets(); });
  uv_prepare_start(&h.prepare, [](uv_prepare_t* handle) { static_cast<Loop*>(handle->data)->run_ready_list(); });
  uv_check_start(&h.check, [](uv_check_t* handle) {
    auto* loop = static_cast<Loop*>(handle->data);
    loop->update_now();
    loop->run_ready_list();
  });
}

Loop::~Loop() {
  Handles& h = *handles_;
  for (uv_handle_t* handle : {reinterpret_cast<uv_handle_t*>(&h.sockets), reinterpret_cast<uv_handle_t*>(&h.prepare),
                              reinterpret_cast<uv_handle_t*>(&h.check), reinterpret_cast<uv_handle_t*>(&h.idle),
                              reinterpret_cast<uv_handle_t*>(&h.timer)}) {
    uv_close(handle, nullptr);
  }
  // Closing handles and work on the pool end in further turns; a pending stop() ends one of these turns early.
  while (uv_loop_close(uv_.get()) == UV_EBUSY) uv_run(uv_.get(), UV_RUN_DEFAULT);
  close(epoll_);
  this_thread_loop = nullptr;
}

void Loop::update_now() {
  if (clock_ == ClockKind::monotonic) now_ = Time::now();
}

void Loop::run() {
  update_now();
  uv_run(uv_.get(), UV_RUN_DEFAULT);
}

void Loop::stop() { uv_stop(uv_.get()); }

void Loop::run_once() {
  update_now();
  uv_run(uv_.get(), UV_RUN_ONCE);
}

void Loop::run_ready() {
  do {
    uv_run(uv_.get(), UV_RUN_NOWAIT);
  } while (!ready_.empty());
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

void Loop::poll_sockets() {
  update_now();
  std::array<epoll_event, kEventsPerPoll> events;
  int count = epoll_wait(epoll_, events.data(), kEventsPerPoll, 0);
  // Nothing is destroyed while the batch is dispatched, so no pointer in it can dangle.
  for (int i = 0; i < count; ++i) static_cast<async::EventSource*>(events[i].data.ptr)->dispatch(events[i].events);
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
  Handles& h = *handles_;
  if (ready_.empty() == h.idle_active) {
    h.idle_active = !h.idle_active;
    if (h.idle_active) {
      uv_idle_start(&h.idle, [](uv_idle_t*) {});
    } else {
      uv_idle_stop(&h.idle);
    }
  }
  set_timer();
}

void Loop::arm(async::TimerNode& node, Time due) {
  wheel_.arm(node, due);
  if (due < timer_set_for_) timer_set_for_ = Time::never();  // set_timer will look again
}

void Loop::set_timer() {
  // The libuv timer is touched only when the earliest timer moved forward; a timer that went away fires it in vain.
  if (!timer_set_for_.is_never() || clock_ == ClockKind::manual) return;
  Time next = wheel_.next_due();
  if (next.is_never()) return;
  timer_set_for_ = next;
  uv_update_time(uv_.get());
  std::int64_t wait_ns = std::max<std::int64_t>(0, (next - Time::now()).count());
  uv_timer_start(
      &handles_->timer, [](uv_timer_t* timer) { static_cast<Loop*>(timer->data)->fire_timers(); },
      static_cast<std::uint64_t>((wait_ns + 999'999) / 1'000'000), 0);
}

void Loop::fire_timers() {
  update_now();
  timer_set_for_ = Time::never();
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
