"""Calls example.Echo: client.py 127.0.0.1:8000"""
import sys

import grpc

with grpc.insecure_channel(sys.argv[1]) as channel:
    print(channel.unary_unary("/example.Echo/Say")(b"hello", timeout=10, wait_for_ready=True).decode())
    for reply in channel.stream_stream("/example.Echo/Chat")(iter([b"one", b"two"]), timeout=10):
        print(reply.decode())
