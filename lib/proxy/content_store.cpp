#include "proxy/content_store.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "http/fields.h"

namespace sluice::proxy {
namespace {

constexpr std::size_t kBlock = 16 * 1024;
constexpr std::size_t kLargestBlock = 1024 * 1024;
constexpr std::size_t kPiece = 256 * 1024;  // of a file

// Without a name from the beginning, where the file system can do that.
int open_nameless() {
  const char* directory = std::getenv("TMPDIR");
  if (directory == nullptr || *directory == '\0') directory = "/tmp";
  int file = ::open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file >= 0) return file;
  std::string name = std::string(directory) + "/sluice-XXXXXX";
  file = ::mkostemp(name.data(), O_CLOEXEC);
  if (file >= 0) ::unlink(name.c_str());
  return file;
}

// A message whose length is said ahead is not chunked, and so has no place for trailers (RFC 9112 §7.1.2).
bool has_trailers(const http::Body& body) { return body.trailers() != nullptr && !body.trailers()->empty(); }

class StoredRequestBody final : public http::Body {
 public:
  StoredRequestBody(const ContentStore& store, http::Body& from, bool complete)
      : store_(store), from_(from), complete_(complete) {}

  Task<Result<http::Bytes>> read() override {
    std::string_view piece = store_.piece(at_);
    if (piece.empty() && !complete_) return from_.read();
    at_ += piece.size();
    return lend(piece);
  }
  // Pieces of a store stay where they are, so any number of them may be held together.
  bool ready() const override { return at_ < store_.size() || complete_ || from_.ready(); }
  const http::Fields* trailers() const override { return from_.trailers(); }
  std::optional<std::uint64_t> remaining() const override {
    std::uint64_t left = store_.size() - at_;
    if (!complete_) {
      std::optional<std::uint64_t> rest = from_.remaining();
      return rest ? std::optional(left + *rest) : std::nullopt;
    }
    return has_trailers(from_) ? std::nullopt : std::optional(left);
  }

 private:
  static Task<Result<http::Bytes>> lend(http::Bytes piece) { co_return piece; }

  const ContentStore& store_;
  http::Body& from_;
  bool complete_;
  std::uint64_t at_ = 0;
};

// Without the body it was read from.
class StoredContent final : public http::Body {
 public:
  explicit StoredContent(const ContentStore& store) : store_(store) {}

  Task<Result<http::Bytes>> read() override {
    std::string_view piece = store_.piece(at_);
    at_ += piece.size();
    co_return piece;
  }
  bool ready() const override { return true; }
  std::optional<std::uint64_t> remaining() const override { return store_.size() - at_; }

 private:
  const ContentStore& store_;
  std::uint64_t at_ = 0;
};

class StoredResponseBody final : public http::Body {
 public:
  StoredResponseBody(Ref<ContentStore> store, std::unique_ptr<http::Body> read_from)
      : store_(std::move(store)), read_from_(std::move(read_from)) {}

  Task<Result<http::Bytes>> read() override {
    std::string_view piece = store_->piece(at_);
    at_ += piece.size();
    co_return piece;
  }
  bool ready() const override { return true; }
  const http::Fields* trailers() const override { return read_from_->trailers(); }
  std::optional<std::uint64_t> remaining() const override {
    return has_trailers(*read_from_) ? std::nullopt : std::optional(store_->size() - at_);
  }

 private:
  Ref<ContentStore> store_;
  std::unique_ptr<http::Body> read_from_;
  std::uint64_t at_ = 0;
};

}  // namespace

ContentStore::~ContentStore() {
  if (mapped_ != nullptr) ::munmap(const_cast<char*>(mapped_), mapped_size_);
  if (file_ >= 0) ::close(file_);
}

Task<Result<bool>> ContentStore::fill(http::Body& body, std::uint64_t limit) {
  if (body.remaining().value_or(0) > limit) co_return false;
  for (;;) {
    Result<http::Bytes> piece = co_await body.read();
    if (!piece) co_return piece.error();
    if (piece->empty()) break;
    Status kept = append(*piece);
    if (!kept) co_return kept.error();
    if (size_ > limit) co_return false;
    // RFC 9112 §6.3: content of known length ends with its last byte.
    if (body.remaining() == std::uint64_t{0}) break;
  }
  Status mapped = map();
  if (!mapped) co_return mapped.error();
  co_return true;
}

Status ContentStore::append(std::string_view bytes) {
  while (!bytes.empty() && file_ < 0 && block_bytes_ < in_memory_) {
    if (blocks_.empty() || blocks_.back().used == blocks_.back().size) {
      std::size_t wanted = std::max(blocks_.empty() ? kBlock : blocks_.back().size * 2, bytes.size());
      std::size_t size = std::min<std::uint64_t>(std::min(wanted, kLargestBlock), in_memory_ - block_bytes_);
      Block block;
      block.bytes = std::make_unique_for_overwrite<char[]>(size);
      block.size = size;
      block.at = block_bytes_;
      blocks_.push_back(std::move(block));
    }
    Block& block = blocks_.back();
    std::size_t count = std::min(bytes.size(), block.size - block.used);
    std::memcpy(block.bytes.get() + block.used, bytes.data(), count);
    block.used += count;
    block_bytes_ += count;
    size_ += count;
    bytes.remove_prefix(count);
  }
  return bytes.empty() ? Status() : append_to_file(bytes);
}

Status ContentStore::append_to_file(std::string_view bytes) {
  if (file_ < 0) file_ = open_nameless();
  if (file_ < 0) return Error::of(Code::exhausted, "no temporary file for the content of a message");
  while (!bytes.empty()) {
    ssize_t written = ::write(file_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return Error::of(Code::exhausted, "no room in the temporary file for the content of a message");
    size_ += static_cast<std::uint64_t>(written);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Status ContentStore::map() {
  if (file_ < 0 || mapped_ != nullptr) return {};
  std::uint64_t size = size_ - block_bytes_;
  void* mapped = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file_, 0);
  if (mapped == MAP_FAILED) return Error::of(Code::exhausted, "no room for the content of a message");
  mapped_ = static_cast<const char*>(mapped);
  mapped_size_ = size;
  return {};
}

std::string_view ContentStore::piece(std::uint64_t at) const {
  if (at >= block_bytes_) {
    std::uint64_t offset = at - block_bytes_;
    if (offset >= mapped_size_) return {};
    return {mapped_ + offset, static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, mapped_size_ - offset))};
  }
  auto after = std::upper_bound(blocks_.begin(), blocks_.end(), at,
                                [](std::uint64_t position, const Block& block) { return position < block.at; });
  const Block& block = *std::prev(after);
  auto offset = static_cast<std::size_t>(at - block.at);
  return {block.bytes.get() + offset, block.used - offset};
}

http::Body* ContentStore::new_request_body(Arena& arena, http::Body& from, bool complete) const {
  // It owns nothing, so that nobody has to destroy it.
  void* place = arena.allocate(sizeof(StoredRequestBody), alignof(StoredRequestBody));
  return ::new (place) StoredRequestBody(*this, from, complete);
}

http::Body* ContentStore::new_request_body(Arena& arena) const {
  return ::new (arena.allocate(sizeof(StoredContent), alignof(StoredContent))) StoredContent(*this);
}

std::unique_ptr<http::Body> ContentStore::as_response_body(Ref<ContentStore> store,
                                                           std::unique_ptr<http::Body> read_from) {
  return std::make_unique<StoredResponseBody>(std::move(store), std::move(read_from));
}

}  // namespace sluice::proxy
