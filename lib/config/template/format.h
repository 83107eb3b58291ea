// format.h: values as text, as Go's fmt package writes them.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "config/template/functions.h"
#include "config/template/value.h"

namespace sluice::config::templates {

// "%v": text as it is, "[a b]", "map[k:v]", "1e+06". Null inside a list is "<nil>". Work is charged to `budget`; when
// that is used up the text ends early (and the rendering fails).
std::string display(const Value& value, Budget& budget);
// "%q" of a text: in double quotes, with Go's escapes.
std::string go_quote(std::string_view text);
// "%v" of a float: the shortest digits that read back as the same number.
std::string format_float(double number);

// fmt.Sprint: a space between two operands when neither is text. fmt.Sprintln: always, and a line end.
std::string go_print(std::span<const Value> values, Budget& budget);
std::string go_println(std::span<const Value> values, Budget& budget);
// fmt.Sprintf: the verbs v s d q t f F e g x X o b c U T and %%, with flags, width and precision. A verb that does not
// fit its argument is written as Go does: "%!d(string=x)". Nothing when the budget is used up.
std::optional<std::string> go_printf(std::string_view format, std::span<const Value> values, Budget& budget);

}  // namespace sluice::config::templates
