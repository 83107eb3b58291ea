"""A real Redis server, alone or in a cluster, on a port of its own."""
from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time

from .ports import free_port
from .process import patience


class Redis:
    """`{port}` in a flag stands for its port."""

    def __init__(self, *flags: str):
        self.folder = tempfile.mkdtemp(prefix="sluice-redis-")
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
             "--dir", self.folder, *(flag.format(port=self.port) for flag in flags)],
            stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + patience(10)
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def ask(self, *words: str) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), 5) as client:
            client.sendall((" ".join(words) + "\r\nQUIT\r\n").encode())
            said = b"".join(iter(lambda: client.recv(65536), b""))
        return said.removesuffix(b"+OK\r\n")

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)


class Cluster:
    """Three masters with the slots in equal parts, in this order."""

    def __init__(self, *flags: str):
        self.nodes: list[Redis] = []
        try:
            for _ in range(3):
                self.add(*flags)
            subprocess.run(["redis-cli", "--cluster", "create", *(node.address for node in self.nodes),
                            "--cluster-yes"], check=True, stdout=subprocess.DEVNULL, timeout=patience(60))
            self.wait(lambda: all(b"cluster_state:ok" in node.ask("CLUSTER", "INFO") for node in self.nodes))
        except BaseException:
            self.close()
            raise

    def add(self, *flags: str) -> Redis:
        node = Redis("--cluster-enabled", "yes", "--cluster-node-timeout", "3000", "--cluster-port", str(free_port()),
                     *flags)
        self.nodes.append(node)
        return node

    def add_replica(self, of: Redis) -> Redis:
        replica = self.add()
        subprocess.run(["redis-cli", "--cluster", "add-node", replica.address, of.address, "--cluster-slave",
                        "--cluster-master-id", self.name(of)], check=True, stdout=subprocess.DEVNULL,
                       timeout=patience(60))
        self.wait(lambda: b"master_link_status:up" in replica.ask("INFO", "replication"))
        return replica

    @staticmethod
    def name(node: Redis) -> str:
        return node.ask("CLUSTER", "MYID").splitlines()[1].decode()

    @staticmethod
    def wait(condition) -> None:
        deadline = time.monotonic() + patience(30)
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError("the cluster of Redis does not get ready")
            time.sleep(0.05)

    def owner(self, key: str) -> Redis:
        slot = int(self.nodes[0].ask("CLUSTER", "KEYSLOT", key)[1:])
        return self.nodes[0 if slot <= 5460 else 1 if slot <= 10922 else 2]

    def close(self) -> None:
        for node in self.nodes:
            node.close()
