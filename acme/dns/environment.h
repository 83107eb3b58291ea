// environment.h: the variables DNS providers are set up with, under lego's names.
//
// A variable `NAME` may be given as `NAME_FILE`, a path whose content is the value (its final line ends are cut off).
// Several names may stand for one setting; the first that has a value counts. Lives while a solver is made.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace sluice::acme::dns {

class Environment {
 public:
  using Names = std::initializer_list<std::string_view>;

  explicit Environment(const std::map<std::string, std::string>& variables) : variables_(variables) {}

  // The value, or `fallback` when there is none or it is empty.
  std::string text(Names names, std::string_view fallback = {});
  // As text; a missing one is noted as a problem.
  std::string required(Names names);
  // Whole numbers. Anything else is a warning, and the fallback counts, as in lego.
  std::int64_t number(Names names, std::int64_t fallback, std::int64_t least);
  Duration seconds(Names names, Duration fallback);
  // "true", "1", "t" and their contraries, as Go's ParseBool; anything else is a warning.
  bool truth(Names names, bool fallback);

  // The content of a file, without its final line ends. A file that cannot be read is a problem.
  std::string file(std::string_view variable, const std::string& path);
  // What is wrong with the values, each a sentence with its variable.
  void problem(std::string text) { problems_.push_back(std::move(text)); }
  const std::vector<std::string>& problems() const { return problems_; }
  // What was passed over.
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  const std::map<std::string, std::string>& variables_;
  std::vector<std::string> problems_;
  std::vector<std::string> warnings_;
};

}  // namespace sluice::acme::dns
