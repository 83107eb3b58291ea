// client.h: the HTTP client of the control plane, on libcurl driven by our loop.
//
// One per loop; all members are for that loop's thread. Nothing blocks: names are resolved on libcurl's threads.
// Connections are kept and used again. The client must outlive its calls and streams.
#pragma once

#include <memory>
#include <string>

#include "async/task.h"
#include "rest/call.h"
#include "rest/line_stream.h"

namespace sluice::rest {

class Multi;

class Client {
 public:
  // `user_agent` is sent with every call: product and version.
  explicit Client(std::string user_agent);
  ~Client();
  const std::string& user_agent() const;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // The answer, whatever its status. Redirects are not followed. Errors: refused, not_found (no such name or socket),
  // timed_out, reset, closed, security, too_large (the reply), invalid (the call); `sys` holds errno where there is
  // one. A cancelled call is off the wire before its task goes on.
  Task<Result<Reply>> send(Call call);

  // Begins a call whose answer is read line by line. `call.timeout` and `call.max_reply` are not used.
  Result<std::unique_ptr<LineStream>> open_lines(Call call, LineStream::Limits limits);

 private:
  std::unique_ptr<Multi> multi_;
};

}  // namespace sluice::rest
