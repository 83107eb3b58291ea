"""HTTP middlewares through the real binary: one representative of each."""
import base64
import gzip
import hashlib
import re
import threading
import time

from framework import Case, all_hosts, chunked, get, http, request, response, serve, servers
from framework.upstream import Connection, hold, refuse_connections

SHA1_OF_TEST = "{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M="
BCRYPT_OF_TEST = "$2b$04$abcdefghijklmnopqrstuuoD8yw7MmybLKVooaTGGZAt3HXugv2.a"
LONG = b"all work and no play makes a dull page\n" * 200


def basic(user: str, password: str) -> tuple[str, str]:
    return "Authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def answers_in_turn(*statuses: int):
    """Each request, on whatever connection, gets the next status; the last is repeated."""
    lock = threading.Lock()
    left = list(statuses)

    def script(connection: Connection) -> None:
        while connection.read_request() is not None:
            with lock:
                status = left.pop(0) if len(left) > 1 else left[0]
            connection.send(response(status, b"status %d" % status))

    return script


class MiddlewareCase(Case):
    def behind(self, middlewares: dict, script=None, chain: list | None = None, **services):
        """An upstream behind these middlewares, in that order, the process, and a client of it."""
        upstream = self.upstream(script)
        config = http({"web": all_hosts("app", middlewares=chain or list(middlewares))},
                      {"app": servers(upstream.url), **services}, middlewares=middlewares)
        process = self.sluice(config)
        return upstream, process, self.client(process)


class Paths(MiddlewareCase):
    def test_prefixes_and_replacements_in_a_chain(self):
        upstream, _, client = self.behind(
            {"strip": {"stripPrefix": {"prefixes": ["/api"]}},
             "version": {"stripPrefixRegex": {"regex": ["/v[0-9]+"]}},
             "rewrite": {"replacePathRegex": {"regex": "^/old/(.*)", "replacement": "/new/$1"}},
             "add": {"addPrefix": {"prefix": "/inner"}},
             "all": {"chain": {"middlewares": ["strip", "version", "rewrite", "add"]}}}, chain=["all"])
        self.assertEqual(client.ask(get("/api/v2/old/a%20b?q=1")).status, 200)
        seen = upstream.requests[0]
        self.assertEqual(seen.target, "/inner/new/a%20b?q=1")
        self.assertEqual(seen.all("X-Forwarded-Prefix"), ["/api", "/v2"])
        self.assertEqual(seen.get("X-Replaced-Path"), "/old/a%20b")
        self.assertEqual(client.ask(get("/api../secret")).status, 400)

    def test_replace_path_and_encoded_characters(self):
        upstream, _, client = self.behind({"guard": {"encodedCharacters": {"allowEncodedSlash": True}},
                                           "fixed": {"replacePath": {"path": "/fixed"}}})
        self.assertEqual(client.ask(get("/a%2Fb?q")).status, 200)
        self.assertEqual(upstream.requests[0].target, "/fixed?q")
        self.assertEqual(client.ask(get("/a%5Cb")).status, 400)

    def test_redirections(self):
        _, _, client = self.behind(
            {"to": {"redirectRegex": {"regex": "^http://([^/]+)/from/(.*)", "replacement": "https://$1/to/$2",
                                      "permanent": True}},
             "secure": {"redirectScheme": {"scheme": "https"}}})
        reply = client.ask(get("/from/a?b"))
        self.assertEqual((reply.status, reply.get("Location")), (301, "https://case.test/to/a?b"))
        reply = client.ask(request("POST", "/x"))
        self.assertEqual((reply.status, reply.get("Location")), (307, "https://case.test/x"))


class Fields(MiddlewareCase):
    def test_headers(self):
        upstream, _, client = self.behind({"h": {"headers": {
            "customRequestHeaders": {"X-Set": "1", "Cookie": ""},
            "customResponseHeaders": {"Server": "", "X-Out": "2"},
            "accessControlAllowOriginList": ["https://a.test"], "accessControlAllowMethods": ["GET"],
            "frameDeny": True, "stsSeconds": 60, "forceSTSHeader": True}}},
            serve(response(200, b"ok", [("Server", "secret")])))
        reply = client.ask(get("/", [("Cookie", "a=b"), ("Origin", "https://a.test")]))
        self.assertEqual((upstream.requests[0].get("X-Set"), upstream.requests[0].get("Cookie")), ("1", None))
        self.assertEqual([reply.get(name) for name in ("Server", "X-Out", "X-Frame-Options",
                                                       "Strict-Transport-Security", "Access-Control-Allow-Origin")],
                         [None, "2", "DENY", "max-age=60", "https://a.test"])
        reply = client.ask(request("OPTIONS", "/", [("Origin", "https://a.test"),
                                                    ("Access-Control-Request-Method", "GET")]))
        self.assertEqual((reply.status, reply.get("Content-Length"), reply.get("Access-Control-Allow-Methods")),
                         (200, "0", "GET"))
        self.assertEqual(len(upstream.requests), 1)

    def test_content_type_is_guessed(self):
        _, _, client = self.behind({"t": {"contentType": {}}}, serve(response(200, b"<html>hello")))
        reply = client.ask(get())
        self.assertEqual((reply.get("Content-Type"), reply.body), ("text/html; charset=utf-8", b"<html>hello"))


class Access(MiddlewareCase):
    def test_ip_allow_list(self):
        _, _, client = self.behind({"ip": {"ipAllowList": {"sourceRange": ["10.0.0.0/8"], "rejectStatusCode": 404}}})
        self.assertEqual(client.ask(get("/", [("X-Forwarded-For", "10.0.0.1")])).status, 404)
        _, _, client = self.behind({"ip": {"ipWhiteList": {"sourceRange": ["127.0.0.0/8"]}}})
        self.assertEqual(client.ask(get()).status, 200)

    def test_basic_auth_hashes_away_from_the_workers_and_remembers(self):
        upstream, _, client = self.behind({"auth": {"basicAuth": {
            "users": [f"ann:{BCRYPT_OF_TEST}", f"bob:{SHA1_OF_TEST}"], "headerField": "X-User",
            "removeHeader": True}}})
        reply = client.ask(get())
        self.assertEqual((reply.status, reply.get("WWW-Authenticate")), (401, 'Basic realm="traefik"'))
        for user in ("ann", "bob", "ann"):
            self.assertEqual(client.ask(get("/", [basic(user, "test"), ("X-User", "root")])).status, 200)
            self.assertEqual(upstream.requests[-1].all("X-User"), [user])
            self.assertIsNone(upstream.requests[-1].get("Authorization"))
        self.assertEqual(client.ask(get("/", [basic("ann", "wrong")])).status, 401)
        self.assertEqual(client.ask(get("/", [basic("eve", "test")])).status, 401)

    def test_an_authentication_that_cannot_be_built_takes_its_router_down(self):
        _, _, client = self.behind({"auth": {"basicAuth": {"users": ["ann:plaintext"]}}})
        self.assertEqual(client.ask(get("/", [basic("ann", "plaintext")])).status, 404)
        _, process, client = self.behind({"auth": {"plugin": {"mine": {"a": "b"}}}})
        self.assertEqual(client.ask(get()).status, 404)
        self.assert_soon(lambda: "forwardAuth" in process.tail(), "the log names what to use instead of a plugin")

    def test_digest_auth(self):
        ha1 = hashlib.md5(b"ann:traefik:secret").hexdigest()
        _, _, client = self.behind({"auth": {"digestAuth": {"users": [f"ann:traefik:{ha1}"]}}})
        challenge = client.ask(get("/a?b")).get("WWW-Authenticate")
        nonce, opaque = (re.search(name + '="([^"]+)"', challenge)[1] for name in ("nonce", "opaque"))
        ha2 = hashlib.md5(b"GET:/a?b").hexdigest()
        answer = hashlib.md5(f"{ha1}:{nonce}:00000001:c:auth:{ha2}".encode()).hexdigest()
        field = ("Authorization", f'Digest username="ann", realm="traefik", nonce="{nonce}", uri="/a?b", '
                                  f'response="{answer}", opaque="{opaque}", qop=auth, nc=00000001, cnonce="c"')
        self.assertEqual(client.ask(get("/a?b", [field])).status, 200)
        self.assertIn("stale=true", client.ask(get("/a?b", [field])).get("WWW-Authenticate"))

    def test_forward_auth_keeps_its_connection(self):
        auth = self.upstream(serve(response(200, b"yes", [("X-User", "ann")])))
        upstream, _, client = self.behind({"auth": {"forwardAuth": {
            "address": f"{auth.url}/check", "authResponseHeaders": ["X-User"]}}})
        for _ in range(10):
            self.assertEqual(client.ask(get("/page?q", [("X-User", "root")])).status, 200)
        self.assertEqual({head.get("X-User") for head in upstream.requests}, {"ann"})
        self.assertEqual(len(auth.requests), 10)
        self.assertEqual(len(auth.connections), 1)
        self.assertEqual((auth.requests[0].target, auth.requests[0].get("X-Forwarded-Uri"),
                          auth.requests[0].get("X-Forwarded-Host")), ("/check", "/page?q", "case.test"))

    def test_the_user_that_forward_auth_names_is_logged(self):
        auth = self.upstream(serve(response(200, b"", [("X-User", "ann")])))
        config = http({"web": all_hosts("app", middlewares=["auth"])}, {"app": servers(refuse_connections())},
                      middlewares={"auth": {"forwardAuth": {"address": auth.url, "headerField": "X-User"}}})
        process = self.sluice(config)
        self.assertEqual(self.client(process).ask(get()).status, 502)
        process.wait_for_log("502 Bad Gateway.*ClientUsername=ann")
        self.assertEqual(process.log("not supported"), [])

    def test_forward_auth_passes_refusals_on_and_fails_closed(self):
        auth = self.upstream(serve(response(302, b"go", [("Location", "/login")])))
        upstream, _, client = self.behind({"auth": {"forwardAuth": {"address": auth.url}}})
        reply = client.ask(get())
        self.assertEqual((reply.status, reply.get("Location"), reply.body), (302, auth.url + "/login", b"go"))
        _, _, client = self.behind({"auth": {"forwardAuth": {"address": refuse_connections()}}})
        self.assertEqual(client.ask(get()).status, 500)
        self.assertEqual(upstream.requests, [])


class Limits(MiddlewareCase):
    def test_rate_limit_holds_over_an_unrelated_reload(self):
        upstream = self.upstream()

        def config(*extra: str) -> dict:
            return http({"web": all_hosts("app", middlewares=["limit"]),
                         **{name: {"rule": f"Host(`{name}.test`)", "service": "app"} for name in extra}},
                        {"app": servers(upstream.url)},
                        middlewares={"limit": {"rateLimit": {"average": 1, "period": "1h", "burst": 3}}})

        process = self.sluice(config())
        client = self.client(process)
        self.assertEqual([client.ask(get()).status for _ in range(5)], [200, 200, 200, 429, 429])
        process.configure(config("other"))
        reply = self.client(process).ask(get())
        self.assertEqual(reply.status, 429)
        self.assertGreater(int(reply.get("Retry-After")), 3000)

    def test_in_flight_requests(self):
        _, process, first = self.behind({"limit": {"inFlightReq": {"amount": 1}}}, hold)
        first.send(get())
        time.sleep(0.2)
        self.assertEqual(self.client(process).ask(get()).status, 429)

    def test_circuit_breaker(self):
        upstream, _, client = self.behind(
            {"breaker": {"circuitBreaker": {"expression": "ResponseCodeRatio(500, 600, 0, 600) > 0.5"}}},
            serve(response(500, b"broken")))
        self.assert_soon(lambda: client.ask(get()).status == 503, "the breaker trips")
        count = len(upstream.requests)
        self.assertEqual(client.ask(get()).status, 503)
        self.assertEqual(len(upstream.requests), count)


class Bodies(MiddlewareCase):
    def test_compress(self):
        _, _, client = self.behind({"c": {"compress": {}}},
                                   serve(response(200, LONG, [("Content-Type", "text/plain")])))
        reply = client.ask(get("/", [("Accept-Encoding", "gzip")]))
        self.assertEqual((reply.get("Content-Encoding"), reply.get("Vary")), ("gzip", "Accept-Encoding"))
        self.assertEqual(gzip.decompress(reply.body), LONG)
        self.assertLess(len(reply.body), len(LONG) // 10)
        for encoding in ("br", "zstd"):
            self.assertEqual(client.ask(get("/", [("Accept-Encoding", encoding)])).get("Content-Encoding"), encoding)
        self.assertEqual(client.ask(get()).body, LONG)

    def test_buffering(self):
        upstream, _, client = self.behind({"b": {"buffering": {
            "maxRequestBodyBytes": 100_000, "memRequestBodyBytes": 1000, "memResponseBodyBytes": 1000}}},
            serve(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(LONG), LONG)))
        body = b"x" * 90_000
        reply = client.ask(b"POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n"
                           % (len(body), body))
        self.assertEqual((reply.status, reply.body, reply.get("Content-Length")), (200, LONG, str(len(LONG))))
        self.assertEqual((upstream.requests[0].body, upstream.requests[0].get("Content-Length")), (body, "90000"))
        self.assertEqual(client.ask(request("POST", "/", body=b"x" * 100_001)).status, 413)

    def test_grpc_web(self):
        frame, trailers = b"\0\0\0\0\3abc", b"\x80\0\0\0\x10grpc-status: 0\r\n"
        upstream, _, client = self.behind({"g": {"grpcWeb": {"allowOrigins": ["*"]}}}, serve(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\nTrailer: grpc-status\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n" + chunked(frame, trailers=[("grpc-status", "0")])))
        for suffix, encode in ("", bytes), ("-text", base64.b64encode):
            reply = client.ask(request("POST", "/s/m", [("Content-Type", "application/grpc-web" + suffix)],
                                       encode(frame)))
            self.assertEqual((reply.get("Content-Type"), reply.body),
                             ("application/grpc-web" + suffix, encode(frame) + encode(trailers)))
            self.assertEqual((upstream.requests[-1].get("Content-Type"), upstream.requests[-1].body),
                             ("application/grpc", frame))

    def test_websockets_pass_middlewares_that_keep_content(self):
        def script(connection: Connection) -> None:
            connection.read_head()
            connection.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
            connection.send(connection.reader.exactly(4))

        _, _, client = self.behind({"b": {"buffering": {"memRequestBodyBytes": 10}}, "c": {"compress": {}},
                                    "n": {"inFlightReq": {"amount": 1}}, "again": {"retry": {"attempts": 2,
                                                                                            "status": ["100-599"]}},
                                    "t": {"contentType": {}}}, script)
        client.send(get("/", [("Connection", "Upgrade"), ("Upgrade", "websocket")]))
        self.assertEqual(client.head().status, 101)
        client.send(b"ping")
        self.assertEqual(client.reader.exactly(4), b"ping")

    def test_errors(self):
        pages = self.upstream(serve(response(200, b"the page", [("Content-Type", "text/html")])))
        _, _, client = self.behind({"e": {"errors": {"status": ["500-599"], "service": "pages",
                                                     "query": "/{status}.html?{url}"}}},
                                   serve(response(503, b"secret")), pages=servers(pages.url))
        reply = client.ask(get("/a?b"))
        self.assertEqual((reply.status, reply.body), (503, b"the page"))
        self.assertEqual(pages.requests[0].target, "/503.html?http%3A%2F%2Fcase.test%2Fa%3Fb")


class Retry(MiddlewareCase):
    def test_a_server_that_refuses_and_one_that_answers_badly(self):
        middlewares = {"again": {"retry": {"attempts": 4, "status": ["503"]}}}
        upstream, _, client = self.behind(middlewares, answers_in_turn(503, 503, 200))
        self.assertEqual(client.ask(request("PUT", "/", body=LONG)).status, 200)
        self.assertEqual([head.body for head in upstream.requests], [LONG] * 3)

    def test_retry_around_errors_buffering_and_forward_auth(self):
        auth, pages = self.upstream(), self.upstream(serve(response(200, b"the page")))
        middlewares = {"e": {"errors": {"status": ["503"], "service": "pages"}},
                       "again": {"retry": {"attempts": 2, "status": ["503"]}},
                       "auth": {"forwardAuth": {"address": auth.url, "forwardBody": True}},
                       "strip": {"stripPrefix": {"prefixes": ["/api"]}},
                       "b": {"buffering": {"memRequestBodyBytes": 1000}},
                       "c": {"compress": {"minResponseBodyBytes": 0}}}
        upstream, _, client = self.behind(middlewares, answers_in_turn(503, 200, 503), pages=servers(pages.url))
        reply = client.ask(request("PUT", "/api/x", body=LONG))
        self.assertEqual((reply.status, reply.body), (200, b"status 200"))
        # Each try went the whole way again, from the same request.
        self.assertEqual([head.target for head in upstream.requests], ["/x", "/x"])
        self.assertEqual([head.body for head in upstream.requests + auth.requests], [LONG] * 4)
        reply = client.ask(request("PUT", "/api/x", body=LONG))
        self.assertEqual((reply.status, reply.body), (503, b"the page"))
