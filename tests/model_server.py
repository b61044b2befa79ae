"""A real server of language models on loopback, which says what a test tells it to.

It speaks the chat protocols of OpenAI (server-sent events) and Ollama (JSON lines), and can be slow, refuse, break off
or talk nonsense. Knows nothing of what is tested.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Reply:
    """One answer: its pieces, the pause before each, and what goes wrong after them, if anything."""

    text: str = ""
    pause: float = 0.0
    wait: float = 0.0
    status: int = 200
    then: str = ""  # "": ends well; "drop": closes the connection; "hang": says no more; "garbage": breaks its JSON


@dataclass
class ModelServer:
    """Where it serves, what it will say (the last reply again and again), and what it was asked."""

    url: str
    replies: list[Reply] = field(default_factory=lambda: [Reply()])
    requests: list[dict[str, Any]] = field(default_factory=list)
    gone: threading.Event = field(default_factory=threading.Event)  # a client closed its connection

    def next_reply(self) -> Reply:
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    @property
    def told(self) -> str:
        """All that the last request told the model."""
        return "\n".join(message["content"] for message in self.requests[-1]["body"]["messages"])


@contextmanager
def serving_model(*replies: Reply) -> Iterator[ModelServer]:
    """A server on a free port of loopback."""
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    httpd.daemon_threads = True
    server = ModelServer(f"http://127.0.0.1:{httpd.server_address[1]}", list(replies) or [Reply()])
    httpd.model = server  # type: ignore[attr-defined]
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.gone.set()
        httpd.shutdown()
        httpd.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def do_POST(self) -> None:
        server: ModelServer = self.server.model  # type: ignore[attr-defined]
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        server.requests.append({"path": self.path, "headers": dict(self.headers), "body": body})
        reply = server.next_reply()
        time.sleep(reply.wait)
        if reply.status != 200:
            self._refuse(reply.status)
            return
        try:
            self._stream(reply, ollama=self.path.startswith("/api/"))
        except OSError:  # the client has gone
            server.gone.set()
        self.close_connection = True

    def _refuse(self, status: int) -> None:
        body = json.dumps({"error": {"message": "told to refuse", "type": "test", "code": None}}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, reply: Reply, *, ollama: bool) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson" if ollama else "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for start in range(0, len(reply.text), 12):
            time.sleep(reply.pause)
            self._send(_line(reply.text[start : start + 12], ollama=ollama))
        server: ModelServer = self.server.model  # type: ignore[attr-defined]
        if reply.then == "hang":
            while not server.gone.wait(0.02):
                self._send("\n" if ollama else ": still here\n\n")  # how it finds out that the client has gone
            return
        if reply.then == "garbage":
            self._send('{"oh' if ollama else 'data: {"oh\n\n')
        if reply.then == "drop":
            return
        self._send(_line("", ollama=ollama, last=True))
        if not ollama:
            self._send("data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def _send(self, text: str) -> None:
        data = text.encode()
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()


def _line(piece: str, *, ollama: bool, last: bool = False) -> str:
    if ollama:
        message = {"role": "assistant", "content": piece}
        return (
            json.dumps({"model": "test", "created_at": "2022-11-30T00:00:00Z", "message": message, "done": last}) + "\n"
        )
    choice = {"index": 0, "delta": {"role": "assistant", "content": piece}, "finish_reason": "stop" if last else None}
    event = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "test", "choices": [choice]}
    return f"data: {json.dumps(event)}\n\n"
