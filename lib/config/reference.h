// reference.h: documents written from the schema: help, manual page, Markdown reference, shell completion, JSON schema.
//
// Commands are the program's part; it hands in their table.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::config {

struct CommandFlag {
  std::string name;  // "--quiet", "--port=N"
  std::string summary;
};

struct Command {
  std::string name;
  std::string arguments;  // "[STATIC FLAGS]"
  std::string summary;
  std::vector<CommandFlag> flags;
};

struct Program {
  std::string name;     // "sluice"
  std::string summary;  // one line
  std::string version;
  std::vector<Command> commands;
};

// Commands, and every flag with its default and meaning.
std::string help_text(const Program& program);
// Commands only, and where to read more.
std::string short_help_text(const Program& program);
// In the language of man(7), section 1.
std::string man_page(const Program& program);

// Scripts for the shells. They ask `<program> __complete WORD…`, which answers with complete_words().
enum class Shell { bash, zsh, fish };
std::string completion_script(Shell shell, const Program& program);
// One candidate a line, with a tab and its meaning where it has one. `words` are those after the program's name; the
// last one is being typed.
std::string complete_words(const Program& program, const std::vector<std::string>& words);

// Markdown tables of all options.
std::string static_reference();
std::string dynamic_reference();
std::string label_reference();

// JSON Schema, draft 2020-12, of the static and the dynamic configuration file.
std::string static_json_schema();
std::string dynamic_json_schema();

}  // namespace sluice::config
