// live.cpp: `sluice status` and `sluice get`: ask the running instance over its control socket.
#include <cstdio>

#include "base/text.h"
#include "cmd/commands.h"
#include "cmd/control_options.h"
#include "cmd/live_text.h"
#include "control/describe_live.h"

namespace sluice::cmd {
namespace {

int usage(const char* text) {
  std::fprintf(stderr, "usage: sluice %s [-o text|json] [--control PATH]\n", text);
  return 2;
}

// The answer, or a discarded value after a message on standard error.
nlohmann::json ask(const char* command, const ControlOptions& options, const std::string& path, int& exit_status) {
  const ControlReply reply = ask_instance(options.control, path);
  exit_status = reply.status == 404 ? 2 : kUnreachable;
  return answer_of(reply, command);
}

}  // namespace

int status(const std::vector<std::string>& arguments) {
  ControlOptions options;
  if (!read_options(arguments, options) || !options.words.empty()) return usage("status");
  int exit_status = 0;
  const nlohmann::json answer = ask("status", options, "/status", exit_status);
  if (answer.is_discarded()) return exit_status;
  print(options.output == "json" ? answer.dump(2) + '\n' : status_text(answer));
  return answer.value("state", "") == "ready" ? 0 : 1;
}

int get(const std::vector<std::string>& arguments) {
  ControlOptions options;
  const std::string words = std::string("get ") + control::kKinds + " [NAME]";
  if (!read_options(arguments, options) || options.words.empty() || options.words.size() > 2)
    return usage(words.c_str());
  const std::string kind = lowered(options.words.front());
  int exit_status = 0;
  nlohmann::json answer = ask("get", options, "/get/" + escaped(kind), exit_status);
  if (answer.is_discarded()) return exit_status;
  if (options.words.size() == 2) {
    // By the whole name, or without its provider.
    const std::string& wanted = options.words[1];
    nlohmann::json found = nlohmann::json::array();
    for (const nlohmann::json& one : answer) {
      const std::string name = one.is_object() ? one.value("name", "") : "";
      if (name == wanted || name.substr(0, name.rfind('@')) == wanted) found.push_back(one);
    }
    if (found.empty()) {
      std::fprintf(stderr, "sluice get: there is no %s\n", printable(wanted).c_str());
      return 1;
    }
    answer = std::move(found);
  }
  print(options.output == "json" ? answer.dump(2) + '\n' : list_text(kind, answer));
  return 0;
}

}  // namespace sluice::cmd
