#include "net/resolver.h"

#include <netdb.h>
#include <sys/socket.h>

#include "async/offload.h"

namespace sluice::net {
namespace {

Error not_resolved(std::string_view text) {
  Error error = Error::of(Code::not_found, text, Origin::upstream);
  error.nothing_sent = true;
  return error;
}

}  // namespace

Result<Resolver::Addresses> Resolver::system_lookup(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  int failed = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (failed != 0) return not_resolved(gai_strerror(failed));
  Addresses addresses;
  for (addrinfo* info = found; info != nullptr; info = info->ai_next) {
    Result<SocketAddress> address = SocketAddress::from(info->ai_addr);
    if (address) addresses.push_back(address->ip);
  }
  freeaddrinfo(found);
  if (addresses.empty()) return not_resolved("the name has no address");
  return addresses;
}

Task<Result<Resolver::Addresses>> Resolver::resolve(std::string_view host, Deadline deadline) {
  Result<IpAddress> literal = IpAddress::parse(host);
  if (literal) co_return Addresses(1, *literal);

  auto found = entries_.find(host);
  if (found == entries_.end()) {
    make_room();
    found = entries_.emplace(std::string(host), std::make_shared<Entry>()).first;
  }
  std::shared_ptr<Entry> entry = found->second;
  Loop& loop = Loop::current();
  bool known = entry->checked_at.ns != 0;
  Duration fresh = entry->failed ? kFailureFresh : kFresh;
  if (!known || loop.now() - entry->checked_at >= fresh) {
    if (!entry->looking) {
      entry->looking = true;
      scope_.spawn(look_up(found->first, entry));
    }
    // Somebody who has an answer less than a minute old does not wait for a newer one.
    bool usable = !entry->addresses.empty() && loop.now() - entry->good_at < 60s;
    while (entry->looking && !usable) {
      Status waited = co_await entry->done.wait(deadline);
      if (!waited) {
        Error error = waited.error();
        error.nothing_sent = true;
        if (error.code == Code::timed_out) {
          error.origin = Origin::upstream;
          error.text = "name resolution timed out";
        }
        co_return error;
      }
    }
  }
  if (!entry->addresses.empty() && loop.now() - entry->good_at < kStaleUse) co_return entry->addresses;
  co_return not_resolved("name not found");
}

Task<void> Resolver::look_up(std::string host, std::shared_ptr<Entry> entry) {
  Lookup lookup = lookup_;
  auto call = offload([lookup, host] { return lookup(host); });
  Result<Addresses> answer = co_await call;
  Time now = Loop::current().now();
  entry->checked_at = now;
  entry->failed = !answer.ok();
  if (answer) {
    entry->addresses = std::move(*answer);
    entry->good_at = now;
  }
  entry->looking = false;
  entry->done.notify_all();
}

void Resolver::make_room() {
  if (entries_.size() < kMostNames) return;
  std::erase_if(entries_,
                [](const auto& named) { return !named.second->looking && !named.second->done.has_waiters(); });
}

}  // namespace sluice::net
