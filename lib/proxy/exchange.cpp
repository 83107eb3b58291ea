#include "proxy/exchange.h"

#include "http/body.h"
#include "http/h1/writer.h"
#include "net/relay.h"
#include "proxy/h1_writing.h"
#include "proxy/worker_local.h"

namespace sluice::proxy {

Exchange::~Exchange() {
  if (upload == Upload::complete && response_complete && keep_alive && !stream().broken()) {
    WorkerLocal::current().upstreams().release(endpoint_, std::move(connection_));
  }
}

Task<void> pump_request(Ref<Exchange> exchange, http::Body& body, http::Bytes head, bool chunked, Arena& arena) {
  exchange->upload = Exchange::Upload::running;
  // An upstream that takes its time to read is no error: its own end or the client's ends this.
  H1Writing writing{exchange->stream(), net::kNoStall, chunked, arena};
  Written written = co_await write_message(writing, head, body, exchange->uploaded);
  if (written.sink && written.source) {
    exchange->upload = Exchange::Upload::complete;
  } else if (!written.source && written.source.error().code != Code::cancelled) {
    // The content of a request comes from the client, whichever way it took.
    exchange->upload = Exchange::Upload::failed;
    exchange->upload_error = written.source.error();
    exchange->upload_error.origin = Origin::client;
    exchange->stream().abort();
  } else {
    exchange->upload = Exchange::Upload::stopped;
  }
}

}  // namespace sluice::proxy
