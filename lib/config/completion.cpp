#include "base/text.h"
#include "config/options.h"
#include "config/reference.h"

namespace sluice::config {
namespace {

// Candidates come one a line; those that end in "=" or "." go on without a space.
constexpr std::string_view kBash = R"(# bash completion for @PROGRAM@
_@PROGRAM@() {
  local IFS=$'\n' line word=${COMP_LINE:0:COMP_POINT} words
  word=${word##* }
  COMPREPLY=()
  IFS=' ' read -r -a words <<<"${COMP_LINE:0:COMP_POINT}"
  [ -z "$word" ] && words+=("")
  for line in $(@PROGRAM@ __complete "${words[@]:1}" 2>/dev/null); do
    line=${line%%$'\t'*}
    # Readline takes "=" for the end of a word.
    case $word in *=*) line=${line#"${word%=*}="} ;; esac
    COMPREPLY+=("$line")
  done
  case ${COMPREPLY[0]} in *= | *.) compopt -o nospace ;; esac
}
complete -F _@PROGRAM@ @PROGRAM@
)";

constexpr std::string_view kZsh = R"(#compdef @PROGRAM@
_@PROGRAM@() {
  local line
  local -a plain open
  for line in "${(@f)$(@PROGRAM@ __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -z $line ]] && continue
    line=${line%%$'\t'*}
    case $line in
      *= | *.) open+=("$line") ;;
      *) plain+=("$line") ;;
    esac
  done
  (( $#open )) && compadd -S '' -- $open
  (( $#plain )) && compadd -- $plain
}
compdef _@PROGRAM@ @PROGRAM@
)";

constexpr std::string_view kFish = R"(# fish completion for @PROGRAM@
complete -c @PROGRAM@ -f -a '(@PROGRAM@ __complete (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
)";

void add(std::string& text, std::string_view candidate, std::string_view doc) {
  text += candidate;
  if (!doc.empty()) text += '\t' + std::string(doc);
  text += '\n';
}

}  // namespace

std::string completion_script(Shell shell, const Program& program) {
  const std::string_view script = shell == Shell::bash ? kBash : shell == Shell::zsh ? kZsh : kFish;
  constexpr std::string_view kPlace = "@PROGRAM@";
  std::string text;
  std::size_t from = 0;
  for (std::size_t at = script.find(kPlace); at != std::string_view::npos; at = script.find(kPlace, from)) {
    text += script.substr(from, at - from);
    text += program.name;
    from = at + kPlace.size();
  }
  return text += script.substr(from);
}

std::string complete_words(const Program& program, const std::vector<std::string>& words) {
  std::string text;
  const std::string typed = words.empty() ? std::string() : words.back();
  const Command* chosen = nullptr;
  for (const Command& command : program.commands) {
    if (words.size() > 1 && command.name == words.front()) chosen = &command;
  }
  if (words.size() <= 1 && typed.rfind('-', 0) != 0) {
    for (const Command& command : program.commands) {
      if (istarts_with(command.name, typed)) add(text, command.name, command.summary);
    }
    return text;
  }
  if (chosen != nullptr) {
    for (const CommandFlag& flag : chosen->flags) {
      const std::string name =
          flag.name.substr(0, flag.name.find('=') == std::string::npos ? std::string::npos : flag.name.find('=') + 1);
      if (istarts_with(name, typed)) add(text, name, flag.summary);
    }
  }
  // A command that takes the static flags says so in its arguments; without a command they are what is completed.
  const bool static_flags = chosen == nullptr || chosen->arguments.find("STATIC FLAGS") != std::string::npos;
  if (!static_flags || typed.rfind('-', 0) != 0) return text;
  if (istarts_with("--configFile=", typed)) add(text, "--configFile=", "The file to read.");
  for (const Candidate& candidate : complete_flag(typed)) add(text, candidate.text, candidate.doc);
  return text;
}

}  // namespace sluice::config
