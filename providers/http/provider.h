// provider.h: the HTTP provider: a server is asked every `pollInterval` for the whole dynamic configuration, as YAML or
// JSON.
//
// Lives on the control loop; bodies are parsed on the thread pool. Its task ends only when its scope is cancelled. What
// the server said last stays in force until it says something else that can be read.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "async/signal.h"
#include "config/problem.h"
#include "config/static_providers.h"
#include "control/provider.h"
#include "providers/http/source.h"
#include "rest/client.h"

namespace sluice::providers::http {

class HttpProvider final : public control::Provider {
 public:
  // Null when the endpoint cannot be used; the report says why. `client` must outlive the provider.
  static std::unique_ptr<HttpProvider> make(const config::HttpProvider& options, rest::Client& client,
                                            config::Report& report);

  std::string_view name() const override { return "http"; }
  Task<void> run(control::FragmentSink& sink) override;
  // Asks at once and takes the answer even if it is the same (SIGHUP).
  void reread() override;

 private:
  HttpProvider(rest::Client& client, Source source, Duration interval, Duration wait);

  rest::Call question() const;
  std::optional<std::string> take(Result<rest::Reply> reply, Duration took);
  Task<void> read_body(std::string body);
  void publish(control::FragmentSink& sink);
  Task<Status> rest_until_next();

  rest::Client& client_;
  Source source_;
  Duration interval_;
  Duration wait_;

  Validators validators_;
  std::optional<std::string> text_;  // the last body that was read, good or not
  bool at_once_ = false;             // the server waits for news by itself: ask again without a rest
  config::Dynamic good_;
  bool has_good_ = false;
  config::Report about_text_;
  std::optional<config::Problem> trouble_;  // why the last question was not answered well
  std::optional<control::Fragment> published_;
  Signal asked_for_;
  bool reread_ = false;
};

}  // namespace sluice::providers::http
