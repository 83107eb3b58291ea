#include "cmd/control_options.h"

#include <cstdio>

#include "base/text.h"

namespace sluice::cmd {

bool read_options(const std::vector<std::string>& arguments, ControlOptions& options) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string name = arguments[i];
    if (name.empty() || name[0] != '-') {
      options.words.push_back(std::move(name));
      continue;
    }
    std::string value;
    if (const std::size_t equals = name.find('='); equals != std::string::npos) {
      value = name.substr(equals + 1);
      name.resize(equals);
    } else if (++i < arguments.size()) {
      value = arguments[i];
    }
    if (name == "-o" || name == "--output") {
      options.output = value;
    } else if (name == "--control") {
      options.control = value;
    } else if (auto known = options.more.find(name); known != options.more.end()) {
      known->second = value;
    } else {
      return false;
    }
  }
  return options.output == "text" || options.output == "json";
}

nlohmann::json answer_of(const ControlReply& reply, const char* command) {
  nlohmann::json answer = nlohmann::json::parse(reply.body, nullptr, false);
  if (reply.status / 100 == 2 && !answer.is_discarded()) return answer;
  std::string why = reply.error;
  if (!answer.is_discarded() && answer.is_object()) why = answer.value("message", reply.body);
  std::fprintf(stderr, "sluice %s: %s\n", command, printable(why).c_str());
  return nlohmann::json(nlohmann::json::value_t::discarded);
}

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

}  // namespace sluice::cmd
