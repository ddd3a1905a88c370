"""Turns errors of Delta Lake, Polars and the system about a history into the errors of this package."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Final, NamedTuple

from polars.exceptions import PolarsError

from datafast_nb.errors import HistoryError, HistoryFormatError, HistoryInUseError, HistoryStorageError
from datafast_nb.text import plain


class _Fault(NamedTuple):
    """How to recognize a fault by the message of a library or the system, and our message for it."""

    words: tuple[str, ...]
    kind: type[HistoryError]
    says: str


_DAMAGED: Final = _Fault(
    ("generic delta kernel error",),
    HistoryFormatError,
    "A table of the history at {at} is damaged, perhaps by an incompletely written file. Restore missing or "
    "damaged files from a copy; check() reports more.",
)
_OF_THE_SYSTEM: Final = _Fault(("connect", "generic"), HistoryStorageError, "The history at {at} can't be {done}.")
_FAULTS: Final = (
    _Fault(
        ("metadata changed",),
        HistoryInUseError,
        "Another writer has taken over the history at {at}. Record with one writer at a time; any number can read.",
    ),
    _Fault(
        ("no space left", "disk quota", "file too large", "os error 28", "os error 27", "os error 122"),
        HistoryStorageError,
        "No space left for the history at {at}. Free some space.",
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
        "network, or set a longer timeout in storage_options.",
    ),
    _Fault(
        ("nosuchbucket", "bucket does not exist"),
        HistoryStorageError,
        "There is no such bucket for the history at {at}. Create it first, or check the address.",
    ),
    _Fault(
        ("unsupported", "reader version", "writer version", "reader feature", "writer feature", "table feature"),
        HistoryFormatError,
        "The tables at {at} use a feature of Delta Lake that the installed deltalake does not support. Upgrade it: pip "
        "install -U deltalake.",
    ),
    _Fault(
        ("not found", "no such file", "nosuchkey"),
        HistoryFormatError,
        "A file of the history at {at} is missing. Restore it from a copy; check() reports more.",
    ),
    _DAMAGED,
    _OF_THE_SYSTEM,
)


@contextlib.contextmanager
def guarded(location: str, done: str) -> Iterator[None]:
    """Turn errors of libraries and the system into a `HistoryError` that says what to do.

    Parameters
    ----------
    location
        Where the history is.
    done
        The operation on it, as a participle: "read", "written".
    """
    try:
        yield
    except HistoryError:
        raise
    except BaseException as error:
        if not _is_of_storage(error):
            raise
        raise _explained(error, location, done) from error


def _is_of_storage(error: BaseException) -> bool:
    """Return whether an error comes from Delta Lake, Polars or the system. Their panics are not of type `Exception`."""
    kind = type(error)
    return isinstance(error, (OSError, PolarsError)) or kind.__name__ == "PanicException" or _is_of_delta(kind)


def _is_of_delta(kind: type[BaseException]) -> bool:
    """Return whether an error's class is Delta Lake's, by where deltalake 1.6.6 defines them: it may not be loaded."""
    return kind.__module__.endswith("_internal")


def _explained(error: BaseException, location: str, done: str) -> HistoryError:
    """Return the error that says what happened, what was kept, and what to do."""
    message = str(error).lower()
    other = _OF_THE_SYSTEM if isinstance(error, OSError) else _DAMAGED
    fault = next((it for it in _FAULTS if any(word in message for word in it.words)), other)
    says = fault.says.format(at=location, done=done)
    return fault.kind(f"{says} What was stored before is untouched. ({plain(error, 300)})")
