// explain.h: what becomes of a request: entry point, routers in the order they are asked with the first clause that
// failed, middlewares, service, servers. Nothing is sent anywhere.
//
// Runs the data plane's own code: the request is written as bytes and read by the entry point's parser, and the routers
// are those of the snapshot's table. Control thread, or any thread on a snapshot of its own.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "config/tree.h"
#include "control/live.h"

namespace sluice::control {

struct Question {
  std::string method = "GET";
  bool tls = false;
  std::string authority;  // host[:port]
  std::string target = "/";
  std::vector<std::pair<std::string, std::string>> fields;
  SocketAddress client{IpAddress::v4(0x7f000001), 40000};
  std::string entry_point;  // empty: by the port of the authority, else by the scheme
  std::string sni;          // empty: the host, when tls
  bool connection = false;  // only about the connection: which TCP router takes it
};

// From "GET https://host:port/path", "host/path" or a bare path. Error: Code::invalid, with what is wrong as its text.
Result<Question> parse_question(std::string_view method, std::string_view url);

// A header as "Name: value"; Host names the authority. What is wrong with it, or empty.
std::string_view add_field(Question& question, std::string_view header);

// The answer as a tree, "sluice/v1". `live` must have a snapshot.
config::Node explain(const Live& live, const Question& question);

// The router that `explain` says takes the request, for tests.
std::optional<std::string> taker(const config::Node& explanation);

}  // namespace sluice::control
