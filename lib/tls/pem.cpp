#include "tls/pem.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/file.h"
#include "base/text.h"

namespace sluice::tls {
namespace {

constexpr std::size_t kMostBytes = 1024 * 1024;
constexpr std::size_t kLongestPath = 4096;

std::string shown(const std::string& path, Kind kind) { return kind == Kind::key ? "the key file" : printable(path); }

}  // namespace

bool is_inline_pem(std::string_view value) { return value.find("-----BEGIN ") != std::string_view::npos; }

PemText read_pem(const std::string& value, Kind kind) {
  PemText pem;
  if (is_inline_pem(value)) {
    pem.text = value;
    return pem;
  }
  std::string_view what = kind == Kind::key ? "key" : "certificate";
  if (value.empty()) {
    pem.error = fmt::format("no {} is given", what);
    return pem;
  }
  if (value.size() > kLongestPath || value.find_first_of(std::string_view("\n\0", 2)) != std::string::npos) {
    pem.error = fmt::format("the {} is neither a path nor PEM text", what);
    return pem;
  }
  const Descriptor file(open(value.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  auto fail = [&](int error) {
    pem.error = fmt::format("{} cannot be read: {}", shown(value, kind), std::generic_category().message(error));
    return pem;
  };
  if (!file) return fail(errno);
  struct stat status {};
  if (fstat(file.get(), &status) != 0) return fail(errno);
  if (S_ISDIR(status.st_mode)) return fail(EISDIR);
  if (!S_ISREG(status.st_mode)) return fail(EINVAL);
  Result<std::string> text = read_to_end(file.get(), kMostBytes);
  if (!text) return fail(text.error().sys);
  pem.text = *std::move(text);
  if (!is_inline_pem(pem.text)) {
    pem.error = fmt::format("{} holds no PEM text", shown(value, kind));
    pem.text.clear();
  }
  return pem;
}

std::string file_stamp(const std::string& value) {
  struct stat status {};
  if (is_inline_pem(value) || value.empty() || stat(value.c_str(), &status) != 0) return {};
  return fmt::format("{}.{}.{}.{}.{}.{}", status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec,
                     status.st_mtim.tv_nsec, status.st_ctim.tv_nsec);
}

}  // namespace sluice::tls
