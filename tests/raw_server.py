"""A loopback server below HTTP: it says exactly what a test tells it to, however wrong that is."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Self

GENEROUS = 30.0  # seconds that nothing here takes

Talk = Callable[["Caller"], None]


class Caller:
    """One connection, its request read already."""

    def __init__(self, connection: socket.socket, over: threading.Event) -> None:
        self.connection = connection
        self.over = over

    def say(self, text: bytes) -> None:
        self.connection.sendall(text)

    def keep_saying(self, text: bytes, pause: float = 0.0) -> None:
        """Say it again and again, until the other side hangs up or the test is over."""
        while not self.over.wait(pause):
            self.connection.sendall(text)

    def wait(self) -> None:
        """Say nothing, until the other side hangs up."""
        while self.connection.recv(1 << 16):
            pass


class RawServer:
    """Lets a function talk to each caller."""

    def __init__(self, talk: Talk, *, hears_first: bool = True) -> None:
        self.talk = talk
        self.hears_first = hears_first
        self.requests: list[bytes] = []
        self.over = threading.Event()
        self.hung_up = threading.Semaphore(0)  # released at the end of each talk
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.over.set()
        self._listener.close()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(GENEROUS)
        with connection, contextlib.suppress(OSError):
            if self.hears_first:
                for request in _requests(connection):
                    self.requests.append(request)
                    self.talk(Caller(connection, self.over))
            else:
                self.talk(Caller(connection, self.over))
        self.hung_up.release()


def _requests(connection: socket.socket) -> Iterator[bytes]:
    """Return the head of each request that comes over a connection."""
    heard = b""
    while piece := connection.recv(1 << 16):
        heard += piece
        while b"\r\n\r\n" in heard:
            head, heard = heard.split(b"\r\n\r\n", 1)
            yield head


def saying(answer: bytes) -> Talk:
    """Return a talk of one sentence, after which the server hangs up."""

    def talk(caller: Caller) -> None:
        caller.say(answer)
        caller.connection.shutdown(socket.SHUT_RDWR)

    return talk


def answer(body: bytes, *headers: bytes, status: bytes = b"200 OK") -> bytes:
    """Return a well-formed answer."""
    lines = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body
