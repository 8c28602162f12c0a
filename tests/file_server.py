"""A server of files on loopback that cuts, lies, forgets and changes its mind, as it is told."""

import base64
import contextlib
import re
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

DATA = np.random.default_rng(0).bytes(1_000_000)
OTHER = np.random.default_rng(1).bytes(1_000_000)


@dataclass
class Served:
    """A file on the server, how it is served, and what was asked and sent."""

    data: bytes
    headers: dict[str, str] = field(default_factory=lambda: {"ETag": '"1"'})
    cuts: list[int] = field(default_factory=list)  # bytes of body in the first answers, before the line is cut
    ranges: bool = True
    if_range: bool = True
    align: int = 1  # a partial answer starts at a multiple of so many bytes at or before what was asked for
    piece: int | None = None  # a partial answer has at most so many bytes
    length: bool = True
    status: list[int] = field(default_factory=list)  # of the first answers, 0 for the usual one
    hold: threading.Event | None = None  # hang instead of cutting, until this is set
    drip: str = ""  # "head" or "body" comes byte by byte, 50 a second
    login: str = ""  # user:password that must be given
    query: str = ""  # that must be given
    requests: list[dict[str, str]] = field(default_factory=list)
    sent: int = 0
    url: str = ""


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        served = self.server.files.get(path)
        if served is None:
            return self.send_error(404)
        login = base64.b64encode(served.login.encode()).decode()
        if (served.login and self.headers.get("Authorization") != f"Basic {login}") or query != served.query:
            return self.send_error(401)
        served.requests.append(dict(self.headers))
        status = served.status.pop(0) if served.status else 0
        if status:
            return self.send_error(status)
        self.send_file(served, self.start(served))

    def start(self, served: Served) -> int:
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        versions = (None, served.headers.get("ETag"), served.headers.get("Last-Modified"))
        if not asked or not served.ranges or (served.if_range and self.headers.get("If-Range") not in versions):
            return 0
        return int(asked.group(1)) // served.align * served.align

    def send_file(self, served: Served, start: int) -> None:
        total = len(served.data)
        if start >= total > 0:
            return self.send_error(416)
        body = served.data[start:][: served.piece if start else None]
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{start + len(body) - 1}/{total}")
        if served.length:
            self.send_header("Content-Length", str(len(body)))
        for name, value in served.headers.items():
            self.send_header(name, value)
        if served.drip == "head":
            self.flush_headers()
            self.drip(b"X-Slow: " + b"x" * 1000)
        self.end_headers()
        if served.drip == "body":
            return self.drip(body)
        cut = served.cuts.pop(0) if served.cuts else None
        served.sent += len(body[:cut])  # first, as the client may be done before this thread goes on
        self.wfile.write(body[:cut])
        if cut is not None and served.hold:
            served.hold.wait(10)

    def drip(self, data: bytes) -> None:
        with contextlib.suppress(OSError):  # until the client has had enough
            for byte in data:
                self.wfile.write(bytes([byte]))
                time.sleep(0.02)

    def log_message(self, *words: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, Served] = {}

    def serve(self, name: str, data: bytes = DATA, **how: object) -> Served:
        """Serve `data` under a URL of its own that ends in `name`."""
        path = f"/{len(self.files)}/{name}"
        self.files[path] = served = Served(data, **how)
        login, query = served.login and f"{served.login}@", served.query and f"?{served.query}"
        served.url = f"http://{login}127.0.0.1:{self.server_port}{path}{query}"
        return served

    def dead(self, name: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/nothing/{name}"
