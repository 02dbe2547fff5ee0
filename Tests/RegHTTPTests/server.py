# SPDX-License-Identifier: Apache-2.0
"""A server that answers as its path says, well or badly, on a free port of the loopback interface.

    server.py [CERTIFICATE KEY]

Speaks TLS where it is given a certificate. Prints its port when it listens, ends when its standard input does.
"""
import hashlib
import itertools
import json
import re
import socket
import ssl
import struct
import sys
import threading

ended = threading.Event()
connections = itertools.count(1)
counts = {}
lock = threading.Lock()
PERIOD = bytes((i * 7 + (i >> 8)) & 0xFF for i in range(1 << 16))


def pattern(start, end):
    """The bytes of the resource /bytes from `start` up to `end`."""
    repeated = PERIOD * (end // len(PERIOD) + 1)
    return repeated[start:end]


class Connection:
    def __init__(self, sock):
        self.sock = sock
        self.file = sock.makefile("rb")
        self.number = next(connections)
        self.is_open = True

    def serve(self):
        try:
            while self.is_open and self.read_head():
                self.respond()
        except (OSError, ValueError):
            pass
        finally:
            self.file.close()
            self.sock.close()

    def read_head(self):
        line = self.file.readline(65536).decode("latin-1").split()
        if len(line) != 3:
            return False
        self.method, self.path, _ = line
        self.headers = []
        while True:
            line = self.file.readline(65536).decode("latin-1").rstrip("\r\n")
            if not line:
                break
            name, _, value = line.partition(":")
            self.headers.append((name.lower(), value.strip()))
        with lock:
            self.count = counts[self.path] = counts.get(self.path, 0) + 1
        return True

    def header(self, name):
        return next((value for known, value in self.headers if known == name), None)

    def read_body(self):
        return self.file.read(int(self.header("content-length") or 0))

    def send(self, data):
        self.sock.sendall(data if isinstance(data, bytes) else data.encode("latin-1"))

    def answer(self, status, body=b"", headers="", length=None):
        length = len(body) if length is None else length
        self.send(f"HTTP/1.1 {status} Whatever\r\n{headers}Content-Length: {length}\r\n\r\n")
        if self.method != "HEAD":
            self.send(body)

    def echo(self):
        body = self.read_body()
        self.answer(
            200,
            json.dumps(
                {
                    "method": self.method,
                    "path": self.path,
                    "headers": [f"{name}: {value}" for name, value in self.headers],
                    "length": len(body),
                    "hash": hashlib.sha256(body).hexdigest(),
                    "connection": self.number,
                    "count": self.count,
                }
            ).encode(),
            "X-Seen: yes\r\n",
        )

    def end(self, harshly=False):
        """Closes the connection; harshly by a reset."""
        if harshly:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.is_open = False

    def wait(self):
        """Says nothing until the test is over or the client has gone."""
        self.sock.settimeout(0.05)
        while not ended.is_set():
            try:
                if not self.sock.recv(65536):
                    break
            except TimeoutError:
                pass
        self.end()

    def respond(self):
        name, *words = self.path.split("?")[0].strip("/").split("/")
        method = getattr(self, "do_" + re.sub("[^a-z]", "_", name), None)
        if method is None:
            return self.echo()
        return method(*words)

    # What the paths stand for

    def do_bytes(self, count):
        first, last = re.fullmatch(r"bytes=(\d+)-(\d*)", self.header("range") or "bytes=0-").groups()
        self.answer(206 if self.header("range") else 200, pattern(int(first), int(last or int(count) - 1) + 1))

    def do_stall(self, count, sent):
        """The first time only `sent` bytes, then nothing; later like /bytes."""
        if self.count > 1:
            return self.do_bytes(count)
        self.answer(200, pattern(0, int(sent)), length=int(count))
        return self.wait()

    def do_stall_then_break(self, count, sent):
        """As /stall, and the second time the connection breaks, upon which the first goes on."""
        if self.count > 1:
            self.end(harshly=True)
            ready.set()
            return
        self.answer(200, pattern(0, int(sent)), length=int(count))
        ready.wait(30)
        self.send(pattern(int(sent), int(count)))

    def do_silent(self):
        self.wait()

    def do_drip(self):
        self.answer(200, length=1 << 30)
        while not ended.wait(0.02):
            self.send(b"x" * 4096)

    def do_short(self):
        self.answer(200, b"0123456789", length=100)
        self.end()

    def do_chunked(self, ending):
        self.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        if ending == "cut":
            return self.end()
        trailer = "Content-Range: bytes 7-9/10\r\nX-Trailer: yes\r\n" if ending == "trailers" else ""
        return self.send(f"0\r\n{trailer}\r\n")

    def do_long_head(self, kind):
        if kind == "interim":
            for _ in range(3000):
                self.send("HTTP/1.1 100 Continue\r\nX: " + "x" * 50 + "\r\n\r\n")
            return self.answer(200, b"late")
        line = "X: " + "x" * 50 + "\r\n" if kind == "lines" else "X: " + "x" * 60000 + "\r\n"
        return self.answer(200, b"", line * (3000 if kind == "lines" else 2))

    def do_interim(self):
        self.send("HTTP/1.1 100 Continue\r\nX-One: 1\r\n\r\nHTTP/1.1 103 Early Hints\r\nX-Two: 2\r\n\r\n")
        self.echo()

    def do_status(self, status, count="0"):
        self.read_body()
        self.answer(int(status), b"e" * int(count), f"Location: /echo\r\nETag: \"{status}\"\r\n")

    def do_endless_error(self):
        self.answer(500, length=1 << 40)
        while not ended.is_set():
            self.send(b"e" * 65536)

    def do_early(self):
        """Refuses before the body has come."""
        self.answer(403, b"no", "Connection: close\r\n")
        self.wait()

    def do_drop_once(self, _):
        """The first time it takes the body and closes the connection without a word."""
        if self.count > 1:
            return self.echo()
        self.read_body()
        return self.end()

    def do_noise(self):
        self.send(b"SSH-2.0-x\r\n\r\n")
        self.end()

    def do_nothing(self):
        self.end()

    def do_reset(self):
        self.end(harshly=True)

    def do_headers(self):
        self.answer(200, b"", "X-Blank: \t  a  b \t\r\nx-BLANK: second\r\nX-Empty:\r\nX-Colon: a:b\r\n")


ready = threading.Event()


def main():
    listener = socket.create_server(("127.0.0.1", 0))
    context = None
    if len(sys.argv) > 1:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])

    def serve(sock):
        try:
            Connection(context.wrap_socket(sock, server_side=True) if context else sock).serve()
        except OSError:
            sock.close()

    def accept():
        while True:
            sock, _ = listener.accept()
            threading.Thread(target=serve, args=(sock,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    print(listener.getsockname()[1], flush=True)
    sys.stdin.read()
    ended.set()


main()
