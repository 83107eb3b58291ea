#include "rest/transfer.h"

#include <curl/curl.h>

#include <cerrno>
#include <utility>

#include "base/text.h"
#include "rest/multi.h"

namespace sluice::rest {
namespace {

constexpr std::size_t kMaxHeaderBytes = 64 * 1024;

long milliseconds(Duration duration) {
  return static_cast<long>(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

Code code_of(CURLcode code, int error_number) {
  switch (code) {
    case CURLE_COULDNT_CONNECT:
      if (error_number == ENOENT) return Code::not_found;
      if (error_number == EACCES || error_number == EPERM) return Code::security;
      return Code::refused;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY: return Code::not_found;
    case CURLE_OPERATION_TIMEDOUT: return Code::timed_out;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR: return Code::reset;
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE: return Code::closed;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CIPHER: return Code::security;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY: return Code::invalid;
    case CURLE_OUT_OF_MEMORY: return Code::exhausted;
    default: return Code::internal;
  }
}

// A file's path, or the PEM text itself.
void set_file(CURL* easy, CURLoption path_option, CURLoption blob_option, const std::string& value) {
  if (value.empty()) return;
  if (value.starts_with("-----BEGIN")) {
    curl_blob blob{const_cast<char*>(value.data()), value.size(), CURL_BLOB_COPY};
    curl_easy_setopt(easy, blob_option, &blob);
  } else {
    curl_easy_setopt(easy, path_option, value.c_str());
  }
}

void set_tls(CURL* easy, const Tls& tls) {
  set_file(easy, CURLOPT_CAINFO, CURLOPT_CAINFO_BLOB, tls.ca);
  // Else the system's directory of authorities would be trusted beside them.
  if (!tls.ca.empty()) curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
  set_file(easy, CURLOPT_SSLCERT, CURLOPT_SSLCERT_BLOB, tls.certificate);
  set_file(easy, CURLOPT_SSLKEY, CURLOPT_SSLKEY_BLOB, tls.key);
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (tls.insecure_skip_verify) {
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
  }
}

// "https://10.0.0.1:14000" for the name "ca.internal" gives "https://ca.internal:14000", and where to connect instead.
std::string renamed_origin(const std::string& origin, const std::string& name, std::string& connect_to) {
  const std::size_t host = origin.find("://") + 3;
  const std::size_t port =
      origin.find(':', origin.find(']', host) == std::string::npos ? host : origin.find(']', host));
  const std::string number = port == std::string::npos ? std::string("443") : origin.substr(port + 1);
  const std::string real = origin.substr(host, port == std::string::npos ? port : port - host);
  connect_to = name + ':' + number + ':' + real + ':' + number;
  return origin.substr(0, host) + name + ':' + number;
}

bool has_line_break(std::string_view text) { return text.find_first_of(std::string_view("\r\n\0", 3)) != text.npos; }

}  // namespace

struct Transfer::Callbacks {
  static std::size_t header(char* data, std::size_t size, std::size_t count, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    if (transfer.easy_ == nullptr || !transfer.on_header({data, size * count})) return 0;
    return size * count;
  }
  static std::size_t body(char* data, std::size_t size, std::size_t count, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    if (transfer.easy_ == nullptr) return 0;
    if (!transfer.on_bytes({data, size * count})) {
      transfer.too_large_ = true;
      return 0;
    }
    return size * count;
  }
  static curl_socket_t open_socket(void* self, curlsocktype, curl_sockaddr* to) {
    auto& transfer = *static_cast<Transfer*>(self);
    to->addrlen = sizeof to->addr;
    return transfer.multi_.open_tunnel(transfer.call_.server.connector, to->addr, to->addrlen);
  }
};

Transfer::Transfer(Multi& multi, Call call, bool whole) : multi_(multi), call_(std::move(call)), whole_(whole) {}

Transfer::~Transfer() { detach(); }

void Transfer::detach() {
  CURL* easy = std::exchange(easy_, nullptr);
  if (easy != nullptr) {
    multi_.remove(easy);
    curl_easy_cleanup(easy);
  }
  curl_slist_free_all(static_cast<curl_slist*>(std::exchange(header_list_, nullptr)));
  curl_slist_free_all(static_cast<curl_slist*>(std::exchange(connect_to_, nullptr)));
}

Status Transfer::start() {
  CURL* easy = curl_easy_init();
  if (easy == nullptr) return Error::of(Code::exhausted, "libcurl is out of memory");
  easy_ = easy;
  Status added = prepare() ? multi_.add(easy) : Error::of(Code::invalid, "malformed call");
  if (!added) {
    curl_easy_cleanup(std::exchange(easy_, nullptr));
    detach();
  }
  return added;
}

bool Transfer::prepare() {
  CURL* easy = easy_;
  if (!call_.path.starts_with('/') || has_line_break(call_.path) || has_line_break(call_.method)) return false;
  const Server& server = call_.server;
  std::string url = server.origin + call_.path;
  if (const std::string& name = server.tls.server_name; !name.empty() && server.origin.starts_with("https://")) {
    std::string connect_to;
    url = renamed_origin(server.origin, name, connect_to) + call_.path;
    connect_to_ = curl_slist_append(nullptr, connect_to.c_str());
    curl_easy_setopt(easy, CURLOPT_CONNECT_TO, connect_to_);
    // The name is for the certificate alone: the server is asked as it was written.
    call_.headers.emplace_back("Host", server.origin.substr(server.origin.find("://") + 3));
  }
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  if (!server.unix_socket.empty()) curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, server.unix_socket.c_str());
  if (server.connector != nullptr) {
    // To libcurl a unix socket, whose name keeps the connections of different connectors apart.
    const std::string name = std::to_string(reinterpret_cast<std::uintptr_t>(server.connector.get()));
    curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, name.c_str());
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &Callbacks::open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &Multi::close_tunnel);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, &multi_);
  }
  if (!server.connect_to.empty()) {
    connect_to_ = curl_slist_append(nullptr, ("::" + server.connect_to).c_str());
    curl_easy_setopt(easy, CURLOPT_CONNECT_TO, connect_to_);
  }
  if (call_.http2) {
    bool secure = istarts_with(server.origin, "https:");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                     static_cast<long>(secure ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE));
    // libcurl 7.88, Debian 12's, fails with a framing error when it uses such a connection again.
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
  }
  if (!server.proxy_from_environment) curl_easy_setopt(easy, CURLOPT_PROXY, "");
  if (!server.username.empty() || !server.password.empty()) {
    curl_easy_setopt(easy, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    curl_easy_setopt(easy, CURLOPT_USERNAME, server.username.c_str());
    curl_easy_setopt(easy, CURLOPT_PASSWORD, server.password.c_str());
  }
  set_tls(easy, server.tls);

  if (call_.method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  } else if (call_.method != "GET" || !call_.body.empty()) {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call_.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, call_.body.data());
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call_.method.c_str());
  }
  // What libcurl would add by itself. A type that the call has comes after this and is sent.
  curl_slist* list = curl_slist_append(nullptr, "Expect:");
  list = curl_slist_append(list, "Content-Type:");
  for (const Header& header : call_.headers) {
    if (header.first.empty() || has_line_break(header.first) || has_line_break(header.second)) {
      curl_slist_free_all(list);
      return false;
    }
    // libcurl's spelling of a header without a value.
    std::string line = header.first + (header.second.empty() ? ";" : ": " + header.second);
    list = curl_slist_append(list, line.c_str());
  }
  header_list_ = list;
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, multi_.user_agent().c_str());

  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);  // else giving up on a name waits for the resolver's thread
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(call_.connect_timeout));
  if (whole_) curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, milliseconds(call_.timeout));

  curl_easy_setopt(easy, CURLOPT_PRIVATE, this);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Callbacks::header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Callbacks::body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  return true;
}

bool Transfer::on_header(std::string_view line) {
  header_bytes_ += line.size();
  if (header_bytes_ > kMaxHeaderBytes) {
    too_large_ = true;
    return false;
  }
  line = trim(line);
  if (status_ != 0) {
    add_header(trailers_, line);
    return true;
  }
  if (line.starts_with("HTTP/")) {
    headers_.clear();
    return true;
  }
  if (line.empty()) {
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    if (status < 200) return true;  // RFC 9110 §15.2: another head follows
    status_ = static_cast<int>(status);
    if (call_.server.connector != nullptr) call_.server.connector->complain({});
    changed_.notify_all();
    return true;
  }
  add_header(headers_, line);
  return true;
}

void Transfer::add_header(std::vector<Header>& to, std::string_view line) {
  std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  to.emplace_back(std::string(trim(line.substr(0, colon))), std::string(trim(line.substr(colon + 1))));
}

void Transfer::ended(int code) {
  auto curl_code = static_cast<CURLcode>(code);
  long error_number = 0;
  curl_easy_getinfo(easy_, CURLINFO_OS_ERRNO, &error_number);
  detach();
  if ((curl_code == CURLE_OK || call_.head_suffices) && status_ != 0) {
    outcome_ = Status();
  } else if (curl_code == CURLE_OK) {
    outcome_ = Error{Code::closed, Origin::upstream, false, 0, "the connection was closed inside the answer's head"};
  } else if (too_large_) {
    outcome_ = Error{Code::too_large, Origin::upstream, false, 0, "the answer is too large"};
  } else if (status_ == 0 && curl_code != CURLE_OPERATION_TIMEDOUT && call_.server.connector != nullptr &&
             !call_.server.connector->complaint().empty()) {
    outcome_ = Error{Code::refused, Origin::upstream, true, 0, "no connection could be made"};
  } else {
    Error error;
    error.code = code_of(curl_code, static_cast<int>(error_number));
    error.origin = Origin::upstream;
    error.nothing_sent = curl_code == CURLE_COULDNT_CONNECT || curl_code == CURLE_COULDNT_RESOLVE_HOST ||
                         curl_code == CURLE_COULDNT_RESOLVE_PROXY;
    error.sys = static_cast<int>(error_number);
    error.text = curl_easy_strerror(curl_code);
    outcome_ = error;
  }
  changed_.notify_all();
}

}  // namespace sluice::rest
