// explain.cpp: `sluice explain`: what becomes of a request, in the running instance or by files.
#include "control/explain.h"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/text.h"
#include "cmd/checking/assembly.h"
#include "cmd/commands.h"
#include "cmd/control_options.h"
#include "cmd/live_text.h"
#include "cmd/middleware_kinds.h"
#include "cmd/static_configuration.h"
#include "config/json.h"

namespace sluice::cmd {
namespace {

struct Options {
  std::vector<std::string> words;  // [METHOD] URL
  std::vector<std::string> headers;
  std::string client;
  std::string entry_point;
  std::string sni;
  bool tcp = false;
  std::string output = "text";
  std::string control;
  checking::Request from;
};

int usage(std::string_view why) {
  std::fprintf(
      stderr,
      "sluice explain: %s\nusage: sluice explain [METHOD] URL [-H 'NAME: VALUE'] [--client-ip IP] [--entrypoint "
      "NAME] [--sni NAME] [--from SOURCE] [-o text|json] [--control PATH] [STATIC FLAGS]\n"
      "       sluice explain --tcp [--sni NAME] [--entrypoint NAME] …   which TCP router takes the connection\n",
      std::string(why).c_str());
  return 2;
}

// Empty: good. Flags that are none of ours are static ones.
std::string read_options(const std::vector<std::string>& arguments, Options& options) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string name = arguments[i];
    if (name.size() < 2 || name[0] != '-') {
      options.words.push_back(std::move(name));
      continue;
    }
    if (name == "--tcp") {
      options.tcp = true;
      continue;
    }
    std::optional<std::string> value;
    if (std::size_t equals = name.find('='); equals != std::string::npos) {
      value = name.substr(equals + 1);
      name.resize(equals);
    }
    std::string* target = name == "--client-ip"                ? &options.client
                          : name == "--entrypoint"             ? &options.entry_point
                          : name == "--sni"                    ? &options.sni
                          : name == "-o" || name == "--output" ? &options.output
                          : name == "--control"                ? &options.control
                                                               : nullptr;
    const bool list = name == "-H" || name == "--header" || name == "--from";
    if (target == nullptr && !list) {
      options.from.static_flags.push_back(arguments[i]);
      continue;
    }
    if (!value) {
      if (++i == arguments.size()) return name + " needs a value";
      value = arguments[i];
    }
    if (target != nullptr) {
      *target = *std::move(value);
    } else {
      (name == "--from" ? options.from.sources : options.headers).push_back(*std::move(value));
    }
  }
  if (options.tcp && options.words.empty()) options.words.push_back("/");
  if (options.words.empty() || options.words.size() > 2) return "name one URL";
  return options.output == "text" || options.output == "json" ? "" : options.output + " is no form of output";
}

std::string query_of(const Options& options) {
  std::string query = "/explain?url=" + escaped(options.words.back());
  if (options.words.size() == 2) query += "&method=" + escaped(options.words.front());
  for (const std::string& header : options.headers) query += "&header=" + escaped(header);
  if (!options.client.empty()) query += "&client=" + escaped(options.client);
  if (!options.entry_point.empty()) query += "&entryPoint=" + escaped(options.entry_point);
  if (!options.sni.empty()) query += "&sni=" + escaped(options.sni);
  if (options.tcp) query += "&tcp=1";
  return query;
}

// The question, or what is wrong with it.
std::optional<control::Question> question_of(const Options& options, std::string& wrong) {
  Result<control::Question> question =
      control::parse_question(options.words.size() == 2 ? options.words.front() : "GET", options.words.back());
  if (!question) {
    wrong = question.error().text;
    return std::nullopt;
  }
  question->entry_point = options.entry_point;
  question->sni = options.sni;
  question->connection = options.tcp;
  if (!options.sni.empty()) question->tls = true;
  if (!options.client.empty()) {
    Result<IpAddress> address = IpAddress::parse(options.client);
    if (!address) {
      wrong = options.client + " is no IP address";
      return std::nullopt;
    }
    question->client.ip = *address;
  }
  for (const std::string& header : options.headers) {
    if (std::string_view fault = control::add_field(*question, header); !fault.empty()) {
      wrong = fault;
      return std::nullopt;
    }
  }
  return *std::move(question);
}

int print_answer(const std::string& json, const Options& options) {
  const nlohmann::json answer = nlohmann::json::parse(json, nullptr, false);
  if (answer.is_discarded()) {
    std::fprintf(stderr, "sluice explain: the answer cannot be read\n");
    return kUnreachable;
  }
  const std::string text = options.output == "json" ? json : explanation_text(answer);
  std::fwrite(text.data(), 1, text.size(), stdout);
  const int status = answer.value("status", 0);
  return status >= 200 && status < 300 ? 0 : 1;
}

int from_files(const Options& options, const control::Question& question) {
  checking::Material material = checking::read_material(options.from, environment());
  std::unique_ptr<checking::Assembly> assembly = checking::assemble(material, middleware_kinds());
  if (config::has_errors(assembly->report)) {
    std::fprintf(stderr, "sluice explain: the configuration has errors; `sluice check` tells them\n");
  }
  if (material.unreadable) {
    print_report(material.report);
    return 2;
  }
  control::Live live;
  live.configuration = &assembly->configuration;
  live.entry_points = assembly->entry_points.settings;
  live.fragments = assembly->fragments;
  live.snapshot = assembly->build.snapshot;
  return print_answer(config::to_json(control::explain(live, question), 2) + '\n', options);
}

}  // namespace

int explain(const std::vector<std::string>& arguments) {
  Options options;
  if (std::string wrong = read_options(arguments, options); !wrong.empty()) return usage(wrong);
  std::string wrong;
  std::optional<control::Question> question = question_of(options, wrong);
  if (!question) return usage(wrong);
  if (!options.from.sources.empty() || !options.from.static_flags.empty()) return from_files(options, *question);
  ControlReply reply = ask_instance(options.control, query_of(options));
  if (reply.status == 200) return print_answer(reply.body, options);
  std::fprintf(stderr, "sluice explain: the running instance cannot be asked: %s\n",
               reply.status == 0 ? reply.error.c_str() : reply.body.c_str());
  return kUnreachable;
}

}  // namespace sluice::cmd
