"""What an alert can notify: a function, the desktop, an Apprise URL, or a plain webhook."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from datafast_nb.alerts.addresses import Address, concealed, harmless
from datafast_nb.alerts.escaping import as_text, inert, without_links
from datafast_nb.alerts.message import Escape, News, Notice
from datafast_nb.api_key import Concealed
from datafast_nb.errors import AlertError

_TIMEOUT: Final = (5.0, 15.0)  # seconds to connect, and to wait for an answer
_TOO_MANY: Final = 429
_SLOWER: Final = 30.0  # seconds to wait if a channel asks for fewer messages without saying for how long
_DESKTOPS: Final = {
    "darwin": ("macosx://", "terminal-notifier: brew install terminal-notifier"),
    "win32": ("windows://", "pywin32: pip install pywin32"),
}
_NOTIFICATIONS: Final = "org.freedesktop.Notifications"
_SESSION: Final = "DBUS_SESSION_BUS_ADDRESS"
_DATA: Final = ("json", "jsons", "form", "forms", "xml", "xmls")
_PLAIN: Final = ("mailto", "mailtos", "ntfy", "ntfys", "macosx", "windows", "syslog")
_STATUS: Final = re.compile(r"error=(\d{3})\b")
_TALKATIVE: Final = (
    "apprise",
    "requests",
    "requests_oauthlib",
    "urllib3",
    "urllib3.connection",
    "urllib3.connectionpool",
    "urllib3.poolmanager",
    "urllib3.util.retry",
)

_heard: ContextVar[list[str] | None] = ContextVar("datafast_nb_heard", default=None)


class NotSentError(Exception):
    """A message could not be sent.

    Attributes
    ----------
    retry_after : float or None
        Seconds until the next message is accepted, if the other side says so.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Destination(Protocol):
    """Where messages are sent to."""

    @property
    def name(self) -> str:
        """A name that can be shown."""

    def send(self, news: News) -> None:
        """Send one message.

        Raises
        ------
        NotSentError
            It was not accepted.
        """


@dataclass(frozen=True, slots=True)
class Function:
    """A function that is called with each `Notice`."""

    function: Callable[[Notice], object]

    @property
    def name(self) -> str:
        """The name of the function."""
        return str(getattr(self.function, "__qualname__", type(self.function).__qualname__))

    def send(self, news: News) -> None:
        """Call the function. It may raise anything; what it raises may hold a secret."""
        try:
            self.function(Notice.of(news))
        except Exception as error:  # noqa: BLE001 - the function is anybody's
            raise NotSentError(harmless(error)) from None

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Webhook:
    """A URL that receives each message as JSON."""

    address: Address

    @property
    def name(self) -> str:
        """The scheme of the URL."""
        return repr(self.address)

    def send(self, news: News) -> None:
        """Post the message. A redirect is not followed: it would pass the token to another host."""
        import requests

        with quietly():
            try:
                response = requests.post(
                    self.address.reveal(), json=_as_json(news), timeout=_TIMEOUT, allow_redirects=False, stream=True
                )
            except requests.RequestException as error:
                raise NotSentError(f"It can't be reached ({type(error).__name__}).") from None
            with response:
                _check(response.status_code, response.headers)

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Service:
    """A service that Apprise knows."""

    address: Address
    apprise: Any = field(compare=False)
    needs: str = ""  # what it needs besides Apprise

    @property
    def name(self) -> str:
        """The scheme of the URL."""
        return repr(self.address)

    def send(self, news: News) -> None:
        """Send the message by Apprise, which escapes it for HTML where that is what the service shows."""
        from apprise import NotifyFormat

        with quietly() as heard:
            try:
                sent = self.apprise.notify(
                    body=news.text(escape_for(self.address.scheme)),
                    title=as_text(news.alert),
                    body_format=NotifyFormat.TEXT,
                )
            except Exception as error:  # noqa: BLE001 - of any plug-in
                raise NotSentError(harmless(error)) from None
        if not sent:
            codes = [int(found[1]) for line in heard if (found := _STATUS.search(line))]
            if codes:
                _check(codes[-1], {})
            needs = f" It needs {self.needs}." if self.needs else ""
            raise NotSentError(f"It can't be reached, or did not accept the message.{needs}")

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Desktop:
    """The desktop of the computer that Python runs on, over D-Bus, as on Linux."""

    @property
    def name(self) -> str:
        """The name that stands for it."""
        return "desktop"

    def send(self, news: News) -> None:
        """Show the message. Desktops interpret tags, so a stranger's text must hold none."""
        from jeepney import DBusAddress, new_method_call
        from jeepney.io.blocking import open_dbus_connection
        from jeepney.wrappers import unwrap_msg

        path = f"/{_NOTIFICATIONS.replace('.', '/')}"
        to = DBusAddress(path, bus_name=_NOTIFICATIONS, interface=_NOTIFICATIONS)
        values: tuple[Any, ...] = ("datafast_nb", 0, "", as_text(news.alert), news.text(inert), [], {}, -1)
        try:
            with open_dbus_connection() as connection:
                call = new_method_call(to, "Notify", "susssasa{sv}i", values)
                unwrap_msg(connection.send_and_get_reply(call, timeout=_TIMEOUT[1]))
        except Exception as error:  # noqa: BLE001 - of the socket, the protocol, or the desktop
            raise NotSentError(f"The desktop shows no notifications ({harmless(error)}).") from None

    def __repr__(self) -> str:
        return self.name


def destinations(notify: object) -> tuple[Destination, ...]:
    """Return what to notify, checked.

    Raises
    ------
    AlertError
        A text is not a URL that Apprise knows, or there is nothing to notify.
    TypeError
        It is neither text nor a function.
    ImportError
        A URL is given, but Apprise is not installed.
    """
    given = concealed(notify)
    del notify  # a traceback shows the remaining variables
    if isinstance(given, str) or callable(given):
        given = [given]
    if not isinstance(given, Iterable):
        raise TypeError(
            f"notify takes a function, print, 'desktop', a URL, or a list of these, not {type(given).__name__}."
        )
    found = [_destination(each) for each in given]
    if not found:
        raise AlertError("notify is empty: give a function, print, 'desktop', or a URL.")
    return tuple(dict.fromkeys(found))


def _destination(given: object) -> Destination:
    """Return one thing to notify."""
    if isinstance(given, (Function, Webhook, Service, Desktop)):
        return given
    if callable(given):
        return Function(given)
    if not isinstance(given, Concealed):
        raise TypeError(
            "notify takes a function, print, 'desktop', or a URL such as ntfy://host/topic, not "
            f"{type(given).__name__}."
        )
    if given.strip() == "print":
        return Function(print)
    if given.strip() == "desktop":
        return _desktop()
    address = Address.of(given)
    service = _service(address)
    if service is not None:
        return service
    if address.scheme in ("http", "https"):
        return Webhook(address)
    raise AlertError(
        f"{address!r} is not a URL that Apprise can send to: its scheme is unknown, or a part of it is missing. Its "
        "form for each service is at https://github.com/caronc/apprise/wiki."
    )


def _desktop() -> Destination:
    """Return the desktop of this computer."""
    if sys.platform in _DESKTOPS:
        url, needs = _DESKTOPS[sys.platform]
        service = _service(Address(url), needs)
        if service is None:
            raise AlertError(f"Notifying the desktop needs {needs}.")
        return service
    if importlib.util.find_spec("jeepney") is None:
        raise ImportError("Notifying the desktop needs jeepney: pip install 'datafast_nb[alerts]'.")
    if not os.environ.get(_SESSION):
        raise AlertError(
            f"There is no desktop to notify on the computer that Python runs on: {_SESSION}, which a desktop sets, is "
            "not set. A URL, such as for ntfy or mail, reaches you anywhere."
        )
    return Desktop()


def _service(address: Address, needs: str = "") -> Service | None:
    """Return the service of a URL; None if Apprise knows none."""
    try:
        from apprise import Apprise, AppriseAsset
    except ImportError as error:
        raise ImportError("Notifying needs Apprise: pip install 'datafast_nb[alerts]'.") from error
    with quietly():
        asset = AppriseAsset(async_mode=False, secure_logging=True)
        service = Apprise.instantiate(address.reveal(), asset=asset)
    if service is None:
        return None
    apprise = Apprise(asset=asset)
    apprise.add(service)
    return Service(address, apprise, needs)


def escape_for(scheme: str) -> Escape:
    """Return how to escape the texts of strangers for a service."""
    return as_text if scheme in _DATA else without_links if scheme in _PLAIN else inert


@contextlib.contextmanager
def quietly() -> Iterator[list[str]]:
    """Keep the libraries that send from logging, as they log URLs; yield what they would have logged."""
    for name in _TALKATIVE:
        logger = logging.getLogger(name)
        if _unheard not in logger.filters:
            logger.addFilter(_unheard)
    heard: list[str] = []
    token = _heard.set(heard)
    try:
        yield heard
    finally:
        _heard.reset(token)


def _unheard(record: logging.LogRecord) -> bool:
    """Return whether a record can be logged: not while a message is being sent."""
    heard = _heard.get()
    if heard is None:
        return True
    heard.append(record.getMessage())
    return False


def _as_json(news: News) -> dict[str, Any]:
    """Return what a webhook receives."""
    return {
        "alert": news.alert,
        "about": news.about,
        "message": news.text(),
        "count": news.count,
        "at": news.at.astimezone(UTC).isoformat(timespec="milliseconds"),
        "over": news.over,
    }


def _check(status: int, headers: Mapping[str, str]) -> None:
    """Raise an error unless a channel accepted a message."""
    if 200 <= status < 300:  # noqa: PLR2004
        return
    from datafast_nb.client.rate_limit import closed_for
    from datafast_nb.client.transport import Response

    wait = closed_for(Response(status, headers, b"", datetime.now(UTC)))
    if status == _TOO_MANY:
        raise NotSentError("It asks for fewer messages (429).", _SLOWER if wait is None else wait)
    hint = " Check the URL and its token." if 300 <= status < 500 else ""  # noqa: PLR2004
    raise NotSentError(f"It answered {status}.{hint}", wait)
