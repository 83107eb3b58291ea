#include "tls/tls_stream.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <utility>

#include "base/ip.h"
#include "tls/peer_certificate.h"
#include "tls/records.h"

namespace sluice::tls {

using net::Bytes;
using net::Follows;

// The library's end of the transport: it reads `input_` of the stream and writes to the thread's output.
struct Wire {
  // One per thread, in use only between two waits.
  struct Buffers {
    // More than one read of the transport can decrypt to: a record may have been waiting for its last byte.
    static constexpr std::size_t kPlain = Loop::kScratch + 32 * 1024;

    std::unique_ptr<char[]> plain{new char[kPlain]};
    std::unique_ptr<char[]> record{new char[kMostOfRecord]};  // small pieces on their way into one record
    std::string out;                                          // ciphertext
  };
  static Buffers& buffers() {
    thread_local Buffers buffers;
    return buffers;
  }

  static int read(BIO* bio, char* into, int size) {
    auto& stream = *static_cast<TlsStream*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    if (stream.input_.empty()) {
      BIO_set_retry_read(bio);
      return -1;
    }
    std::size_t count = std::min(static_cast<std::size_t>(size), stream.input_.size());
    std::memcpy(into, stream.input_.data(), count);
    stream.input_.remove_prefix(count);
    return static_cast<int>(count);
  }

  static int write(BIO* bio, const char* from, int size) {
    BIO_clear_retry_flags(bio);
    buffers().out.append(from, static_cast<std::size_t>(size));
    return size;
  }

  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  static const BIO_METHOD* method() {
    static const BIO_METHOD* method = [] {
      BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "lent bytes");
      SLUICE_CHECK(made != nullptr);
      BIO_meth_set_read(made, read);
      BIO_meth_set_write(made, write);
      BIO_meth_set_ctrl(made, control);
      return made;
    }();
    return method;
  }
};

namespace {

// So much ciphertext goes to the transport at a time.
constexpr std::size_t kBatch = 128 * 1024;
// A peer may make us answer without reading the answers (key updates), up to here.
constexpr std::size_t kMostUnsent = 512 * 1024;

Error with_origin(Error error, Origin peer) {
  if (error.code != Code::cancelled) error.origin = peer;
  error.nothing_sent = peer == Origin::upstream;
  return error;
}

// What is served for the name; empty: nothing may be.
CertificateIndex::Choice choose(const TlsStream::Server& server) {
  CertificateIndex::Choice choice = server.certificates->find(server.sni, std::time(nullptr));
  if (!choice.empty() || server.context->sni_strict() || server.certificates->awaits(server.sni)) return choice;
  choice.certificates[0] = &server.certificates->fallback();
  return choice;
}

}  // namespace

TlsStream::TlsStream(std::unique_ptr<net::Stream> transport, std::shared_ptr<const void> context,
                     Native<ssl_st> session)
    : transport_(std::move(transport)), context_(std::move(context)), session_(std::move(session)) {
  BIO* bio = BIO_new(Wire::method());
  SLUICE_CHECK(session_ != nullptr && bio != nullptr);
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(session_.get(), bio, bio);
}

TlsStream::~TlsStream() { send_close_notify(Follows::unknown); }

void TlsStream::staple(const CertificateIndex::Choice& choice, const CertificateIndex& certificates) {
  for (std::size_t i = 0; i < stapling_.size(); ++i) {
    const Certificate* certificate = choice.certificates[i];
    if (certificate != nullptr) stapling_[i] = {certificate->native(), certificates.staple(*certificate)};
  }
  SSL_set_app_data(session_.get(), &stapling_);
}

bool TlsStream::prepare(const Client& client) {
  SSL* session = session_.get();
  SSL_set_connect_state(session);
  const ClientPolicy& policy = client.context->policy();
  const std::string& name = policy.server_name.empty() ? client.name : policy.server_name;
  bool is_address = IpAddress::parse(name).ok();
  if (!name.empty() && !is_address && SSL_set_tlsext_host_name(session, name.c_str()) != 1) return false;
  for (const auto& certificate : policy.certificates) {
    if (!certificate->use_in(session)) return false;
  }
  static constexpr unsigned char kHttp1[] = "\x08http/1.1";
  if (client.http1_only && SSL_set_alpn_protos(session, kHttp1, sizeof kHttp1 - 1) != 0) return false;
  if (policy.insecure_skip_verify || !policy.peer_names.empty()) return true;
  if (name.empty()) return false;  // a chain that leads to anybody proves nothing
  SSL_set_hostflags(session, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return is_address ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), name.c_str()) == 1
                    : SSL_set1_host(session, name.c_str()) == 1;
}

const std::string* TlsStream::staple_of(ssl_st* session) {
  const auto* all = static_cast<const decltype(stapling_)*>(SSL_get_app_data(session));
  if (all == nullptr) return nullptr;
  X509* chosen = SSL_get_certificate(session);
  for (const Stapling& stapling : *all) {
    if (stapling.certificate == chosen) return stapling.response;
  }
  return nullptr;
}

void TlsStream::resume(const Client& client) {
  if (client.server.port == 0) return;
  const ClientPolicy& policy = client.context->policy();
  resumable_.context = client.context;
  resumable_.server = client.server.to_string() + ' ' + (policy.server_name.empty() ? client.name : policy.server_name);
  ClientSessions::follow(session_.get(), resumable_);
  Native<ssl_session_st> earlier = ClientSessions::of_thread().take(resumable_);
  if (earlier != nullptr) SSL_set_session(session_.get(), earlier.get());
}

Task<Result<std::unique_ptr<TlsStream>>> TlsStream::accept(std::unique_ptr<net::Stream> transport, LentBytes& first,
                                                           Server server, Deadline deadline) {
  const CertificateIndex::Choice choice = choose(server);
  Native<ssl_st> session = choice.empty() ? nullptr : server.context->session(choice);
  if (session == nullptr) {
    // A fatal unrecognized_name alert (RFC 6066 §3) in a record of TLS 1.2, which every version reads.
    static constexpr char kAlert[] = {21, 3, 3, 0, 2, 2, 112};
    iovec alert = net::piece({kAlert, sizeof kAlert});
    [[maybe_unused]] auto sent = transport->write_now({&alert, 1}, sizeof kAlert, Follows::unknown);
    co_return Error::of(Code::security, "no certificate for the server name", Origin::client);
  }
  SSL_set_accept_state(session.get());
  std::unique_ptr<TlsStream> stream(new TlsStream(std::move(transport), server.context, std::move(session)));
  stream->received_.take(first);
  stream->staple(choice, *server.certificates);
  Status shaken = co_await stream->handshake(deadline, Origin::client);
  SSL_set_app_data(stream->session_.get(), nullptr);  // certificates may go from here on
  if (!shaken) co_return shaken.error();
  co_return std::move(stream);
}

Task<Result<std::unique_ptr<TlsStream>>> TlsStream::connect(std::unique_ptr<net::Stream> transport, Client client,
                                                            Deadline deadline) {
  std::unique_ptr<TlsStream> stream(
      new TlsStream(std::move(transport), client.context, Native<ssl_st>(SSL_new(client.context->native()))));
  if (!stream->prepare(client)) {
    co_return with_origin(Error::of(Code::security, "no name to verify the server's certificate for"),
                          Origin::upstream);
  }
  stream->resume(client);
  Status shaken = co_await stream->handshake(deadline, Origin::upstream);
  if (!shaken) co_return shaken.error();
  const ClientPolicy& policy = client.context->policy();
  if (!policy.peer_names.empty() && !policy.insecure_skip_verify) {
    Status named = stream->check_peer_names(policy.peer_names);
    if (!named) co_return named.error();
  }
  co_return std::move(stream);
}

Task<Status> TlsStream::handshake(Deadline deadline, Origin peer) {
  input_ = received_.bytes();
  for (;;) {
    ERR_clear_error();
    int outcome = SSL_do_handshake(session_.get());
    int reason = outcome == 1 ? SSL_ERROR_NONE : SSL_get_error(session_.get(), outcome);
    Error error;
    if (outcome != 1 && reason != SSL_ERROR_WANT_READ) error = handshake_error(reason);
    // After a handshake of TLS 1.3 a server has nothing to say but tickets: they go along with the first data.
    const bool hold = outcome == 1 && peer == Origin::client && SSL_version(session_.get()) == TLS1_3_VERSION;
    Status sent;
    if (hold) {
      hold_back();
    } else {
      sent = send_out(Follows::unknown);
    }
    if (outcome != 1 && reason != SSL_ERROR_WANT_READ) co_return with_origin(error, peer);
    if (outcome == 1) {
      // Data may have come with the client's last message; it waits for the first read.
      LentBytes rest;
      rest.hold(input_);
      if (!input_.empty() && !received_.empty()) rest.keep();
      received_.take(rest);
    } else {
      received_.clear();
    }
    if (sent && !unsent_.empty() && !held_) {
      Duration left = deadline.is_never() ? Duration::max() : deadline - Loop::current().now();
      sent = co_await drain(left, true);
    }
    if (!sent) co_return with_origin(sent.error(), peer);
    if (outcome == 1) break;
    Result<Bytes> bytes = co_await transport_->read(deadline);
    if (!bytes) {
      if (bytes.error().code == Code::timed_out) bytes.error().text = "the TLS handshake did not end in time";
      co_return with_origin(bytes.error(), peer);
    }
    if (bytes->empty()) {
      co_return with_origin(Error::of(Code::closed, "closed during the TLS handshake"), peer);
    }
    input_ = *bytes;
  }
  open_ = true;
  co_return Status();
}

Error TlsStream::handshake_error(int reason) const {
  long verified = SSL_get_verify_result(session_.get());
  if (verified != X509_V_OK) {
    ERR_clear_error();
    return Error::of(Code::security, X509_verify_cert_error_string(verified));
  }
  if (reason == SSL_ERROR_SSL) return Error::of(Code::security, take_openssl_error());
  return Error::of(Code::security, "the TLS handshake failed");
}

Status TlsStream::check_peer_names(const std::vector<ClientPolicy::PeerName>& wanted) const {
  if (peer_has_name(session_.get(), wanted)) return {};
  return with_origin(Error::of(Code::security, "the certificate has no name that peerCertSANs or peerCertURI asks for"),
                     Origin::upstream);
}

std::string_view TlsStream::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(session_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

std::vector<std::string> TlsStream::peer_chain() const { return peer_chain_of(session_.get()); }

bool TlsStream::resumed() const { return SSL_session_reused(session_.get()) == 1; }

void TlsStream::fail(const Error& error) {
  if (failed_) return;
  failed_ = true;
  open_ = false;
  failure_ = error;
}

Task<Result<Bytes>> TlsStream::read(Deadline deadline) {
  for (;;) {
    if (failed_) co_return failure_;
    if (ended_) co_return Bytes();
    Bytes ciphertext;
    LentBytes leftover;
    if (!received_.empty()) {
      leftover.take(received_);
      leftover.keep();
      ciphertext = leftover.bytes();
    } else {
      Result<Bytes> bytes = co_await transport_->read(deadline);
      if (!bytes) co_return bytes.error();
      if (bytes->empty()) {
        // RFC 8446 §6.1: without close_notify nobody knows whether this is the end or somebody cut the connection.
        fail(Error::of(Code::reset, "the TLS session ended without close_notify"));
        continue;
      }
      ciphertext = *bytes;
    }
    Result<Bytes> plain = decrypt(ciphertext);
    if (!plain || !plain->empty()) co_return plain;
  }
}

// All that the ciphertext holds; empty when that is no data.
Result<Bytes> TlsStream::decrypt(Bytes ciphertext) {
  // Whatever is still lent, perhaps from the buffer written to now, moves into memory of its own.
  [[maybe_unused]] std::span<char> kept = Loop::current().scratch();
  char* plain = Wire::buffers().plain.get();
  std::size_t size = 0;
  input_ = ciphertext;
  ERR_clear_error();
  for (;;) {
    SLUICE_CHECK(size < Wire::Buffers::kPlain);
    int got = SSL_read(session_.get(), plain + size, static_cast<int>(Wire::Buffers::kPlain - size));
    if (got > 0) {
      size += static_cast<std::size_t>(got);
      continue;
    }
    int reason = SSL_get_error(session_.get(), got);
    if (reason == SSL_ERROR_WANT_READ) break;
    if (reason == SSL_ERROR_ZERO_RETURN) {
      ended_ = true;
    } else {
      fail(Error::of(Code::reset, take_openssl_error()));
    }
    break;
  }
  input_ = {};
  Status sent = send_out(Follows::unknown);  // alerts, answers to key updates
  if (!sent) fail(sent.error());
  if (size == 0 && failed_) return failure_;
  return Bytes(plain, size);
}

bool TlsStream::encrypt(const char* bytes, std::size_t size) {
  ERR_clear_error();
  int written = SSL_write(session_.get(), bytes, static_cast<int>(size));
  if (written == static_cast<int>(size)) return true;
  fail(Error::of(Code::reset, take_openssl_error()));
  return false;
}

// Gives the transport what the library wrote; what it does not take stays in `unsent_`.
Status TlsStream::send_out(Follows follows) {
  std::string& out = Wire::buffers().out;
  if (out.empty()) return {};
  std::size_t taken = 0;
  if (std::exchange(held_, false)) {
    out.insert(0, unsent_.bytes.get(), unsent_.size);
    unsent_ = {};
  }
  if (!writing_ && unsent_.empty()) {
    iovec all = net::piece(out);
    Result<std::size_t> sent = transport_->write_now({&all, 1}, out.size(), follows);
    if (!sent) {
      out.clear();
      return sent.error();
    }
    taken = *sent;
  }
  if (taken < out.size()) unsent_.append(std::string_view(out).substr(taken));
  out.clear();
  if (unsent_.size > kMostUnsent) return Error::of(Code::too_large, "the peer does not read");
  return {};
}

void TlsStream::hold_back() {
  std::string& out = Wire::buffers().out;
  held_ = !out.empty();
  if (held_) unsent_.append(out);
  out.clear();
}

void TlsStream::Unsent::append(std::string_view more) {
  std::unique_ptr<char[]> all(new char[size + more.size()]);
  if (size > 0) std::memcpy(all.get(), bytes.get(), size);
  std::memcpy(all.get() + size, more.data(), more.size());
  bytes = std::move(all);
  size += more.size();
}

// `refused`: the transport has not taken the first of it in this very turn.
Task<Status> TlsStream::drain(Duration stall, bool refused) {
  while (!unsent_.empty()) {
    std::unique_ptr<char[]> rest = std::move(unsent_.bytes);
    std::size_t left = std::exchange(unsent_.size, 0);
    if (!std::exchange(refused, false)) {
      iovec all = net::piece({rest.get(), left});
      Result<std::size_t> sent = transport_->write_now({&all, 1}, left, Follows::unknown);
      if (!sent) co_return sent.error();
      left -= *sent;
      if (left == 0) continue;
      std::memmove(rest.get(), rest.get() + *sent, left);
    }
    writing_ = true;
    Status written = co_await transport_->write_rest(std::move(rest), left, stall);
    writing_ = false;
    if (!written) co_return written;
  }
  co_return Status();
}

Result<std::size_t> TlsStream::write_now(std::span<const iovec> pieces, std::size_t total, Follows follows) {
  Error gone = failed_ ? failure_ : Error::of(Code::closed, "given up");
  gone.nothing_sent = true;
  if (!open_) return gone;
  if (writing_ || (!unsent_.empty() && !held_)) return std::size_t{0};  // first what waits already
  Wire::Buffers& buffers = Wire::buffers();
  Records records(pieces);
  std::size_t taken = 0;
  while (taken < total) {
    std::string_view record = records.next(buffers.record.get());
    if (!encrypt(record.data(), record.size())) {
      buffers.out.clear();
      return failure_;
    }
    taken += record.size();
    if (taken < total && buffers.out.size() < kBatch) continue;
    Status sent = send_out(taken < total ? Follows::more : follows);
    if (!sent) {
      fail(sent.error());
      Error error = sent.error();
      error.nothing_sent = error.nothing_sent && taken <= kBatch;
      return error;
    }
    if (!unsent_.empty()) {
      // All of it is encrypted, but somebody must wait until it has gone out: the last byte counts as not taken.
      ahead_ = 1;
      refused_ = true;  // `write_rest` follows at once
      return taken - ahead_;
    }
  }
  return taken;
}

Task<Status> TlsStream::write_rest(std::unique_ptr<char[]> rest, std::size_t size, Duration stall) {
  std::size_t done = std::exchange(ahead_, 0);
  SLUICE_CHECK(done <= size);
  for (;;) {
    Status drained = co_await drain(stall, std::exchange(refused_, false));
    if (!drained) {
      fail(drained.error());
      co_return drained;
    }
    if (done == size) co_return Status();
    if (!open_) co_return failed_ ? failure_ : Error::of(Code::closed, "given up");
    while (done < size && Wire::buffers().out.size() < kBatch) {
      std::size_t count = std::min(size - done, kMostOfRecord);
      if (!encrypt(rest.get() + done, count)) {
        Wire::buffers().out.clear();
        co_return failure_;
      }
      done += count;
    }
    Status sent = send_out(Follows::unknown);
    if (!sent) {
      fail(sent.error());
      co_return sent;
    }
    refused_ = !unsent_.empty();
  }
}

// With `more` the end of the connection follows at once, and leaves in the same packet.
void TlsStream::send_close_notify(Follows follows) {
  if (!open_) return;
  open_ = false;
  ERR_clear_error();
  SSL_shutdown(session_.get());
  [[maybe_unused]] Status sent = send_out(follows);
  ERR_clear_error();
}

void TlsStream::shutdown() {
  send_close_notify(Follows::more);
  transport_->shutdown();
}

void TlsStream::abort() {
  open_ = false;
  fail(Error::of(Code::reset, "given up"));
  transport_->abort();
}

void TlsStream::interrupt() {
  send_close_notify(Follows::unknown);
  fail(Error::of(Code::closed, "given up"));
  transport_->interrupt();
}

Task<Status> TlsStream::wait_readable(Deadline deadline) {
  if (!received_.empty() || ended_ || failed_) co_return Status();
  Status ready = co_await transport_->wait_readable(deadline);
  co_return ready;
}

}  // namespace sluice::tls
