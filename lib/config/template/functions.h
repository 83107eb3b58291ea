// functions.h: what a template may call: Go's built-in functions, sprig's pure ones, and Traefik's `normalize`.
//
// A function gets its arguments as a Call and returns a value. It reports a failure on the Call and then returns
// anything; the renderer looks at the Call afterwards. Types are as strict as Go's: `upper 1` is an error.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/template/template.h"
#include "config/template/value.h"

namespace sluice::config::templates {

// What is left of the million steps of one rendering.
class Budget {
 public:
  explicit Budget(std::uint64_t steps) : left_(steps) {}
  // False once the budget is used up; it stays so.
  bool spend(std::uint64_t steps) {
    left_ = steps > left_ ? 0 : left_ - steps;
    return left_ > 0;
  }
  bool spend_bytes(std::uint64_t bytes) { return spend(bytes / 64 + 1); }

 private:
  std::uint64_t left_;
};

class Call {
 public:
  Call(std::vector<Value>& arguments, Budget& budget) : arguments_(arguments), budget_(budget) {}

  std::size_t count() const { return arguments_.size(); }
  Value& operator[](std::size_t i) { return arguments_[i]; }
  std::span<Value> from(std::size_t i) { return std::span<Value>(arguments_).subspan(i); }

  // Arguments of one exact type. Another type fails the call and gives an empty value.
  const std::string& text(std::size_t i);
  std::int64_t integer(std::size_t i);
  bool boolean(std::size_t i);
  const std::vector<Value>& list(std::size_t i);
  const MapValue& map(std::size_t i);
  MapValue* dict(std::size_t i);  // one that may be changed; null after a failure

  // False, and the call has failed, when the rendering has no steps left for so much work. Asked before the work.
  bool spend(std::uint64_t steps);
  bool spend_bytes(std::uint64_t bytes);

  Value fail(std::string what);
  bool failed() const { return !failure_.empty(); }
  const std::string& failure() const { return failure_; }
  Budget& budget() { return budget_; }

 private:
  void wrong_type(std::size_t i, std::string_view wanted);

  std::vector<Value>& arguments_;
  Budget& budget_;
  std::string failure_;
};

struct Function {
  std::string_view name;
  int least;  // number of arguments
  int most;   // -1: any number
  Value (*run)(Call& call);
  // `and` and `or` evaluate their arguments one by one and stop at the first that decides (Go since 1.18).
  enum class Kind : std::uint8_t { plain, all_of, any_of } kind = Kind::plain;
};

// Nothing when no function has this name.
const Function* find_function(std::string_view name, Dialect dialect);
// The name of the function nearest to a misspelt one, or empty.
std::string_view nearest_function(std::string_view name);

// strings.SplitN: the pieces of `text` between separators, at most `most` of them (-1: all), as a list.
Value split_text(std::string_view text, std::string_view separator, std::int64_t most, Call& call);

// sprig's idea of a number: text is read, true is 1, anything else that is none is 0.
std::int64_t to_integer(const Value& value);

// The tables find_function looks in, one per file.
std::span<const Function> builtin_functions();
std::span<const Function> text_functions();
std::span<const Function> list_functions();
std::span<const Function> number_functions();
std::span<const Function> system_functions();
std::span<const Function> regex_functions();

}  // namespace sluice::config::templates
