"""Real receivers on loopback: HTTP, an endpoint like ntfy's, and SMTP; each can be set to misbehave."""

from __future__ import annotations

import json
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from jeepney import MessageType, new_method_return
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection

from tests.alerts.sites import GENEROUS


class Receiver:
    """An HTTP server that answers as it is set, and keeps what it was sent."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str]]] = []  # the next ones; then 200
        self.bodies: list[dict[str, Any]] = []
        self.requests = 0
        self.gate = threading.Event()  # closed: no answer until it is opened
        self.gate.set()
        self.asked = threading.Semaphore(0)
        self._changed = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                receiver.requests += 1
                receiver.asked.release()
                receiver.gate.wait(GENEROUS)
                status, headers = receiver.answers.pop(0) if receiver.answers else (200, {})
                self.send_response(status)
                for name, value in {"Content-Length": "2", **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(b"{}")
                if status == 200:
                    with receiver._changed:
                        receiver.bodies.append(json.loads(body))
                        receiver._changed.notify_all()

            do_PUT = do_POST  # noqa: N815 - of http.server

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    def wait_for(self, count: int) -> list[dict[str, Any]]:
        """Wait until some messages were accepted, and return all."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.bodies) >= count, GENEROUS)
            return self.bodies

    def close(self) -> None:
        self.gate.set()
        self._server.shutdown()
        self._server.server_close()


class Mailbox:
    """Keeps the mails that a server took."""

    def __init__(self) -> None:
        self.mails: list[Any] = []
        self.refusals: list[str] = []  # the next answers; then mails are taken
        self._changed = threading.Condition()

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:  # noqa: N802 - of aiosmtpd
        with self._changed:
            if self.refusals:
                return self.refusals.pop(0)
            self.mails.append(message_from_bytes(envelope.content))
            self._changed.notify_all()
        return "250 OK"

    def wait_for(self, count: int) -> list[Any]:
        """Wait until some mails were taken, and return all."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.mails) >= count, GENEROUS)
            return self.mails


@contextmanager
def smtp() -> Iterator[tuple[Mailbox, int]]:
    """Run a mail server, and give its mailbox and port."""
    mailbox = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(
        mailbox,
        hostname="127.0.0.1",
        port=port,
        auth_require_tls=False,
        authenticator=lambda *_: AuthResult(success=True),
    )
    controller.start()
    try:
        yield mailbox, port
    finally:
        controller.stop()


class Desktop:
    """A program that shows notifications, on a D-Bus of its own; it keeps what it is to show."""

    def __init__(self, address: str) -> None:
        self.shown: list[tuple[str, str, str]] = []  # the program, the title and the text
        self._connection = open_dbus_connection(address)
        self._connection.send_and_get_reply(message_bus.RequestName("org.freedesktop.Notifications"))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        """Answer until the connection is closed."""
        while True:
            try:
                call = self._connection.receive()
            except (OSError, EOFError):
                return
            if call.header.message_type is MessageType.method_call:
                program, _, _, title, text, *_ = call.body
                self.shown.append((program, title, text))
                self._connection.send(new_method_return(call, "u", (1,)))

    def close(self) -> None:
        """Show nothing anymore."""
        self._connection.close()


@contextmanager
def session_bus() -> Iterator[str]:
    """Run the D-Bus of a session, and give its address."""
    command = ["dbus-daemon", "--session", "--nofork", "--print-address=1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as daemon:
        assert daemon.stdout is not None
        try:
            yield daemon.stdout.readline().strip()
        finally:
            daemon.terminate()
