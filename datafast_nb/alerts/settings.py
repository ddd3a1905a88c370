"""Reads alerts from a TOML file, which hides their URLs from people who list the processes."""

from __future__ import annotations

import inspect
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from datafast_nb.alerts.addresses import concealed
from datafast_nb.alerts.alert import Alert
from datafast_nb.errors import AlertError
from datafast_nb.text import nearest, quoted

_KEYS: Final = tuple(name for name in inspect.signature(Alert).parameters)
_TOP: Final = ("alert", "state")


class Settings(NamedTuple):
    """What a file asks for.

    Attributes
    ----------
    alerts : list of Alert
        The alerts.
    state : pathlib.Path or None
        The file of what was reported.
    """

    alerts: list[Alert]
    state: Path | None


def read(file: Path) -> Settings:
    """Read a file with a table ``[[alert]]`` for each alert, whose keys are the parameters of `Alert`.

    ``at_most = false`` stands for no limit. A relative path as ``state`` is beside the file.

    Raises
    ------
    AlertError
        The file can't be read, or an alert in it is wrong; the message says which.
    """
    try:
        tables = concealed(tomllib.loads(file.read_text("utf-8")))
    except OSError as error:
        raise AlertError(f"The alerts can't be read: {file}: {error.strerror}.") from None
    except ValueError as error:  # of TOML, or of UTF-8
        raise AlertError(f"{file} is not TOML: {error}") from None
    _check_keys(tables, _TOP, str(file))
    given, state = tables.get("alert"), tables.get("state")
    if not isinstance(given, list) or not given:
        raise AlertError(f"{file} has no alerts: begin each with the line [[alert]].")
    if not isinstance(state, str | None):
        raise AlertError(f"{file}: state takes the path of a file, as text.")
    alerts = [_alert(table, f"{file}, alert {place}") for place, table in enumerate(given, 1)]
    return Settings(alerts, None if state is None else file.parent / str(state))


def _alert(table: Any, where: str) -> Alert:  # noqa: ANN401 - anything that TOML can hold
    """Return one alert of a file."""
    if not isinstance(table, dict):
        raise AlertError(f"{where} is not a table: begin it with the line [[alert]].")
    _check_keys(table, _KEYS, where)
    given: dict[str, Any] = {
        name: str(value) if isinstance(value, str) and name != "notify" else value for name, value in table.items()
    }
    if given.get("at_most") is False:
        given["at_most"] = None
    try:
        return Alert(**{"notify": nobody, **given})
    except (AlertError, TypeError, ValueError) as error:
        raise AlertError(f"{where}: {error}") from None


def nobody(notice: object) -> None:
    """Notify nobody, as the log has the message already."""


def _check_keys(table: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    """Refuse an unknown key."""
    for name in table:
        if name not in known:
            raise AlertError(
                f"{where}: there is no {quoted(name)}.{nearest(name, known)} There are: {', '.join(known)}."
            )
