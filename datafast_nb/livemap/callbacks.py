"""Who is called back when something happened. Knows no widget."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar, get_args

import polars as pl

from datafast_nb.conversion import Derived, with_dimensions
from datafast_nb.text import plain

DERIVED: Final[tuple[Derived, ...]] = get_args(Derived)
"""The derived dimensions that a condition may use."""

What = TypeVar("What")


@dataclass(eq=False)
class Conditional:
    """A function of visitors that is called with those that meet a condition, if there are any.

    It equals every other one of the same function, whatever the condition, so that it can be taken off again.

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
        if not callable(self.callback):
            raise TypeError(f"on_visitor needs a function, not {type(self.callback).__name__}.")
        self.__name__ = getattr(self.callback, "__name__", type(self.callback).__name__)

    def __call__(self, arrived: pl.DataFrame) -> None:
        """Call the function, if anybody meets the condition."""
        if self.where is not None:
            arrived = with_dimensions(arrived, *DERIVED).filter(self.where).select(arrived.columns)
        if arrived.height:
            self.callback(arrived)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Conditional) and self.callback == other.callback

    __hash__ = None  # type: ignore[assignment] # it is compared, never looked up


class Callbacks(Generic[What]):
    """Functions that are called with each thing of one kind.

    One that raises is reported once, in the log and in `faults`, and is called again nevertheless; the others never
    notice.

    Parameters
    ----------
    kind
        What a reader calls it, such as ``on_update``.
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[What], Any]] = []
        self._reported: list[tuple[Callable[[What], Any], str]] = []

    @property
    def faults(self) -> list[str]:
        """One sentence for each function that has raised."""
        return [sentence for _, sentence in self._reported]

    def add(self, callback: Callable[[What], Any]) -> None:
        """Call a function from now on; once, however often it is added."""
        if not callable(callback):
            raise TypeError(f"{self._kind} needs a function, not {type(callback).__name__}.")
        with self._lock:
            if callback not in self._callbacks:
                self._callbacks = [*self._callbacks, callback]

    def remove(self, callback: Callable[[What], Any]) -> None:
        """Call a function no more."""
        with self._lock:
            self._callbacks = [each for each in self._callbacks if each != callback]
            self._reported = [report for report in self._reported if report[0] != callback]

    def call(self, what: What) -> None:
        """Call all of them."""
        for callback in self._callbacks:
            try:
                callback(what)
            except Exception as error:  # noqa: BLE001 - it is the user's
                self._report(callback, error)

    def _report(self, callback: Callable[[What], Any], error: Exception) -> None:
        """Say once that a function raised."""
        name = getattr(callback, "__name__", type(callback).__name__)
        sentence = plain(f"{self._kind}: {name} raised {type(error).__name__}: {error}", 160)
        with self._lock:
            if any(reported == callback for reported, _ in self._reported):
                return
            self._reported = [*self._reported, (callback, sentence)]
        logging.getLogger(__name__).error("A callback of the live map raised.", exc_info=error)
