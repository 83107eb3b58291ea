"""A gRPC service, example.Echo, without generated code: server.py 127.0.0.1:9000"""
import sys
from concurrent import futures

import grpc


def say(message, context):
    return b"you said " + message


def chat(messages, context):
    for message in messages:
        yield b"you said " + message


server = grpc.server(futures.ThreadPoolExecutor(8))
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("example.Echo", {
    "Say": grpc.unary_unary_rpc_method_handler(say),
    "Chat": grpc.stream_stream_rpc_method_handler(chat),
}),))
server.add_insecure_port(sys.argv[1])
server.start()
server.wait_for_termination()
