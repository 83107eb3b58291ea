// predicate.h: the expression language of circuitBreaker and of buffering's retryExpression:
//
//   NetworkErrorRatio() > 0.30 || ResponseCodeRatio(500, 600, 0, 600) > 0.25
//
// Comparisons of functions with numbers or text (in quotes), functions that are true or false, joined by && (binds more
// tightly) and ||, with brackets. Immutable; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::middleware {

class Predicate {
 public:
  enum class Type : std::uint8_t { number, text, truth };
  struct Function {
    std::string_view name;
    std::size_t arguments = 0;  // numbers
    Type type = Type::number;
  };
  struct Value {
    double number = 0;
    std::string_view text = {};
    bool truth = false;
  };
  // Gives the values of functions, by their place in the vocabulary.
  class Facts {
   public:
    virtual Value value(std::size_t function, std::span<const double> arguments) const = 0;

   protected:
    ~Facts() = default;
  };

  // `vocabulary` is static. Nothing when the text is no expression over it; `error` says where and why.
  static std::optional<Predicate> parse(std::string_view text, std::span<const Function> vocabulary,
                                        std::string& error);

  bool holds(const Facts& facts) const { return holds(root_, facts); }

 private:
  friend class PredicateParser;
  enum class Kind : std::uint8_t { all, any, less, less_equal, greater, greater_equal, equal, not_equal, truth };
  struct Operand {
    Type type = Type::number;
    int function = -1;  // or a constant
    std::vector<double> arguments;
    double number = 0;
    std::string text;
  };
  struct Node {
    Kind kind = Kind::truth;
    std::size_t left = 0;  // nodes of all and any, operands of the others
    std::size_t right = 0;
  };

  bool holds(std::size_t node, const Facts& facts) const;
  static Value value(const Operand& operand, const Facts& facts);

  std::vector<Node> nodes_;
  std::vector<Operand> operands_;
  std::size_t root_ = 0;
};

}  // namespace sluice::middleware
