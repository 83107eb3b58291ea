// main.cpp: runs a fuzz target over files that are kept, so that what fuzzing once found stays a test with every
// compiler. Arguments are directories; one that is missing or empty is a failure.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

// Feeds every file of `directory` to the target; how many there were. An input is copied to memory of its exact size,
// so that AddressSanitizer sees a read behind its end.
std::size_t replay(const std::filesystem::path& directory) {
  std::error_code failure;
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory, failure)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::vector<char> text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    const std::vector<std::uint8_t> input(text.begin(), text.end());
    std::fprintf(stderr, "%s\n", entry.path().filename().c_str());
    LLVMFuzzerTestOneInput(input.data(), input.size());
    ++count;
  }
  return count;
}

}  // namespace

int main(int argc, char** argv) {
  int empty = argc < 2 ? 1 : 0;
  for (int i = 1; i < argc; ++i) {
    const std::size_t count = replay(argv[i]);
    std::printf("%zu inputs in %s\n", count, argv[i]);
    if (count == 0) empty = 1;
  }
  return empty;
}
