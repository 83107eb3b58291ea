"""A WebSocket server that says everything back: server.py 127.0.0.1:9000"""
import base64
import hashlib
import socketserver
import sys


class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        fields = {}
        while (line := self.rfile.readline().strip()):
            name, _, value = line.decode().partition(": ")
            fields[name.lower()] = value
        if "sec-websocket-key" not in fields:
            return
        key = fields["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        self.wfile.write(f"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                         f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode())
        while len(head := self.rfile.read(2)) == 2:  # short, masked frames: enough for an example
            mask, data = self.rfile.read(4), self.rfile.read(head[1] & 127)
            self.wfile.write(bytes([head[0], len(data)]) + bytes(b ^ mask[i % 4] for i, b in enumerate(data)))


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


host, port = sys.argv[1].split(":")
Server((host, int(port)), Echo).serve_forever()
