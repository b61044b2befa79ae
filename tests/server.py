"""A real HTTP server on loopback that does what hostile, broken and well-meant servers do."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Answers by what the server's ``pages`` say of the path."""

    server: Server

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers)))
        page = self.server.pages.get(self.path.partition("?")[0])
        if page is None:
            self.send_error(404)
        else:
            page(self)

    def log_message(self, *_: object) -> None:
        """Nothing: tests read what was asked in ``asked``."""

    def begin(self, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.pages: dict[str, Answer] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_: object) -> None:
        """Clients that hang up are what is tested."""


@contextmanager
def serving() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def page(content: str | bytes, media_type: str = "text/html; charset=utf-8", **headers: str) -> Answer:
    data = content.encode() if isinstance(content, str) else content

    def answer(handler: Handler) -> None:
        handler.begin(200, Content_Type=media_type, Content_Length=str(len(data)), **headers)
        handler.wfile.write(data)

    return answer


def status(code: int) -> Answer:
    return lambda handler: handler.begin(code, Content_Length="0")


def redirect(to: str) -> Answer:
    return lambda handler: handler.begin(302, Location=to, Content_Length="0")


def endless(handler: Handler) -> None:
    handler.begin(200, Content_Type="text/html")
    while True:
        handler.wfile.write(b"<p>Der Rat tagt.</p>" * 2_000)


def bomb(handler: Handler) -> None:
    """Some 60 kB that unpack to 60 MB."""
    data = gzip.compress(b"<p>Der Rat tagt.</p>" * 3_000_000, 9)
    handler.begin(200, Content_Type="text/html", Content_Encoding="gzip", Content_Length=str(len(data)))
    handler.wfile.write(data)


def dripping(head: bool) -> Answer:
    """A byte now and then, within every time limit of a single read."""

    def answer(handler: Handler) -> None:
        if head:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        else:
            handler.begin(200, Content_Type="text/html")
        for _ in range(400):
            handler.wfile.write(b"a")
            handler.wfile.flush()
            time.sleep(0.02)

    return answer


def cut(handler: Handler) -> None:
    handler.begin(200, Content_Type="text/html", Content_Length="5000")
    handler.wfile.write(b"<p>Der Rat tagt.</p>")
    handler.wfile.flush()
    handler.connection.close()


def nonsense(handler: Handler) -> None:
    handler.wfile.write(b"\x00\x01\x02 this is no HTTP\r\n\r\n")
