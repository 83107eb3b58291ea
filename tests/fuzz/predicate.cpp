// Expressions of circuitBreaker and of buffering's retryExpression, as labels may carry them.
//
// What can be read can be evaluated, with any facts; what cannot says why.
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>
#include <string_view>

#include "middleware/breaker.h"
#include "middleware/predicate.h"

using namespace sluice;
using middleware::Predicate;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

constexpr Predicate::Function kVocabulary[] = {
    {"Number", 0, Predicate::Type::number},
    {"Of", 4, Predicate::Type::number},
    {"Text", 0, Predicate::Type::text},
    {"True", 1, Predicate::Type::truth},
};

class AnyFacts final : public Predicate::Facts {
 public:
  explicit AnyFacts(double number) : number_(number) {}
  Predicate::Value value(std::size_t function, std::span<const double> arguments) const override {
    require(function < 4 && arguments.size() == kVocabulary[function].arguments);
    return {number_, "GET", number_ > 0};
  }

 private:
  double number_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::string error;
  std::optional<Predicate> read = Predicate::parse(text, kVocabulary, error);
  require(read.has_value() == error.empty());
  for (double number : {0.0, 0.5, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
    if (read) (void)read->holds(AnyFacts(number));
  }
  error.clear();
  require(middleware::BreakerSettings::parse(text, error).has_value() == error.empty());
  return 0;
}
