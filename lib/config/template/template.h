// template.h: Go's text/template, as far as users of Traefik need it: default rules and files of the file provider.
//
// Actions, pipelines, variables, if/else/with/range/break/continue, define/template/block, comments and trim markers,
// Go's built-in functions and the pure functions of sprig (functions.h; docs/file-provider.md lists them). Nothing here
// reads files, resolves names or runs programs.
//
// A Template is immutable once parsed and may be rendered from several threads. Rendering is bounded: 16 MiB of
// output, a million steps, 100 levels of nesting; a template that needs more is an error, never a hang.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "config/template/value.h"

namespace sluice::config::templates {

// What is wrong, and where in the template's text; line and column count from 1, columns in bytes.
struct TemplateError {
  std::string what;
  int line = 0;
  int column = 0;
};

// Traefik gives its templates two sets of functions, which differ in `split` alone.
enum class Dialect {
  rule,  // sprig's: split "," "a,b" is a map with _0 and _1
  file,  // Go's strings.Split: split "a,b" "," is a list
};

struct Program;  // ast.h

class Template {
 public:
  Template(Template&&) noexcept;
  Template& operator=(Template&&) noexcept;
  ~Template();

  // Nothing and `error` set when the text is not a template, or names a function that does not exist.
  static std::optional<Template> parse(std::string_view text, Dialect dialect, TemplateError& error);

  // The text with `data` as "." and "$"; nothing and `error` set when a function fails, a type does not fit or a limit
  // is reached. Messages never quote values, which may come from the environment.
  std::optional<std::string> render(const Value& data, TemplateError& error) const;

 private:
  explicit Template(std::unique_ptr<const Program> program);
  std::unique_ptr<const Program> program_;
};

// Traefik's normalize: the runs of letters and digits of `name`, joined with "-". The names of services and the hosts
// of default rules are made with it.
std::string normalize(std::string_view name);

}  // namespace sluice::config::templates
