// transfer.h: one call on the wire: a libcurl easy handle and what it collects. Inside the room.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/signal.h"
#include "base/result.h"
#include "rest/call.h"

namespace sluice::rest {

class Multi;

class Transfer {
 public:
  // Ends the transfer if it still runs.
  virtual ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // Starts it. Called once.
  Status start();

  int status() const { return status_; }  // 0 before the head of the answer is complete
  std::vector<Header>& headers() { return headers_; }
  std::vector<Header>& trailers() { return trailers_; }
  const std::optional<Status>& outcome() const { return outcome_; }  // set at the end
  // Announced when the head is complete, when something came, at the end.
  Signal& changed() { return changed_; }

 protected:
  // `whole`: the call's timeout applies.
  Transfer(Multi& multi, Call call, bool whole);

  // A piece of the body, from inside libcurl. False breaks the transfer with Code::too_large.
  virtual bool on_bytes(std::string_view bytes) = 0;

 private:
  friend class Multi;
  struct Callbacks;

  // From Multi, with a CURLcode.
  void ended(int code);
  void detach();
  bool prepare();
  bool on_header(std::string_view line);
  static void add_header(std::vector<Header>& to, std::string_view line);

  Multi& multi_;
  Call call_;
  bool whole_;
  void* easy_ = nullptr;         // CURL*
  void* header_list_ = nullptr;  // curl_slist*
  void* connect_to_ = nullptr;   // curl_slist*
  bool too_large_ = false;
  int status_ = 0;
  std::size_t header_bytes_ = 0;
  std::vector<Header> headers_;
  std::vector<Header> trailers_;
  std::optional<Status> outcome_;
  Signal changed_;
};

}  // namespace sluice::rest
