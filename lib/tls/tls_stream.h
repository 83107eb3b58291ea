// tls_stream.h: a TLS session as a Stream, over any other stream.
//
// The library reads and writes memory only: ciphertext lies in the loop's scratch while it is decrypted, and in one
// buffer per thread while it is sent, so an idle session owns no buffer (2.1 system calls and 8.5 µs of CPU a request,
// against 3.3 and 9.9 with the library on the socket). What does not go out at once is kept until the writer's turn.
//
// Owned by its connection, on one loop. Plaintext that `read` lends follows the rule of lent bytes.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "async/lent.h"
#include "base/ip.h"
#include "net/stream.h"
#include "tls/certificate_index.h"
#include "tls/client_context.h"
#include "tls/client_sessions.h"
#include "tls/native.h"
#include "tls/server_context.h"

namespace sluice::tls {

class TlsStream final : public net::Stream {
 public:
  // What a session towards a client begins with.
  struct Server {
    std::shared_ptr<const ServerContext> context;
    const CertificateIndex* certificates = nullptr;  // until the handshake has ended
    std::string_view sni;                            // canonical, or empty; until the handshake has ended
  };
  // The whole handshake, within `deadline`. `first` are bytes already received, taken over. Errors, with
  // Origin::client: timed_out, closed, security (the library's reason), or of the transport. No certificate for the
  // name under sniStrict is `security` too, and the client gets the alert unrecognized_name.
  static Task<Result<std::unique_ptr<TlsStream>>> accept(std::unique_ptr<net::Stream> transport, LentBytes& first,
                                                         Server server, Deadline deadline);

  // What a session towards an upstream begins with.
  struct Client {
    std::shared_ptr<const ClientContext> context;
    std::string name;  // sent unless it is an address, and looked for in the certificate; the policy's own comes first
    bool http1_only = false;    // offer HTTP/1.1 alone, whatever the policy offers
    SocketAddress server = {};  // sessions with it are resumed; without a port: none are
  };
  // Errors, with Origin::upstream and nothing_sent, as above; `security` with what is wrong with the certificate.
  static Task<Result<std::unique_ptr<TlsStream>>> connect(std::unique_ptr<net::Stream> transport, Client client,
                                                          Deadline deadline);

  ~TlsStream() override;

  // The OCSP response for the certificate that a server's handshake has chosen; null: none. For ServerContext.
  static const std::string* staple_of(ssl_st* session);

  bool resumed() const;
  // What the peer proved itself with, in DER, its own certificate first; empty when it showed none.
  std::vector<std::string> peer_chain() const;

  Task<Result<net::Bytes>> read(Deadline deadline) override;
  Result<std::size_t> write_now(std::span<const iovec> pieces, std::size_t total, net::Follows follows) override;
  Task<Status> write_rest(std::unique_ptr<char[]> rest, std::size_t size, Duration stall) override;
  void shutdown() override;
  void abort() override;
  void interrupt() override;
  Task<Status> wait_readable(Deadline deadline) override;
  void observe(async::BreakObserver* observer) override { transport_->observe(observer); }
  bool readable() const override { return !received_.empty() || ended_ || failed_ || transport_->readable(); }
  bool broken() const override { return failed_ || transport_->broken(); }
  std::string_view protocol() const override;
  bool alive() override { return received_.empty() && !ended_ && !failed_ && transport_->alive(); }

 private:
  TlsStream(std::unique_ptr<net::Stream> transport, std::shared_ptr<const void> context, Native<ssl_st> session);

  void staple(const CertificateIndex::Choice& choice, const CertificateIndex& certificates);
  bool prepare(const Client& client);
  void resume(const Client& client);
  Task<Status> handshake(Deadline deadline, Origin peer);
  Error handshake_error(int reason) const;
  Status check_peer_names(const std::vector<ClientPolicy::PeerName>& wanted) const;

  Result<net::Bytes> decrypt(net::Bytes ciphertext);
  bool encrypt(const char* bytes, std::size_t size);
  Status send_out(net::Follows follows);
  void hold_back();
  Task<Status> drain(Duration stall, bool refused);
  void send_close_notify(net::Follows follows);
  void fail(const Error& error);

  friend struct Wire;

  std::unique_ptr<net::Stream> transport_;
  std::shared_ptr<const void> context_;  // outlives the session
  struct Stapling {
    x509_st* certificate = nullptr;
    const std::string* response = nullptr;
  };
  std::array<Stapling, CertificateIndex::Choice::kMost> stapling_;  // until a server's handshake has ended
  ClientSessions::Key resumable_;                                   // towards an upstream
  Native<ssl_st> session_;
  net::Bytes input_;    // ciphertext that the library reads now
  LentBytes received_;  // ciphertext that came with the end of the handshake
  // Ciphertext that the transport did not take yet.
  struct Unsent {
    bool empty() const { return size == 0; }
    void append(std::string_view more);

    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
  };
  Unsent unsent_;
  std::size_t ahead_ = 0;  // bytes at the front of the next write_rest that are encrypted already
  Error failure_;
  bool failed_ = false;
  bool ended_ = false;  // the peer's close_notify has come
  bool open_ = false;   // the handshake has succeeded and nobody gave up or said close_notify
  bool writing_ = false;
  bool held_ = false;     // `unsent_` waits for the first data
  bool refused_ = false;  // the transport has not taken all of what it was given in this turn
};

}  // namespace sluice::tls
