// documents.cpp: the commands that print documents: help, man page, completion, reference.
#include <cstdio>
#include <fstream>
#include <string>
#include <utility>

#include "cmd/command_table.h"
#include "cmd/commands.h"
#include "config/reference.h"

namespace sluice::cmd {
namespace {

int show(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  return 0;
}

int usage(const char* text) {
  std::fprintf(stderr, "usage: sluice %s\n", text);
  return 2;
}

}  // namespace

int help(const std::vector<std::string>&) { return show(config::help_text(described_program())); }

int man(const std::vector<std::string>&) { return show(config::man_page(described_program())); }

int completion(const std::vector<std::string>& arguments) {
  if (arguments.size() == 1) {
    if (arguments[0] == "bash") return show(config::completion_script(config::Shell::bash, described_program()));
    if (arguments[0] == "zsh") return show(config::completion_script(config::Shell::zsh, described_program()));
    if (arguments[0] == "fish") return show(config::completion_script(config::Shell::fish, described_program()));
  }
  return usage("completion bash|zsh|fish");
}

// Every document of docs/reference, each in a file of its own.
static int write_all(const std::string& directory) {
  const std::pair<const char*, std::string> files[] = {
      {"static.md", config::static_reference()},
      {"dynamic.md", config::dynamic_reference()},
      {"labels.md", config::label_reference()},
      {"static.schema.json", config::static_json_schema()},
      {"dynamic.schema.json", config::dynamic_json_schema()},
      {"commands.txt", config::short_help_text(described_program())},
  };
  for (const auto& [name, text] : files) {
    const std::string path = directory + '/' + name;
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << text;
    file.close();
    if (file) continue;
    std::fprintf(stderr, "sluice reference: %s cannot be written\n", path.c_str());
    return 1;
  }
  return 0;
}

int reference(const std::vector<std::string>& arguments) {
  if (arguments.size() == 2 && arguments[0] == "all") return write_all(arguments[1]);
  if (arguments.size() == 1) {
    if (arguments[0] == "static") return show(config::static_reference());
    if (arguments[0] == "dynamic") return show(config::dynamic_reference());
    if (arguments[0] == "labels") return show(config::label_reference());
    if (arguments[0] == "static-schema") return show(config::static_json_schema());
    if (arguments[0] == "dynamic-schema") return show(config::dynamic_json_schema());
  }
  return usage("reference static|dynamic|labels|static-schema|dynamic-schema, or: reference all DIRECTORY");
}

int complete(const std::vector<std::string>& words) { return show(config::complete_words(described_program(), words)); }

}  // namespace sluice::cmd
