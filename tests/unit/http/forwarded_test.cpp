#include "http/forwarded.h"

#include "h1_support.h"

using namespace sluice;
using namespace sluice::http;
using namespace sluice::http::h1;

namespace {

struct Incoming {
  Arena arena;
  Peer peer;
  Request request{arena, peer};

  explicit Incoming(std::string_view remote = "10.0.0.9:1234", bool tls = false) {
    peer.remote = *SocketAddress::parse(remote);
    peer.tls = tls;
    request.authority = "case.test";
  }
  std::string pass(bool trusted, const ForwardedOptions& options = ForwardedOptions{"edge", false}) {
    set_forwarded(request, trusted, options);
    return describe(request.fields);
  }
  std::string value(FieldId id) const { return std::string(request.fields.get(id).value_or("none")); }
};

constexpr std::string_view kManaged[] = {"X-Forwarded-For",
                                         "X-Forwarded-Host",
                                         "X-Forwarded-Method",
                                         "X-Forwarded-Port",
                                         "X-Forwarded-Prefix",
                                         "X-Forwarded-Proto",
                                         "X-Forwarded-Scheme",
                                         "X-Forwarded-Server",
                                         "X-Forwarded-Tls-Client-Cert",
                                         "X-Forwarded-Tls-Client-Cert-Info",
                                         "X-Forwarded-Uri",
                                         "X-Real-Ip",
                                         "X-Scheme",
                                         "Forwarded"};

}  // namespace

TEST_CASE("a request gets our facts about where it came from") {
  Incoming incoming;
  incoming.request.fields.add("Accept", "*/*");
  CHECK(incoming.pass(false) ==
        "Accept=*/*\nX-Real-Ip=10.0.0.9\nX-Forwarded-Proto=http\nX-Forwarded-Port=80\n"
        "X-Forwarded-Host=case.test\nX-Forwarded-Server=edge\n");
  append_forwarded_for(incoming.request);
  CHECK(incoming.value(FieldId::x_forwarded_for) == "10.0.0.9");
}

TEST_CASE("what a stranger says about itself is removed in every spelling") {
  for (std::string_view name : kManaged) {
    std::string lower(name);
    std::string underscores(name);
    for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    for (char& c : underscores) c = c == '-' ? '_' : c;
    Incoming incoming;
    for (std::string_view spelling : {name, std::string_view(lower), std::string_view(underscores)}) {
      incoming.request.fields.add(spelling, "6.6.6.6");
    }
    INFO(name);
    CHECK(incoming.pass(false).find("6.6.6.6") == std::string::npos);
  }
}

TEST_CASE("a trusted peer is believed, but for our own name and for aliases") {
  Incoming incoming;
  for (std::string_view name : kManaged) incoming.request.fields.add(name, "trusted");
  incoming.request.fields.add("X_Forwarded_For", "alias");
  incoming.request.fields.add("x_real-ip", "alias");
  std::string passed = incoming.pass(true);
  CHECK(passed.find("alias") == std::string::npos);
  CHECK(incoming.value(FieldId::x_forwarded_server) == "edge");
  for (std::string_view name : kManaged) {
    INFO(name);
    CHECK(incoming.request.fields.count(field_id(name)) == 1);
    if (name != "X-Forwarded-Server") CHECK(incoming.request.fields.get(name) == "trusted");
  }
}

TEST_CASE("a trusted chain is joined, and the peer is appended only when the request is forwarded") {
  Incoming incoming;
  incoming.request.fields.add("X-Forwarded-For", "1.1.1.1");
  incoming.request.fields.add("Accept", "*/*");
  incoming.request.fields.add("x-forwarded-for", "2.2.2.2, 3.3.3.3");
  (void)incoming.pass(true);
  CHECK(incoming.request.fields.count(FieldId::x_forwarded_for) == 1);
  CHECK(incoming.value(FieldId::x_forwarded_for) == "1.1.1.1, 2.2.2.2, 3.3.3.3");
  append_forwarded_for(incoming.request);
  CHECK(incoming.value(FieldId::x_forwarded_for) == "1.1.1.1, 2.2.2.2, 3.3.3.3, 10.0.0.9");
}

TEST_CASE("the peer is not appended when that is switched off") {
  Incoming incoming;
  incoming.request.append_forwarded_for = false;
  append_forwarded_for(incoming.request);
  CHECK(incoming.value(FieldId::x_forwarded_for) == "none");
}

TEST_CASE("an empty chain begins with the peer") {
  Incoming incoming;
  incoming.request.fields.add("X-Forwarded-For", "");
  append_forwarded_for(incoming.request);
  CHECK(incoming.value(FieldId::x_forwarded_for) == "10.0.0.9");
}

TEST_CASE("the scheme tells TLS and WebSocket") {
  struct Row {
    bool tls;
    std::string_view upgrade, proto, port;
  };
  for (const Row& row :
       {Row{false, "", "http", "80"}, Row{true, "", "https", "443"}, Row{false, "websocket", "ws", "80"},
        Row{true, "WebSocket", "wss", "443"}, Row{true, "other", "https", "443"}}) {
    Incoming incoming("10.0.0.9:1", row.tls);
    incoming.request.upgrade = row.upgrade;
    (void)incoming.pass(false);
    CHECK(incoming.value(FieldId::x_forwarded_proto) == row.proto);
    CHECK(incoming.value(FieldId::x_forwarded_port) == row.port);
  }
}

TEST_CASE("the port is the one the client sees") {
  Incoming incoming;
  incoming.request.authority = "case.test:8080";
  (void)incoming.pass(false);
  CHECK(incoming.value(FieldId::x_forwarded_port) == "8080");
  CHECK(incoming.value(FieldId::x_forwarded_host) == "case.test:8080");
  Incoming v6;
  v6.request.authority = "[::1]";
  (void)v6.pass(false);
  CHECK(v6.value(FieldId::x_forwarded_port) == "80");
  Incoming v6_port;
  v6_port.request.authority = "[::1]:81";
  (void)v6_port.pass(false);
  CHECK(v6_port.value(FieldId::x_forwarded_port) == "81");
  Incoming behind_tls;
  behind_tls.request.fields.add("X-Forwarded-Proto", "https");
  (void)behind_tls.pass(true);
  CHECK(behind_tls.value(FieldId::x_forwarded_port) == "443");
}

TEST_CASE("the address of the peer is plain text, and taken from the connection when that has it ready") {
  CHECK((Incoming("[::ffff:1.2.3.4]:1").pass(false).find("X-Real-Ip=1.2.3.4\n") != std::string::npos));
  CHECK((Incoming("[2001:db8::1]:1").pass(false).find("X-Real-Ip=2001:db8::1\n") != std::string::npos));
  Incoming ready;
  ready.peer.remote_text = "10.9.8.7";
  CHECK((ready.pass(false).find("X-Real-Ip=10.9.8.7\n") != std::string::npos));
}

TEST_CASE("the scheme fields come with their option, with what the proto field says") {
  Incoming incoming;
  incoming.request.fields.add("X-Forwarded-Proto", "https");
  incoming.request.fields.add("X-Scheme", "gopher");
  (void)incoming.pass(true, ForwardedOptions{"edge", true});
  CHECK(incoming.value(FieldId::x_scheme) == "https");
  CHECK(incoming.value(FieldId::x_forwarded_scheme) == "https");
  CHECK(incoming.request.fields.count(FieldId::x_scheme) == 1);
}

TEST_CASE("a request without a host gets no X-Forwarded-Host") {
  Incoming incoming;
  incoming.request.authority = {};
  CHECK(incoming.pass(false).find("X-Forwarded-Host") == std::string::npos);
}
