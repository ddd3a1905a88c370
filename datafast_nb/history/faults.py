"""Turns what Delta Lake, Polars and the system raise about a history into the errors of this package."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Final, NamedTuple

from polars.exceptions import PolarsError

from datafast_nb.errors import HistoryError, HistoryFormatError, HistoryInUseError, HistoryStorageError
from datafast_nb.text import plain


class _Fault(NamedTuple):
    """What a fault is known by in the words of a library or the system, and what to say about it."""

    words: tuple[str, ...]
    kind: type[HistoryError]
    says: str


_DAMAGED: Final = _Fault(
    ("generic delta kernel error",),
    HistoryFormatError,
    "A table of the history at {at} is damaged, perhaps by a file that was written by half. Every file of it must be "
    "whole: restore what is missing or broken from a copy; check() tells more.",
)
_OF_THE_SYSTEM: Final = _Fault(("connect", "generic"), HistoryStorageError, "The history at {at} can't be {done}.")
_FAULTS: Final = (
    _Fault(
        ("metadata changed",),
        HistoryInUseError,
        "Another writer has taken over the history at {at}. Record with one writer at a time; reading is free.",
    ),
    _Fault(
        ("no space left", "disk quota", "file too large", "os error 28", "os error 27", "os error 122"),
        HistoryStorageError,
        "No space left for the history at {at}. Make room.",
    ),
    _Fault(
        ("permission denied", "read-only file system", "accessdenied", "forbidden", "os error 13", "os error 30"),
        HistoryStorageError,
        "The history at {at} can't be {done}: permission denied. Check who owns it.",
    ),
    _Fault(
        ("timed out", "connect error", "connection refused", "connection reset", "dns error"),
        HistoryStorageError,
        "The store of the history at {at} could not be reached, or did not answer in time. Check its address and the "
        "network; storage_options with another timeout waits longer.",
    ),
    _Fault(
        ("nosuchbucket", "bucket does not exist"),
        HistoryStorageError,
        "There is no such bucket for the history at {at}. Make it first, or check the address.",
    ),
    _Fault(
        ("unsupported", "reader version", "writer version", "reader feature", "writer feature", "table feature"),
        HistoryFormatError,
        "The tables at {at} use a feature of Delta Lake that the installed deltalake does not know. Upgrade it: pip "
        "install -U deltalake.",
    ),
    _Fault(
        ("not found", "no such file", "nosuchkey"),
        HistoryFormatError,
        "A file of the history at {at} is missing. Restore it from a copy; check() tells more.",
    ),
    _DAMAGED,
    _OF_THE_SYSTEM,
)


@contextlib.contextmanager
def guarded(location: str, done: str) -> Iterator[None]:
    """Turn what libraries and the system raise into a `HistoryError` that says what to do.

    Parameters
    ----------
    location
        Where the history is.
    done
        What was to be done with it, as a participle: "read", "written".
    """
    try:
        yield
    except HistoryError:
        raise
    except BaseException as error:
        if not _is_of_storage(error):
            raise
        raise _told(error, location, done) from error


def _is_of_storage(error: BaseException) -> bool:
    """Return whether an error comes from Delta Lake, Polars or the system. A panic of either is no `Exception`."""
    kind = type(error)
    return isinstance(error, (OSError, PolarsError)) or kind.__name__ == "PanicException" or _is_of_delta(kind)


def _is_of_delta(kind: type[BaseException]) -> bool:
    return kind.__module__.endswith("_internal")


def _told(error: BaseException, location: str, done: str) -> HistoryError:
    """Say what happened, what was kept, and what to do."""
    said = str(error).lower()
    other = _OF_THE_SYSTEM if isinstance(error, OSError) else _DAMAGED
    fault = next((it for it in _FAULTS if any(word in said for word in it.words)), other)
    says = fault.says.format(at=location, done=done)
    return fault.kind(f"{says} What was stored before is untouched. ({plain(error, 300)})")
