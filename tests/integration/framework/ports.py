"""Ports for servers of tests that run side by side."""
from __future__ import annotations

import random
import socket

# Below those that the kernel gives to whoever connects: a port stays free between the question and its use.
FIRST, END = 10_000, 32_000
_given: set[int] = set()


def free_port(address: str = "127.0.0.1") -> int:
    """Free for TCP and UDP; another one each time."""
    while True:
        port = random.randrange(FIRST, END)
        if port in _given:
            continue
        _given.add(port)
        try:
            with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
                tcp.bind((address, port))
                udp.bind((address, port))
        except OSError:
            continue
        return port
