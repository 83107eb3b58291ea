// Templates as a stranger might write them in a label or a file. None may crash, hang or outgrow its limits; what is
// wrong has a place inside the text; and what does not depend on clock or chance renders the same twice.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "config/template/template.h"

using namespace sluice::config::templates;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check(const TemplateError& error, std::string_view text) {
  require(!error.what.empty() && error.line >= 1 && error.column >= 1);
  require(static_cast<std::size_t>(error.line) <= text.size() + 1);
  require(static_cast<std::size_t>(error.column) <= text.size() + 1);
}

void try_out(std::string_view text, Dialect dialect) {
  const Value data = Value::record({{"Name", "web.app_1"},
                                    {"ContainerName", "proj-web.app-1"},
                                    {"Labels", Value::texts({{"a.b", "x"}, {"host", "h.example"}})}});
  TemplateError error;
  const std::optional<Template> parsed = Template::parse(text, dialect, error);
  if (!parsed) return check(error, text);
  const std::optional<std::string> first = parsed->render(data, error);
  if (!first) return check(error, text);
  require(first->size() <= std::size_t{16} << 20);
  const bool varies = text.find("uuid") != std::string_view::npos || text.find("now") != std::string_view::npos;
  require(varies || parsed->render(data, error) == first);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try_out(text, Dialect::rule);
  try_out(text, Dialect::file);
  const std::string name = normalize(text);
  require(normalize(name) == name);
  return 0;
}
