// http_challenges.h: requests on HTTP entry points, with the questions of CAs among them (HTTP-01, RFC 8555 §8.3)
// answered, handed on or refused before any redirection or middleware sees them.
//
// Who gets a question, in this order (docs/challenges.md):
//
//   armed here for this host                               we answer
//   it went through us already                             508
//   the host has a target                                  the target alone, without middlewares
//   not ours, and a router takes it                        that router, around the entry point's redirection
//   ours, but the router or the entry point lets it pass   as above
//   ours                                                   404
//   nobody takes it                                        the entry point's redirection, else 404
//
// Whoever serves requests asks `may_be_challenge` first, and `route_request` for all others. Stateless, on the worker
// of the request.
#pragma once

#include <cstdint>
#include <string_view>

#include "server/challenge_counts.h"
#include "server/challenges.h"
#include "server/routing.h"

namespace sluice::server {

class Host;

inline constexpr std::string_view kChallengePath = "/.well-known/acme-challenge/";

// What a request is answered from.
struct HttpPlace {
  const HttpRoutes& routes;
  const ChallengeRules* rules = nullptr;  // null: no host is ours or handed to anybody
  const Challenges* armed = nullptr;      // null: none; needed until the first wait
  const ChallengeCounts* counts = nullptr;
};

struct HttpChallenge {
  enum class Way : std::uint8_t {
    none,      // no challenge at all
    answer,    // with `key_authorization`
    loop,      // 508
    target,    // of `target`
    router,    // of `route`
    redirect,  // by the entry point
    refuse,    // 404
  };
  Way way = Way::none;
  std::string_view key_authorization;
  const HttpChallengeTarget* target = nullptr;
  std::uint32_t route = 0;  // index in the routes
  std::string_view why;     // static text, for the log and for `sluice explain`
};
// Looks, and changes nothing. Also for `explain`.
HttpChallenge decide_challenge(const HttpPlace& place, const http::Request& request);

Task<Result<http::Response>> answer_challenge(const HttpPlace& place, http::Request& request);

// What every HTTP server connection runs for a request: the above for a challenge, and `route_request` for the others,
// which it costs a look at one byte of their path. `routes` are of that entry point in the snapshot.
Task<Result<http::Response>> answer_request(const HttpRoutes& routes, const Snapshot& snapshot, std::size_t entry_point,
                                            Host& host, http::Request& request);

}  // namespace sluice::server
