"""What a strict HTTP/1 front end does with bytes: the decision table of docs/http.md as data.

Each case is one connection: `raw` goes out, the first reply must have one of the statuses, and the upstream must have
seen exactly (or at most) so many requests. Every refused message is followed on the same connection by a complete
request for /SMUGGLED, which must reach nobody.
"""
from __future__ import annotations

from dataclasses import dataclass

SMUGGLED = b"GET /SMUGGLED HTTP/1.1\r\nHost: case.test\r\n\r\n"


@dataclass
class H1Case:
    name: str
    raw: bytes
    status: tuple[int, ...] = (400,)
    upstream: tuple[int, ...] = (0,)          # how many requests the upstream may have seen
    closed: bool | None = True                # None: either
    contains: tuple[bytes, ...] = ()          # what the upstream must have received
    absent: tuple[bytes, ...] = (b"SMUGGLED",)
    may_be_silent: bool = False               # closing without a status is also right


CASES: dict[str, list[H1Case]] = {}


def group(name: str) -> list[H1Case]:
    return CASES.setdefault(name, [])


def post(fields: bytes, body: bytes = b"", version: bytes = b"HTTP/1.1") -> bytes:
    return b"POST /p " + version + b"\r\nHost: case.test\r\n" + fields + b"\r\n" + body


def head(fields: bytes) -> bytes:
    return b"GET /g HTTP/1.1\r\nHost: case.test\r\n" + fields + b"\r\n"


def refuse(where: list[H1Case], name: str, raw: bytes, *status: int, **more) -> None:
    where.append(H1Case(name, raw + SMUGGLED, status or (400,), **more))


def accept(where: list[H1Case], name: str, raw: bytes, *contains: bytes, requests: int = 1, **more) -> None:
    where.append(H1Case(name, raw, (200,), (requests,), closed=more.pop("closed", False), contains=contains, **more))


# Content-Length

cases = group("content length")
chunked_smuggle = b"0\r\n\r\n" + SMUGGLED
refuse(cases, "beside Transfer-Encoding", post(b"Content-Length: 48\r\nTransfer-Encoding: chunked\r\n",
                                               chunked_smuggle))
refuse(cases, "after Transfer-Encoding", post(b"Transfer-Encoding: chunked\r\nContent-Length: 48\r\n", chunked_smuggle))
refuse(cases, "twice, equal", post(b"Content-Length: 5\r\nContent-Length: 5\r\n", b"hello"))
refuse(cases, "twice, different", post(b"Content-Length: 5\r\nContent-Length: 6\r\n", b"hello"))
refuse(cases, "twice, different, other order", post(b"Content-Length: 6\r\nContent-Length: 5\r\n", b"hello"))
refuse(cases, "twice, one in other case", post(b"Content-Length: 5\r\ncontent-length: 0\r\n", b"hello"))
for text in (b"", b" ", b"5, 5", b"5,5", b"5, 6", b"+5", b"-5", b"-0", b"5 5", b"5\t5", b"5_0", b"5;", b"5;q=1", b"0x5",
             b"5h", b"5.0", b"1e1", b"\"5\"", b"five", b"\xb2", b"5\x0b", b"\x005", b"9223372036854775808",
             b"18446744073709551616",
             b"18446744073709551621", b"99999999999999999999", b"1000000000000000000000000000005"):
    refuse(cases, f"value {text!r}", post(b"Content-Length: " + text + b"\r\n", b"hello"))
accept(cases, "leading zeros are made canonical", post(b"Content-Length: 0005\r\n", b"hello"), b"Content-Length: 5\r\n",
       b"hello")
accept(cases, "surrounding whitespace", post(b"Content-Length: \t 5 \t\r\n", b"hello"), b"Content-Length: 5\r\n")
accept(cases, "GET with a body is told apart", head(b"Content-Length: 5\r\n") + b"hello" + head(b""), b"hello",
       requests=2)
accept(cases, "zero", post(b"Content-Length: 0\r\n") + head(b""), requests=2)

# Transfer-Encoding

cases = group("transfer encoding")
five = b"5\r\nhello\r\n0\r\n\r\n"
for text, status in ((b"gzip", 501), (b"identity", 501), (b"xchunked", 501), (b"chunkedx", 501),
                     (b"gzip, chunked", 501), (b"deflate", 501)):
    refuse(cases, f"{text.decode()}", post(b"Transfer-Encoding: " + text + b"\r\n", five), status, 400)
for text in (b"", b" ", b"chunked, gzip", b"chunked, chunked", b"chunked, identity", b"chunked;q=1", b"chunked;",
             b", chunked",
             b"chunked,", b",", b"\"chunked\"", b"\x0bchunked", b"chunked\x0b", b"chunked\x00", b"chun ked",
             b"c\xc4\xb3chunked", b"chunked chunked"):
    refuse(cases, f"value {text!r}", post(b"Transfer-Encoding: " + text + b"\r\n", five), 400, 501)
refuse(cases, "two fields", post(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", five), 400)
refuse(cases, "two fields, second identity", post(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
                                                  five), 400, 501)
refuse(cases, "two fields, first identity", post(b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n",
                                                 five), 400, 501)
refuse(cases, "in HTTP/1.0", post(b"Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n", five, b"HTTP/1.0"))
refuse(cases, "space before the colon", post(b"Transfer-Encoding : chunked\r\n", five))
refuse(cases, "folded", post(b"Transfer-Encoding:\r\n chunked\r\n", five))
for name in (b"Transfer_Encoding: chunked", b"Content_Length: 5", b"transfer_encoding: x", b"CONTENT_LENGTH: 0"):
    refuse(cases, f"{name.decode()} looks like framing to some backends", post(name + b"\r\n"))
accept(cases, "any case", post(b"tRANSFER-eNCODING: Chunked\r\n", five), b"hello")
accept(cases, "trailing whitespace", post(b"Transfer-Encoding: chunked \t\r\n", five), b"hello")
refuse(cases, "HTTP/1.0 GET with a body",
       b"GET /g HTTP/1.0\r\nHost: case.test\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello")
refuse(cases, "HTTP/1.0 HEAD with a body", b"HEAD /g HTTP/1.0\r\nHost: case.test\r\nContent-Length: 5\r\n\r\nhello")
refuse(cases, "HTTP/1.0 DELETE with a body", b"DELETE /g HTTP/1.0\r\nHost: case.test\r\nContent-Length: 5\r\n\r\nhello")

# Chunks. The head is forwarded while the body is read, so the upstream may have seen an unfinished request.

cases = group("chunks")


def bad_chunks(name: str, body: bytes) -> None:
    raw = post(b"Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n", body) + SMUGGLED
    cases.append(H1Case(name, raw, (400,), (0, 1), True, (), (b"GET /SMUGGLED HTTP/1.1\r\nHost: case.test\r\nX-",),
                        may_be_silent=True))


for size in (b"0x5", b"+5", b"-5", b" 5", b"5_", b"5g", b"", b"g", b"\x005", b"5\x0b", b"\xb5", b"10000000000000005",
             b"8000000000000000", b"ffffffffffffffff", b"00000000000000005", b"5.", b"5 5", b"\"5\""):
    bad_chunks(f"size {size!r}", size + b"\r\nhello\r\n0\r\n\r\n")
bad_chunks("LF after the size", b"5\nhello\r\n0\r\n\r\n")
bad_chunks("CR alone after the size", b"5\rhello\r\n0\r\n\r\n")
bad_chunks("LF after the data", b"5\r\nhello\n0\r\n\r\n")
bad_chunks("no line end after the data", b"5\r\nhello0\r\n\r\n")
bad_chunks("data longer than its size", b"4\r\nhello\r\n0\r\n\r\n")
bad_chunks("two other bytes after the data", b"5\r\nhelloXX0\r\n\r\n")
bad_chunks("LF in the last chunk", b"5\r\nhello\r\n0\n\n")
bad_chunks("LF in an extension", b"5;a\nb\r\nhello\r\n0\r\n\r\n")
bad_chunks("CR in an extension", b"5;a\rb\r\nhello\r\n0\r\n\r\n")
bad_chunks("NUL in an extension", b"5;a\x00\r\nhello\r\n0\r\n\r\n")
bad_chunks("open quote in an extension", b"5;a=\"b\r\nhello\r\n0\r\n\r\n")
bad_chunks("extension without a name", b"5;=b\r\nhello\r\n0\r\n\r\n")
bad_chunks("extension of 5 KiB", b"5;a=" + b"b" * 5120 + b"\r\nhello\r\n0\r\n\r\n")
bad_chunks("80 KiB of extensions", (b"1;a=" + b"b" * 1000 + b"\r\nx\r\n") * 80 + b"0\r\n\r\n")
bad_chunks("bad trailer name", b"5\r\nhello\r\n0\r\nBad Name: x\r\n\r\n")
bad_chunks("trailer without a colon", b"5\r\nhello\r\n0\r\nnonsense\r\n\r\n")
bad_chunks("folded trailer", b"5\r\nhello\r\n0\r\nX: a\r\n b\r\n\r\n")
bad_chunks("LF in a trailer", b"5\r\nhello\r\n0\r\nX: a\n\r\n\r\n")
accept(cases, "upper and lower case hex", post(b"Transfer-Encoding: chunked\r\n",
                                               b"A\r\n0123456789\r\na\r\nabcdefghij\r\n0\r\n\r\n"),
       b"0123456789", b"abcdefghij")
accept(cases, "well-formed extensions are dropped", post(b"Transfer-Encoding: chunked\r\n",
                                                         b"5;a=b;c=\"d;e\";f\r\nhello\r\n0;x\r\n\r\n"),
       b"hello", absent=(b"a=b",))
accept(cases, "leading zeros within sixteen digits", post(b"Transfer-Encoding: chunked\r\n",
                                                          b"0000000000000005\r\nhello\r\n0\r\n\r\n"), b"hello")
accept(cases, "the next request follows the trailer section",
       post(b"Transfer-Encoding: chunked\r\n", b"0\r\nX-T: 1\r\n\r\n") + head(b""), requests=2)

# Field lines

cases = group("field lines")
refuse(cases, "LF ends a line", b"GET /g HTTP/1.1\nHost: case.test\r\n\r\n")
refuse(cases, "LF ends the head", b"GET /g HTTP/1.1\r\nHost: case.test\n\n")
refuse(cases, "LF between fields", head(b"A: b\nC: d\r\n"))
refuse(cases, "CR inside a value", head(b"A: b\rC: d\r\n"))
refuse(cases, "CR CR LF", head(b"A: b\r\r\n"))
refuse(cases, "CR ends the head", b"GET /g HTTP/1.1\r\nHost: case.test\r\n\rX")
refuse(cases, "NUL in a value", head(b"A: b\x00c\r\n"))
for byte in (0x01, 0x07, 0x08, 0x0b, 0x0c, 0x1b, 0x1f, 0x7f):
    refuse(cases, f"control byte {byte:#04x} in a value", head(b"A: b" + bytes([byte]) + b"c\r\n"))
refuse(cases, "fold", head(b"X: a\r\n b\r\n"))
refuse(cases, "fold with a tab", head(b"X: a\r\n\tb\r\n"))
refuse(cases, "space before the first field", b"GET /g HTTP/1.1\r\n Host: case.test\r\n\r\n")
refuse(cases, "space before a name", head(b" X: a\r\n"))
refuse(cases, "space before the colon", head(b"X : a\r\n"))
refuse(cases, "tab before the colon", head(b"X\t: a\r\n"))
refuse(cases, "no colon", head(b"nonsense\r\n"))
refuse(cases, "empty name", head(b": a\r\n"))
for byte in b"\x00\x01\"(),/;<=>?@[\\]{}\x7f\x80\xff":
    refuse(cases, f"byte {byte:#04x} in a name", head(b"X" + bytes([byte]) + b"Y: a\r\n"))
refuse(cases, "three empty lines first", b"\r\n\r\n\r\n" + head(b""))
refuse(cases, "LF first", b"\n" + head(b""))
refuse(cases, "a head of 70 KiB", head(b"".join(b"X-%d: %s\r\n" % (i, b"v" * 1000) for i in range(70))), 431)
refuse(cases, "one line of 70 KiB", head(b"X: " + b"v" * 71680 + b"\r\n"), 431)
refuse(cases, "a hundred and two fields", head(b"".join(b"X-%d: v\r\n" % i for i in range(101))), 431)
accept(cases, "sixty fields", head(b"".join(b"X-%d: v\r\n" % i for i in range(60))), b"X-59: v\r\n")
accept(cases, "a head of 50 KiB", head(b"".join(b"X-%d: %s\r\n" % (i, b"v" * 1000) for i in range(50))), b"X-49: vvv")
accept(cases, "bytes above 0x7f in a value", head(b"X-B: caf\xc3\xa9 \xff\r\n"), b"X-B: caf\xc3\xa9 \xff\r\n")
accept(cases, "a tab inside a value", head(b"X-B: a\tb\r\n"), b"X-B: a\tb\r\n")
accept(cases, "an empty value", head(b"X-B:\r\n"), b"X-B:")
accept(cases, "no space after the colon", head(b"X-B:v\r\n"), b"X-B: v\r\n")
accept(cases, "an underscore in a name", head(b"X_B: v\r\n"), b"X_B: v\r\n")
accept(cases, "every token character in a name", head(b"!#$%&'*+-.^_`|~09azAZ: v\r\n"), b"!#$%&'*+-.^_`|~09azAZ: v\r\n")
accept(cases, "two empty lines first", b"\r\n\r\n" + head(b""))

# Request line

cases = group("request line")
for version in (b"HTTP/2.0", b"HTTP/1.2", b"HTTP/1.9", b"HTTP/0.9", b"HTTP/9.9", b"HTTP/3.0", b"HTTP/2.1"):
    refuse(cases, f"version {version.decode()}", b"GET /g " + version + b"\r\nHost: case.test\r\n\r\n", 505)
for version in (b"HTTP/1.10", b"HTTP/1.257", b"HTTP/01.1", b"HTTP/1.01", b"HTTP/11", b"HTTP/1", b"HTTP/1.", b"HTTP/.1",
                b"HTTP/1,1",
                b"http/1.1", b"Http/1.1", b"HTTP /1.1", b"HTTPS/1.1", b"HTP/1.1", b"RTSP/1.0", b"ICE/1.0", b"HTTP/-1.1",
                b"HTTP/+1.1", b"HTTP/1.1x", b"HTTP/1.1 x", b"HTTP/\x31.\xb9", b"/1.1", b""):
    refuse(cases, f"version {version!r}", b"GET /g " + version + b"\r\nHost: case.test\r\n\r\n", 400, 505)
refuse(cases, "no version", b"GET /g\r\nHost: case.test\r\n\r\n")
refuse(cases, "no target", b"GET HTTP/1.1\r\nHost: case.test\r\n\r\n")
refuse(cases, "empty target", b"GET  HTTP/1.1\r\nHost: case.test\r\n\r\n")
refuse(cases, "two spaces after the method", b"GET  /g HTTP/1.1\r\nHost: case.test\r\n\r\n")
refuse(cases, "two spaces before the version", b"GET /g  HTTP/1.1\r\nHost: case.test\r\n\r\n")
refuse(cases, "tab after the method", b"GET\t/g HTTP/1.1\r\nHost: case.test\r\n\r\n")
refuse(cases, "tab before the version", b"GET /g\tHTTP/1.1\r\nHost: case.test\r\n\r\n")
refuse(cases, "leading space", b" GET /g HTTP/1.1\r\nHost: case.test\r\n\r\n")
refuse(cases, "trailing space", b"GET /g HTTP/1.1 \r\nHost: case.test\r\n\r\n")
refuse(cases, "space in the target", b"GET /g h HTTP/1.1\r\nHost: case.test\r\n\r\n")
for byte in (0x00, 0x01, 0x0b, 0x0c, 0x0d, 0x1f, 0x7f):
    refuse(cases, f"control byte {byte:#04x} in the target",
           b"GET /g" + bytes([byte]) + b"h HTTP/1.1\r\nHost: case.test\r\n\r\n")
for method in (b"GE(T", b"G\x00T", b"GET:", b"\"GET\"", b"G\xc9T", b"G/T", b"{}", b"A" * 65):
    refuse(cases, f"method {method[:12]!r}", method + b" /g HTTP/1.1\r\nHost: case.test\r\n\r\n", 400, 501)
for method in (b"get", b"Get"):
    cases.append(H1Case(f"method {method.decode()} is not GET", method + b" /g HTTP/1.1\r\nHost: case.test\r\n\r\n",
                        (200, 400, 501), (0, 1), None, (), (b"GET /g",)))
for method in (b"OPTIONS", b"PUT", b"DELETE", b"PATCH", b"PROPFIND", b"REPORT"):
    accept(cases, f"method {method.decode()}", method + b" /g HTTP/1.1\r\nHost: case.test\r\n\r\n",
           method + b" /g HTTP/1.1\r\n")
cases.append(H1Case("an unknown method is forwarded verbatim or 501", b"BREW /g HTTP/1.1\r\nHost: case.test\r\n\r\n",
                    (200, 501), (0, 1), None, (), (b"GET /g",)))
refuse(cases, "CONNECT authority", b"CONNECT case.test:443 HTTP/1.1\r\nHost: case.test:443\r\n\r\n", 501)
refuse(cases, "CONNECT path", b"CONNECT /g HTTP/1.1\r\nHost: case.test\r\n\r\n", 501, 400)
cases.append(H1Case("TRACE", b"TRACE /g HTTP/1.1\r\nHost: case.test\r\n\r\n", (405,), (0,), None))
refuse(cases, "a target of 17 KiB", b"GET /" + b"a" * 17408 + b" HTTP/1.1\r\nHost: case.test\r\n\r\n", 414)
refuse(cases, "a target of 100 KiB", b"GET /" + b"a" * 102400 + b" HTTP/1.1\r\nHost: case.test\r\n\r\n", 414)
accept(cases, "a request line of 8000 bytes", b"GET /" + b"a" * 7990 + b" HTTP/1.1\r\nHost: case.test\r\n\r\n",
       b"a" * 7990)
refuse(cases, "garbage", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03garbage\r\n\r\n", may_be_silent=True)
refuse(cases, "a reply instead of a request", b"HTTP/1.1 200 OK\r\nHost: case.test\r\n\r\n", 400, 501, 505)

# Targets

cases = group("targets")


def target(text: bytes, host: bytes = b"case.test") -> bytes:
    return b"GET " + text + b" HTTP/1.1\r\nHost: " + host + b"\r\n\r\n"


for text in (b"g", b"*", b"case.test", b"case.test:80", b"?x", b"/g#frag", b"/g#", b"#", b"http:/case.test/g",
             b"http:case.test",
             b"http:///g", b"http://user@case.test/g", b"http://user:pw@case.test/g", b"http://case.test:99999/g",
             b"http://case.test:x/g", b"http://case.test:-1/g", b"ftp://case.test/g", b"file:///etc/passwd",
             b"gopher://case.test/",
             b"http://evil.test/g", b"http://case.test:81/g", b"javascript:alert(1)", b"/g\\h", b"\\g", b"/%zz", b"/%",
             b"/%1", b"/a%2", b"/%u0041", b"/%00", b"/a%00b", b"/..;/g", b"/a/..;/b", b"/a/.;/b", b"/a/..;x=y/b",
             b"/a/%2e%2e;/b"):
    refuse(cases, f"{text.decode()!r}", target(text))
cases.append(H1Case("OPTIONS * is answered locally", b"OPTIONS * HTTP/1.1\r\nHost: case.test\r\n\r\n", (200, 204, 404),
                    (0,), None))
accept(cases, "absolute form becomes origin form", target(b"http://case.test/g?x=1"), b"GET /g?x=1 HTTP/1.1\r\n",
       b"Host: case.test\r\n")
accept(cases, "absolute form without a path", target(b"http://case.test"), b"GET / HTTP/1.1\r\n")
accept(cases, "absolute form, https", target(b"https://case.test/g"), b"GET /g HTTP/1.1\r\n")
accept(cases, "absolute form, scheme and host in any case", target(b"HTTP://CASE.test/g"), b"GET /g HTTP/1.1\r\n")

# Host

cases = group("host")


def hosted(*hosts: bytes) -> bytes:
    return b"GET /g HTTP/1.1\r\n" + b"".join(b"Host: " + host + b"\r\n" for host in hosts) + b"\r\n"


refuse(cases, "missing", hosted())
refuse(cases, "twice, equal", hosted(b"case.test", b"case.test"))
refuse(cases, "twice, different", hosted(b"case.test", b"evil.test"))
refuse(cases, "twice in HTTP/1.0", b"GET /g HTTP/1.0\r\nHost: case.test\r\nHost: evil.test\r\n\r\n")
for text in (b"", b" ", b"case.test, evil.test", b"case.test evil.test", b"case.test/", b"case.test/x", b"case.test?x",
             b"case.test#x", b"user@case.test", b"case.test@evil.test", b"case.test:", b"case.test:x", b"case.test:80x",
             b"case.test:-1",
             b"case.test:65536", b"case.test:99999999999", b"case.test:80:80", b"http://case.test", b"case.test\\x",
             b"[::1", b"::1]", b"[case.test]", b"[::g]", b"[]", b"case.test\x00", b"case\x7f.test", b"c\"ase.test",
             b"c<a>se.test", b"case.test;x", b"a" * 254, b".", b"%00.test", b"case|test", b"case{}test"):
    if text == b"case.test:":
        continue  # an empty port is grammatical (RFC 3986 §3.2.3); either decision is fine
    refuse(cases, f"{text[:30]!r}", hosted(text))
accept(cases, "upper case", hosted(b"CASE.TEST"), b"GET /g HTTP/1.1\r\n")
accept(cases, "port", hosted(b"case.test:8080"), b"Host: case.test:8080\r\n")
accept(cases, "trailing dot", hosted(b"case.test."))
accept(cases, "IPv4", hosted(b"127.0.0.1:80"), b"Host: 127.0.0.1:80\r\n")
accept(cases, "IPv6", hosted(b"[::1]:80"), b"Host: [::1]:80\r\n")
accept(cases, "underscore", hosted(b"my_case.test"), b"Host: my_case.test\r\n")
