// client_hello.h: reads the ClientHello that begins a TLS connection (RFC 8446 §4.1.2), for whoever must decide about
// the connection before anybody answers it. Pure: bytes in, facts out.
//
// The message may span TCP segments and TLS records (post-quantum key shares make it longer than one segment). It is
// reassembled within bounds; what does not parse is refused, never taken for a hello without a name: the name decides
// about certificates and client authentication. One reader per connection, on the connection's thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::tls {

class ClientHelloReader {
 public:
  enum class State : std::uint8_t {
    need_more,
    done,     // `sni` and `alpn` say what was asked for
    not_tls,  // the first byte does not begin a TLS handshake
    refused,  // TLS, but not a hello we read; `why` says what is wrong
  };

  // `bytes` are all that were received so far: those of the last call and more behind them. The work of all calls
  // together is bounded by kMostBytes. After `done` or `refused` there are no further calls.
  State read(std::string_view bytes);

  // The views lie in the reader.
  // Canonical: lower case, no trailing dot. Empty: the client named nobody, or an IP address (RFC 6066 §3 has no such
  // names).
  std::string_view sni() const { return sni_; }
  // The protocols the client offers, in its order (RFC 7301 §3.1).
  std::span<const std::string_view> alpn() const { return alpn_; }
  std::string_view why() const { return why_; }

  static constexpr std::size_t kMostBytes = 64 * 1024;  // of records, headers included
  static constexpr int kMostRecords = 16;
  static constexpr std::size_t kMostProtocols = 128;

 private:
  State refuse(std::string_view why);
  State parse_message();
  bool parse_extensions(std::string_view extensions);
  bool parse_server_name(std::string_view extension);
  bool parse_alpn(std::string_view extension);

  std::size_t next_record_ = 0;  // where in the bytes it begins
  int records_ = 0;
  std::string message_;  // the handshake message, as far as records brought it
  std::string sni_;
  std::vector<std::string_view> alpn_;
  std::string_view why_;
};

// The canonical form of a name a client asks for; false when it is no host name (RFC 6066 §3). IP addresses give "".
bool canonical_server_name(std::string_view name, std::string& canonical);

}  // namespace sluice::tls
