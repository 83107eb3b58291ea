#include "net/memory_stream.h"

#include "net/relay.h"
#include "support/catch.h"
#include "support/run_task.h"

using namespace sluice;
using namespace sluice::net;

namespace {

Task<void> write_text(Stream& stream, std::string text) {
  Status written = co_await write_all(stream, text, kNoStall);
  CHECK(written.ok());
  stream.shutdown();
}

Task<std::string> read_all(Stream& stream) {
  std::string all;
  for (;;) {
    Result<Bytes> bytes = co_await stream.read(kNoDeadline);
    if (!bytes) co_return all + "!" + std::string(to_string(bytes.error().code));
    if (bytes->empty()) co_return all;
    all += *bytes;
  }
}

}  // namespace

TEST_CASE("a writer waits for the reader of a small pipe") {
  Loop loop;
  Scope scope;
  auto [a, b] = MemoryStream::pair(4);
  b->set_piece(3);
  scope.spawn(write_text(*a, "hello, world"));
  CHECK(test::run_on(loop, read_all(*b)) == "hello, world");
}

TEST_CASE("an aborted stream is a reset for its peer") {
  Loop loop;
  auto [a, b] = MemoryStream::pair();
  a->abort();
  a.reset();
  CHECK(test::run_on(loop, read_all(*b)) == "!reset");
}
