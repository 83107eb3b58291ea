// live.cpp: `sluice status` and `sluice get`: ask the running instance over its control socket.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cmd/commands.h"
#include "cmd/control_client.h"
#include "cmd/live_text.h"

namespace sluice::cmd {
namespace {

constexpr int kUnreachable = 3;

struct Options {
  std::vector<std::string> words;
  std::string output = "text";
  std::string control;
};

bool read_options(const std::vector<std::string>& arguments, Options& options) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string name = arguments[i];
    if (name.empty() || name[0] != '-') {
      options.words.push_back(std::move(name));
      continue;
    }
    std::string value;
    const std::size_t equals = name.find('=');
    if (equals != std::string::npos) {
      value = name.substr(equals + 1);
      name.resize(equals);
    } else if (++i < arguments.size()) {
      value = arguments[i];
    }
    if (name == "-o" || name == "--output") {
      options.output = value;
    } else if (name == "--control") {
      options.control = value;
    } else {
      return false;
    }
  }
  return options.output == "text" || options.output == "json";
}

int usage(const char* text) {
  std::fprintf(stderr, "usage: sluice %s [-o text|json] [--control PATH]\n", text);
  return 2;
}

// The answer, or a discarded value after a message on standard error.
nlohmann::json ask(const char* command, const Options& options, const std::string& path, int& exit_status) {
  ControlReply reply = ask_instance(options.control, path);
  nlohmann::json answer = nlohmann::json::parse(reply.body, nullptr, false);
  if (reply.status == 200 && !answer.is_discarded()) return answer;
  std::string why = reply.error;
  if (!answer.is_discarded() && answer.is_object()) why = answer.value("message", reply.body);
  std::fprintf(stderr, "sluice %s: %s\n", command, printable(why).c_str());
  exit_status = reply.status == 404 ? 2 : kUnreachable;
  return nlohmann::json(nlohmann::json::value_t::discarded);
}

int print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  return 0;
}

}  // namespace

int status(const std::vector<std::string>& arguments) {
  Options options;
  if (!read_options(arguments, options) || !options.words.empty()) return usage("status");
  int exit_status = 0;
  const nlohmann::json answer = ask("status", options, "/status", exit_status);
  if (answer.is_discarded()) return exit_status;
  print(options.output == "json" ? answer.dump(2) + '\n' : status_text(answer));
  return answer.value("state", "") == "ready" ? 0 : 1;
}

int get(const std::vector<std::string>& arguments) {
  Options options;
  constexpr const char* kUsage = "get routers|services|middlewares|entrypoints|problems|all [NAME]";
  if (!read_options(arguments, options) || options.words.empty() || options.words.size() > 2) return usage(kUsage);
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
  return print(options.output == "json" ? answer.dump(2) + '\n' : list_text(kind, answer));
}

}  // namespace sluice::cmd
