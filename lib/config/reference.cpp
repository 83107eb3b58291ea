#include "config/reference.h"

#include <algorithm>

#include "base/text.h"
#include "config/dynamic.h"
#include "config/labels.h"
#include "config/options.h"
#include "config/static_config.h"

namespace sluice::config {
namespace {

constexpr std::string_view kSources =
    "Options come from one source only: a file (--configFile, or the first of /etc/traefik/traefik, "
    "$XDG_CONFIG_HOME/traefik, $HOME/.config/traefik, ./traefik with .toml, .yaml or .yml), else flags, else "
    "variables. "
    "A variable is TRAEFIK_ and the option with _ for dots: TRAEFIK_LOG_LEVEL is --log.level. Names of options may be "
    "written in any case.";

// Text as lines of at most 100 letters, each after `indent`.
std::string wrapped(std::string_view text, const std::string& indent) {
  std::string result;
  std::string line;
  for (const std::string_view word : split(text, ' ')) {
    if (!line.empty() && line.size() + 1 + word.size() > 100) {
      result += indent + line + '\n';
      line.clear();
    }
    if (!line.empty()) line += ' ';
    line += word;
  }
  return result + indent + line + '\n';
}

// A flag that can be given: groups only where they may be empty.
std::vector<Option> flags() {
  std::vector<Option> all = list_options(schema_of<Static>());
  std::erase_if(all, [](const Option& option) { return option.group && !option.field->allow_empty; });
  std::stable_sort(all.begin(), all.end(),
                   [](const Option& a, const Option& b) { return lowered(a.path) < lowered(b.path); });
  return all;
}

std::string notes(const Option& option) {
  std::string text;
  if (!option.field->values.empty()) {
    text += " One of ";
    for (const std::string& value : option.field->values) {
      text += (value == option.field->values.front() ? "" : ", ") + value;
    }
    text += '.';
  }
  if (!option.field->deprecated.empty()) text += " Deprecated: use " + option.field->deprecated + '.';
  if (!option.served) text += " Not served by this version.";
  return text;
}

std::string flag_text(const Option& option) {
  std::string text = "--" + option.path;
  const bool is_switch = option.group || option.type == "true or false";
  if (!is_switch) text += "=<" + option.type + '>';
  const std::string_view default_value = option.group ? "off" : std::string_view(option.default_value);
  if (!default_value.empty()) text += "  (default " + std::string(default_value) + ')';
  return text;
}

std::string command_lines(const Program& program) {
  std::size_t width = 0;
  for (const Command& command : program.commands) width = std::max(width, command.name.size());
  std::string text;
  for (const Command& command : program.commands) {
    text += "  " + command.name + std::string(width + 2 - command.name.size(), ' ') + command.summary + '\n';
  }
  return text;
}

// Text for man(7): backslashes and leading dots have a meaning there, and a plain hyphen may become another letter.
std::string roff(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '\\') {
      result += "\\e";
    } else if (c == '-') {
      result += "\\-";
    } else {
      result += c;
    }
  }
  if (!result.empty() && (result[0] == '.' || result[0] == '\'')) result.insert(0, "\\&");
  return result;
}

// Text inside a cell of a Markdown table.
std::string cell(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '|') result += '\\';
    result += c;
  }
  return result;
}

std::string markdown_tables(const std::vector<Option>& options, std::string_view key) {
  std::string text;
  std::string section;
  for (const Option& option : options) {
    if (option.group && !option.field->allow_empty) continue;
    const std::string root = option.path.substr(0, option.path.find_first_of(".[", key.size()));
    if (root != section) {
      section = root;
      text += "\n## `" + root + "`\n\n| Option | Type | Default | Meaning |\n|---|---|---|---|\n";
    }
    std::string default_value = cell(option.default_value);
    const bool has_tick = default_value.find('`') != std::string::npos;
    if (!default_value.empty()) default_value = has_tick ? "`` " + default_value + " ``" : '`' + default_value + '`';
    text += "| `" + option.path + "` | " + option.type + " | " + default_value + " | " +
            cell(option.field->doc + notes(option)) + (option.field->own ? " Sluice's own." : "") + " |\n";
  }
  return text;
}

}  // namespace

std::string short_help_text(const Program& program) {
  return program.summary + "\n\nUsage: " + program.name + " [COMMAND] [FLAGS]\n\nCommands:\n" + command_lines(program) +
         "\nWithout a command, " + program.name + " runs with the static flags given. `" + program.name +
         " --help` lists them all.\n";
}

std::string help_text(const Program& program) {
  std::string text = program.summary + "\n\nUsage: " + program.name + " [COMMAND] [FLAGS]\n\nCommands:\n" +
                     command_lines(program) + '\n' + wrapped(kSources, "") + "\nFlags:\n";
  text += "  --configFile=<text>\n" + wrapped("The file to read; everything else is ignored then.", "        ");
  for (const Option& option : flags()) {
    text += "  " + flag_text(option) + '\n' + wrapped(option.field->doc + notes(option), "        ");
  }
  return text;
}

std::string man_page(const Program& program) {
  std::string text =
      ".TH " + uppered(program.name) + " 1 \"\" \"" + program.name + ' ' + program.version + "\"\n.ad l\n.nh\n";
  text += ".SH NAME\n" + roff(program.name) + " \\- " + roff(program.summary) + '\n';
  text += ".SH SYNOPSIS\n.B " + roff(program.name) + "\n[COMMAND] [FLAGS]\n";
  text += ".SH COMMANDS\n";
  for (const Command& command : program.commands) {
    text += ".TP\n.B " + roff(command.name + (command.arguments.empty() ? "" : ' ' + command.arguments)) + '\n' +
            roff(command.summary) + '\n';
    for (const CommandFlag& flag : command.flags) {
      text += ".RS\n.TP\n.B " + roff(flag.name) + '\n' + roff(flag.summary) + "\n.RE\n";
    }
  }
  text += ".SH CONFIGURATION\n" + roff(kSources) + "\n.SH OPTIONS\n";
  for (const Option& option : flags()) {
    text += ".TP\n.B " + roff(flag_text(option)) + '\n' + roff(option.field->doc + notes(option)) + '\n';
  }
  return text;
}

std::string static_reference() {
  return "# Static options\n\n" + std::string(kSources) + "\n" + markdown_tables(list_options(schema_of<Static>()), "");
}

std::string dynamic_reference() {
  return "# Dynamic options\n\nWhat files of the file provider may hold.\n" +
         markdown_tables(list_options(schema_of<Dynamic>()), "http.");
}

std::string label_reference() {
  std::vector<Option> options = list_options(schema_of<Dynamic>(), "traefik");
  std::erase_if(options, [](const Option& option) { return !option.by_label; });
  for (Option& option : options) option.path = lowered(option.path);
  const auto append = [&](const StructSchema& schema, std::string_view prefix) {
    std::vector<Option> more = list_options(schema, prefix);
    for (Option& option : more) option.path = lowered(option.path);
    options.insert(options.end(), more.begin(), more.end());
  };
  append(schema_of<HttpServerHints>(), "traefik.http.services.<name>.loadbalancer.server");
  append(schema_of<TcpServerHints>(), "traefik.tcp.services.<name>.loadbalancer.server");
  append(schema_of<UdpServerHints>(), "traefik.udp.services.<name>.loadbalancer.server");
  append(schema_of<DockerLabels>(), "traefik.docker");
  append(schema_of<SwarmLabels>(), "traefik.swarm");
  std::stable_sort(options.begin(), options.end(), [](const Option& a, const Option& b) { return a.path < b.path; });
  return "# Labels\n\n`traefik.enable` is true or false: whether the container is published.\n" +
         markdown_tables(options, "traefik.");
}

}  // namespace sluice::config
