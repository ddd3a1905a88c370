"""Callbacks for events of the live map. Independent of any widget."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar, get_args

import polars as pl

from datafast_nb.checks import checked_callable
from datafast_nb.conversion import ALIASES, Derived, with_dimensions
from datafast_nb.text import plain

DERIVED: Final = (*get_args(Derived), *ALIASES)
"""The derived dimensions that a condition may use, and the other names of columns."""

What = TypeVar("What")


@dataclass(eq=False)
class Conditional:
    """A callback that receives the visitors who meet a condition, if there are any.

    Two are equal if they have the same function, whatever their conditions, so that one can be removed again.

    Parameters
    ----------
    callback
        The function.
    where
        A Polars expression over the columns of ``schema.VISITORS`` and `DERIVED`; None for all visitors.
    """

    callback: Callable[[pl.DataFrame], Any]
    where: pl.Expr | None

    def __post_init__(self) -> None:
        checked_callable(self.callback, "on_visitor")
        self.__name__ = getattr(self.callback, "__name__", type(self.callback).__name__)

    def __call__(self, arrived: pl.DataFrame) -> None:
        """Call the function with the visitors who meet the condition, if any do."""
        if self.where is not None:
            arrived = with_dimensions(arrived, *DERIVED).filter(self.where).select(arrived.columns)
        if arrived.height:
            self.callback(arrived)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Conditional) and self.callback == other.callback

    __hash__ = None  # type: ignore[assignment] # compared, never hashed


class Callbacks(Generic[What]):
    """The functions to call for one kind of event.

    A function that raises an exception is reported once, in the log and in `faults`. It is still called the next time,
    and the other functions are not affected.

    Parameters
    ----------
    kind
        The kind of event as the user knows it, such as ``on_update``.
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[What], Any]] = []
        self._reported: list[tuple[Callable[[What], Any], str]] = []

    @property
    def faults(self) -> list[str]:
        """One sentence for each function that has raised an exception."""
        return [sentence for _, sentence in self._reported]

    def add(self, callback: Callable[[What], Any]) -> None:
        """Add a function. Adding it again has no effect."""
        checked_callable(callback, self._kind)
        with self._lock:
            if callback not in self._callbacks:
                self._callbacks = [*self._callbacks, callback]

    def remove(self, callback: Callable[[What], Any]) -> None:
        """Remove a function."""
        with self._lock:
            self._callbacks = [each for each in self._callbacks if each != callback]
            self._reported = [report for report in self._reported if report[0] != callback]

    def call(self, what: What) -> None:
        """Call all functions."""
        for callback in self._callbacks:
            try:
                callback(what)
            except Exception as error:  # noqa: BLE001 - the user's code may raise anything
                self._report(callback, error)

    def _report(self, callback: Callable[[What], Any], error: Exception) -> None:
        """Report once that a function raised an exception."""
        name = getattr(callback, "__name__", type(callback).__name__)
        sentence = plain(f"{self._kind}: {name} raised {type(error).__name__}: {error}", 160)
        with self._lock:
            if any(reported == callback for reported, _ in self._reported):
                return
            self._reported = [*self._reported, (callback, sentence)]
        logging.getLogger(__name__).error("A callback of the live map raised.", exc_info=error)
