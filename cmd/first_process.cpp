#include "cmd/first_process.h"

#include <sys/stat.h>

#include <fstream>

namespace sluice::cmd {

std::optional<std::vector<std::string>> arguments_of_first_process() {
  struct stat first = {};
  struct stat own = {};
  if (::stat("/proc/1/exe", &first) != 0 || ::stat("/proc/self/exe", &own) != 0) return std::nullopt;
  if (first.st_dev != own.st_dev || first.st_ino != own.st_ino) return std::nullopt;
  std::ifstream file("/proc/1/cmdline", std::ios::binary);
  std::vector<std::string> words;
  for (std::string word; std::getline(file, word, '\0');) words.push_back(word);
  if (words.empty()) return std::nullopt;
  words.erase(words.begin());
  return words;
}

}  // namespace sluice::cmd
