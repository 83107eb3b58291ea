// The provider `exec`: a program of the user's changes the zone: `program present|cleanup <record> <value>`, or with
// EXEC_MODE=RAW `program present|cleanup -- <name> <token> <key authorization>`.
#include <algorithm>

#include "acme/dns/providers.h"
#include "async/child_process.h"
#include "base/text.h"
#include "observe/log.h"

namespace sluice::acme::dns {
namespace {

// Programs may wait for their zone themselves, so they get longer than the check that follows.
constexpr Duration kLeastPatience = 10min;

class ExecProvider final : public Provider {
 public:
  explicit ExecProvider(Environment& variables)
      : program_(variables.required({"EXEC_PATH"})),
        raw_(variables.text({"EXEC_MODE"}) == "RAW"),
        timing_{variables.seconds({"EXEC_PROPAGATION_TIMEOUT"}, 60s), variables.seconds({"EXEC_POLLING_INTERVAL"}, 2s)},
        interval_(variables.seconds({"EXEC_SEQUENCE_INTERVAL"}, 0s)) {}

  std::string_view name() const override { return "exec"; }
  PropagationTiming timing() const override { return timing_; }
  bool one_at_a_time() const override { return true; }
  Duration interval() const override { return interval_; }

  Task<Status> add(const Change& change, std::string& why) override {
    Status ran = co_await run("present", change, why);
    co_return ran;
  }
  Task<Status> remove(const Change& change, std::string& why) override {
    Status ran = co_await run("cleanup", change, why);
    co_return ran;
  }

 private:
  Task<Status> run(std::string action, const Change& change, std::string& why) {
    std::vector<std::string> command;
    command.push_back(program_);
    command.push_back(action);
    if (raw_) {
      command.emplace_back("--");
      command.push_back(change.proof.name);
      command.push_back(change.proof.token);
      command.push_back(change.proof.key_authorization);
    } else {
      command.push_back(change.place.name);
      command.push_back(change.proof.value);
    }
    Result<ProgramEnd> end = co_await run_program(std::move(command), std::max(timing_.timeout, kLeastPatience));
    if (!end) {
      why = program_ + " " + action + ": " + log::Field("error", end.error()).value();
      co_return end.error();
    }
    for (std::string_view line : split(end->output, '\n')) {
      if (!trim(line).empty()) log::info(printable(trim(line), 1000), {{log::field::kProvider, "exec"}});
    }
    if (end->status == 0) co_return Status();
    std::string_view output = trim(end->output);
    if (output.size() > 300) output = output.substr(output.size() - 300);
    why = program_ + " " + action + " ended with status " + std::to_string(end->status) +
          (output.empty() ? "" : ": " + printable(output));
    co_return Error::of(Code::unavailable, "the program failed", Origin::upstream);
  }

  std::string program_;
  bool raw_;
  PropagationTiming timing_;
  Duration interval_;
};

}  // namespace

std::unique_ptr<Provider> make_exec(ProviderParts parts) { return std::make_unique<ExecProvider>(parts.variables); }

}  // namespace sluice::acme::dns
