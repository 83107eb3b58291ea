"""A real gRPC client and a real gRPC server with Sluice between them: the four kinds of calls, status, deadlines,
cancelling, metadata. Left out, with a word, where Debian's python3-grpcio is not installed for this Python."""
import sys
import threading
import time
import unittest
from concurrent import futures

from framework import Case, patience, single

if "/usr/lib/python3/dist-packages" not in sys.path:
    sys.path.append("/usr/lib/python3/dist-packages")
try:
    import grpc
except ImportError:
    grpc = None


class Service:
    """test.Echo, on bytes: no protobuf."""

    def __init__(self):
        self.cancelled = threading.Event()
        self.metadata = None

    def unary(self, message, context):
        self.metadata = dict(context.invocation_metadata())
        context.set_trailing_metadata((("x-trailer", "end"),))
        return message[::-1]

    def down(self, message, context):
        for n in range(int(message)):
            yield b"%d" % n * 1000

    def up(self, messages, context):
        return b"%d" % sum(len(message) for message in messages)

    def chat(self, messages, context):
        for message in messages:
            yield b"<" + message + b">"

    def fail(self, message, context):
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not today: \u00fc")

    def wait(self, message, context):
        context.add_callback(self.cancelled.set)
        self.cancelled.wait(patience(20))
        return b"late"

    def handler(self):
        kinds = {"unary": grpc.unary_unary_rpc_method_handler, "down": grpc.unary_stream_rpc_method_handler,
                 "up": grpc.stream_unary_rpc_method_handler, "chat": grpc.stream_stream_rpc_method_handler,
                 "fail": grpc.unary_unary_rpc_method_handler, "wait": grpc.unary_unary_rpc_method_handler}
        return grpc.method_handlers_generic_handler(
            "test.Echo", {name: kind(getattr(self, name)) for name, kind in kinds.items()})


@unittest.skipIf(grpc is None, "left out: python3-grpcio is not installed for this Python")
class Grpc(Case):
    def setUp(self):
        super().setUp()
        self.service = Service()
        self.server = grpc.server(futures.ThreadPoolExecutor(16))
        self.server.add_generic_rpc_handlers((self.service.handler(),))
        port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()
        self.addCleanup(lambda: self.server.stop(0).wait())
        self.process = self.sluice(single(f"h2c://127.0.0.1:{port}"))
        self.channel = grpc.insecure_channel("%s:%d" % self.process.address("web"))

    def tearDown(self):
        self.channel.close()
        super().tearDown()

    def call(self, kind: str, name: str):
        return getattr(self.channel, kind)(f"/test.Echo/{name}")

    def test_unary_with_metadata_and_trailers(self):
        reply, call = self.call("unary_unary", "unary").with_call(b"abc", metadata=(("x-asked", "why"),),
                                                                  timeout=patience(10))
        self.assertEqual(reply, b"cba")
        self.assertEqual(self.service.metadata["x-asked"], "why")
        self.assertIn(("x-trailer", "end"), [tuple(pair) for pair in call.trailing_metadata()])
        self.assertEqual(call.code(), grpc.StatusCode.OK)

    def test_large_messages(self):
        message = bytes(range(256)) * 8000
        reply = self.call("unary_unary", "unary")(message, timeout=patience(20))
        self.assertEqual(reply, message[::-1])

    def test_a_stream_down(self):
        replies = list(self.call("unary_stream", "down")(b"300", timeout=patience(20)))
        self.assertEqual(replies, [b"%d" % n * 1000 for n in range(300)])

    def test_a_stream_up(self):
        reply = self.call("stream_unary", "up")(iter([b"x" * 5000] * 200), timeout=patience(20))
        self.assertEqual(reply, b"1000000")

    def test_both_at_once(self):
        go_on = threading.Semaphore(1)

        def questions():
            for n in range(50):
                go_on.acquire()
                yield b"%d" % n

        heard = []
        for reply in self.call("stream_stream", "chat")(questions(), timeout=patience(20)):
            heard.append(reply)
            go_on.release()
        self.assertEqual(heard, [b"<%d>" % n for n in range(50)])

    def test_status_without_a_message(self):
        with self.assertRaises(grpc.RpcError) as raised:
            self.call("unary_unary", "fail")(b"", timeout=patience(10))
        self.assertEqual((raised.exception.code(), raised.exception.details()),
                         (grpc.StatusCode.FAILED_PRECONDITION, "not today: \u00fc"))
        with self.assertRaises(grpc.RpcError) as raised:
            self.call("unary_unary", "missing")(b"", timeout=patience(10))
        self.assertEqual(raised.exception.code(), grpc.StatusCode.UNIMPLEMENTED)

    def test_a_deadline_ends_the_call_on_both_sides(self):
        with self.assertRaises(grpc.RpcError) as raised:
            self.call("unary_unary", "wait")(b"", timeout=0.5)
        self.assertEqual(raised.exception.code(), grpc.StatusCode.DEADLINE_EXCEEDED)
        self.assertTrue(self.service.cancelled.wait(patience(5)))

    def test_a_cancelled_call_is_cancelled_at_the_server(self):
        call = self.call("unary_unary", "wait").future(b"", timeout=patience(30))
        time.sleep(0.3)
        call.cancel()
        self.assertTrue(self.service.cancelled.wait(patience(5)))

    def test_many_calls_at_once(self):
        calls = [self.call("unary_unary", "unary").future(b"%d!" % n, timeout=patience(30)) for n in range(200)]
        self.assertEqual([call.result() for call in calls], [b"!" + (b"%d" % n)[::-1] for n in range(200)])

    def test_no_server_is_unavailable(self):
        self.server.stop(0).wait()
        with self.assertRaises(grpc.RpcError) as raised:
            self.call("unary_unary", "unary")(b"", timeout=patience(10))
        self.assertEqual(raised.exception.code(), grpc.StatusCode.UNAVAILABLE)
