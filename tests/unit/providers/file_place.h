// file_place.h: a temporary directory for tests of the file provider.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace sluice::test {

class Place {
 public:
  Place() {
    char name[] = "/tmp/sluice-files-XXXXXX";
    path_ = std::filesystem::canonical(mkdtemp(name)).string();
  }
  ~Place() { std::filesystem::remove_all(path_); }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }
  const std::string& path() const { return path_; }
  void write(std::string_view name, std::string_view text) const { std::ofstream(*this / name) << text; }
  void make(std::string_view name) const { std::filesystem::create_directories(*this / name); }
  void link(std::string_view target, std::string_view name) const {
    std::filesystem::create_symlink(target, *this / name);
  }
  void rename(std::string_view from, std::string_view to) const { std::filesystem::rename(*this / from, *this / to); }
  void remove(std::string_view name) const { std::filesystem::remove_all(*this / name); }

 private:
  std::string path_;
};

// YAML of one router `name` for a host of the same name, and its service.
inline std::string router(std::string_view name) {
  const std::string n(name);
  return "http:\n  routers:\n    " + n + ":\n      rule: Host(`" + n + ".example`)\n      service: " + n +
         "\n  services:\n    " + n +
         ":\n      loadBalancer:\n        servers:\n          - url: http://127.0.0.1:8000\n";
}

}  // namespace sluice::test
