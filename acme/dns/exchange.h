// exchange.h: one DNS message to one server and its answer, over UDP, and over TCP when the answer does not fit.
//
// Nothing is kept between two exchanges: every one has a socket, a port and an id of its own, so an answer nobody asked
// for is not taken for one. On the loop of the caller.
#pragma once

#include <string>

#include "acme/dns/message.h"
#include "async/task.h"
#include "base/ip.h"
#include "base/result.h"
#include "base/time.h"

namespace sluice::acme::dns {

struct Answer {
  Message message;
  std::string bytes;  // as they came, for checking a signature
};

enum class Transport { udp_first, tcp_only };

// Sends `request`, an encoded message, and gives the answer that fits it (id, opcode, question). UDP is repeated twice
// within `timeout`, which bounds everything. Errors: timed_out, refused, reset, invalid, or what the scope was
// cancelled with.
Task<Result<Answer>> exchange(SocketAddress server, std::string request, Duration timeout, Transport transport);

}  // namespace sluice::acme::dns
