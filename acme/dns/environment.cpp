#include "acme/dns/environment.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "base/text.h"

namespace sluice::acme::dns {

std::string Environment::text(Names names, std::string_view fallback) {
  for (std::string_view name : names) {
    auto direct = variables_.find(std::string(name));
    if (direct != variables_.end() && !direct->second.empty()) return direct->second;
    std::string file_variable = std::string(name) + "_FILE";
    auto path = variables_.find(file_variable);
    if (path == variables_.end() || path->second.empty()) continue;
    std::string content = file(file_variable, path->second);
    if (!content.empty()) return content;
  }
  return std::string(fallback);
}

std::string Environment::required(Names names) {
  std::string value = text(names);
  if (value.empty()) {
    std::string list;
    for (std::string_view name : names) list += (list.empty() ? "" : " or ") + std::string(name);
    problem(list + " is not set");
  }
  return value;
}

std::int64_t Environment::number(Names names, std::int64_t fallback, std::int64_t least) {
  std::string value = text(names);
  if (value.empty()) return fallback;
  std::optional<std::int64_t> number = parse_i64(trim(value));
  if (number && *number >= least && *number <= INT32_MAX) return *number;
  warnings_.push_back(std::string(*names.begin()) + " is \"" + value + "\", expected a whole number of at least " +
                      std::to_string(least) + "; " + std::to_string(fallback) + " is used");
  return fallback;
}

Duration Environment::seconds(Names names, Duration fallback) {
  return std::chrono::seconds(number(names, std::chrono::duration_cast<std::chrono::seconds>(fallback).count(), 0));
}

bool Environment::truth(Names names, bool fallback) {
  std::string value = lowered(text(names));
  if (value.empty()) return fallback;
  if (value == "true" || value == "t" || value == "1") return true;
  if (value == "false" || value == "f" || value == "0") return false;
  warnings_.push_back(std::string(*names.begin()) + " is \"" + value + "\", expected true or false; " +
                      (fallback ? "true" : "false") + " is used");
  return fallback;
}

std::string Environment::file(std::string_view variable, const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::string content((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  if (!stream.is_open() || stream.bad()) {
    problem(std::string(variable) + " names the file " + path + ", which cannot be read: " + std::strerror(errno));
    return {};
  }
  while (content.ends_with('\n') || content.ends_with('\r')) content.pop_back();
  return content;
}

}  // namespace sluice::acme::dns
