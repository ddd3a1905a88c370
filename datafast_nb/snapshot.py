"""The frames and figures of one moment on a website."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol, Self, runtime_checkable

import polars as pl

from datafast_nb import wire
from datafast_nb.checks import in_utc
from datafast_nb.currencies import received
from datafast_nb.errors import ResponseWarning
from datafast_nb.figure_card import figure_card
from datafast_nb.privacy import BLANK, PROCESS_KEY, Key, concealed, redacted
from datafast_nb.schema import EVENTS, PAYMENTS, PROBLEMS, VISITORS
from datafast_nb.text import age, number


@runtime_checkable
class Source(Protocol):
    """Anything that provides snapshots: a client, the demo site, a replayed history."""

    def snapshot(self) -> Snapshot:
        """Return a snapshot of the present moment."""
        ...


@dataclass(frozen=True, slots=True)
class Baseline:
    """The site's averages, to which each likelihood is compared.

    Attributes
    ----------
    conversion_rate : float or None
        Probability that an average visitor converts, 0 to 1.
    average_value : float or None
        The value of an average conversion, in USD.
    """

    conversion_rate: float | None
    average_value: float | None


class Snapshot:
    """Who is on a website at one moment, as typed frames. A snapshot is immutable.

    Parameters
    ----------
    visitors, events, payments : polars.DataFrame, optional
        Frames with the columns of ``schema.VISITORS``, ``schema.EVENTS`` and ``schema.PAYMENTS``; empty by default.
        Those of several websites also have a first column ``site`` (String), see `of_sites`.
    count : int, optional
        The service's own number of active visitors; by default the number of rows of `visitors`.
    has_predictions : bool, optional
        Whether the service predicts conversions; by default whether any visitor has a score.
    baseline : Baseline, optional
        The site's averages, if the service provides them.
    fetched_at : datetime, optional
        When the snapshot was taken, with a time zone; by default now.
    problems : polars.DataFrame, optional
        The values of the response that no column can hold: ``path``, ``expected``, ``value``.
    problem_count : int, optional
        How many such values there were; by default the number of rows of `problems`.

    Raises
    ------
    ValueError
        A frame does not have the columns and dtypes of its schema, or `fetched_at` has no time zone.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> snap = dfn.demo.Site(seed=0).snapshot()
    >>> snap.visitors.schema == dfn.schema.VISITORS
    True
    """

    __slots__ = (
        "_baseline",
        "_count",
        "_events",
        "_fetched_at",
        "_has_predictions",
        "_payments",
        "_problem_count",
        "_problems",
        "_visitors",
    )

    def __init__(  # noqa: PLR0913 - the parts of one moment
        self,
        visitors: pl.DataFrame | None = None,
        events: pl.DataFrame | None = None,
        payments: pl.DataFrame | None = None,
        *,
        count: int | None = None,
        has_predictions: bool | None = None,
        baseline: Baseline | None = None,
        fetched_at: datetime | None = None,
        problems: pl.DataFrame | None = None,
        problem_count: int | None = None,
    ) -> None:
        self._visitors = _checked("visitors", visitors, VISITORS)
        self._events = _checked("events", events, EVENTS)
        self._payments = _checked("payments", payments, PAYMENTS)
        self._problems = _checked("problems", problems, PROBLEMS)
        self._problem_count = self._problems.height if problem_count is None else problem_count
        self._count = self._visitors.height if count is None else count
        scored = self._visitors["score"].count() > 0
        self._has_predictions = scored if has_predictions is None else has_predictions
        self._baseline = baseline
        self._fetched_at = datetime.now(UTC) if fetched_at is None else in_utc(fetched_at, "fetched_at")

    @classmethod
    def from_json(
        cls,
        body: bytes | str | Path,
        *,
        strict: bool = False,
        fetched_at: datetime | None = None,
        deadline: float | None = None,
    ) -> Self:
        """Read the body of a realtime-map response.

        Parameters
        ----------
        body
            The JSON as text or UTF-8 bytes, or a ``pathlib.Path`` to a file that holds it.
        strict
            Raise on the first value that no column can hold. By default such a value becomes null and a row of
            `problems`, and one warning reports them all.
        fetched_at
            When the body was fetched, with a time zone; by default now.
        deadline
            Seconds allowed for reading a body in which values have the wrong type; by default there is no limit.

        Raises
        ------
        InvalidResponseError
            The body is not JSON or not a realtime map, holds more than 500,000 visitors, events or payments, or could
            not be read in time; with `strict`, also any value of the wrong type.

        Examples
        --------
        >>> import datafast_nb as dfn
        >>> snap = dfn.Snapshot.from_json('{"status": "success", "data": {"visitors": [{"visitorId": "a"}]}}')
        >>> snap.count
        1
        """
        body = body.read_bytes() if isinstance(body, Path) else body
        tables = wire.decode(body, strict=strict, deadline=deadline)
        if tables.problem_count:
            first = tables.problems.row(0, named=True)
            kept = (
                f", which has {tables.problems.height} of them" if tables.problem_count > tables.problems.height else ""
            )
            warnings.warn(
                f"{tables.problem_count} value(s) of the response fit no column and became null, the first at "
                f"{first['path']} (expected {first['expected']}). See snapshot.problems{kept}.",
                ResponseWarning,
                stacklevel=2,
            )
        averages = (tables.conversion_rate, tables.average_value)
        return cls(
            tables.visitors,
            tables.events,
            tables.payments,
            count=tables.active,
            has_predictions=tables.has_predictions,
            baseline=None if averages == (None, None) else Baseline(*averages),
            fetched_at=fetched_at,
            problems=tables.problems,
            problem_count=tables.problem_count,
        )

    @classmethod
    def of_sites(cls, snapshots: Mapping[str, Snapshot]) -> Self:
        """Combine the snapshots of several websites; each frame then has a first column ``site``.

        Parameters
        ----------
        snapshots
            The snapshot of each website, by its name. Their frames must not have a column ``site`` yet.

        Returns
        -------
        Snapshot
            All rows of all sites. Counts are added up, the time is that of the newest snapshot, and the baseline is
            kept only if all sites share it, as the averages of one site do not apply to another.

        Examples
        --------
        >>> import datafast_nb as dfn
        >>> both = dfn.Snapshot.of_sites({"shop": dfn.Snapshot(), "blog": dfn.Snapshot(count=3)})
        >>> both.count, both.visitors.columns[:2]
        (3, ['site', 'visitor_id'])
        """

        def together(empty: pl.DataFrame, frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
            named = zip([None, *snapshots], [empty, *frames], strict=True)
            return pl.concat([frame.select(pl.lit(site, pl.String).alias("site"), pl.all()) for site, frame in named])

        each = list(snapshots.values())
        baselines = {snap.baseline for snap in each}
        return cls(
            together(VISITORS.to_frame(), (snap.visitors for snap in each)),
            together(EVENTS.to_frame(), (snap.events for snap in each)),
            together(PAYMENTS.to_frame(), (snap.payments for snap in each)),
            count=sum(snap.count for snap in each),
            has_predictions=any(snap.has_predictions for snap in each),
            baseline=next(iter(baselines)) if len(baselines) == 1 else None,
            fetched_at=max((snap.fetched_at for snap in each), default=None),
            problems=pl.concat([PROBLEMS.to_frame(), *(snap.problems for snap in each)]),
            problem_count=sum(snap.problem_count for snap in each),
        )

    # Each frame is returned as a shallow clone: Polars can change a frame in place, but a snapshot is immutable.

    @property
    def visitors(self) -> pl.DataFrame:
        """One row per active visitor, with the columns of ``schema.VISITORS``."""
        return self._visitors.clone()

    @property
    def events(self) -> pl.DataFrame:
        """One row per recent event, with the columns of ``schema.EVENTS``."""
        return self._events.clone()

    @property
    def payments(self) -> pl.DataFrame:
        """One row per recent payment, with the columns of ``schema.PAYMENTS``."""
        return self._payments.clone()

    @property
    def problems(self) -> pl.DataFrame:
        """One row per value that no column can hold: ``path``, ``expected``, ``value``; at most 1,000 per field."""
        return self._problems.clone()

    @property
    def problem_count(self) -> int:
        """The number of values that no column can hold."""
        return self._problem_count

    @property
    def count(self) -> int:
        """The number of active visitors by the service's count; it may differ from ``visitors.height``."""
        return self._count

    @property
    def has_predictions(self) -> bool:
        """Whether the service predicts conversions for this website."""
        return self._has_predictions

    @property
    def baseline(self) -> Baseline | None:
        """The site's averages, or None if the service provides none."""
        return self._baseline

    @property
    def fetched_at(self) -> datetime:
        """When the snapshot was taken, in UTC."""
        return self._fetched_at

    def redacted(self, key: bytes | None = None, *, names: Iterable[str] = ()) -> Self:
        """Return the same snapshot with names and e-mail addresses replaced by pseudonyms.

        The same person gets the same pseudonym in all three frames, so a payment can still be matched to its visitor.
        E-mail addresses are blanked out of all other text, however often and in whatever way they are encoded, and so
        are the hashes of the addresses in the snapshot. The full names in the snapshot, but no single words, are
        blanked out of what visitors write (URLs, campaign parameters, event data). The values in `problems` are
        blanked out. An id that holds an address, a hash or a name becomes a pseudonym as a whole, so that ids stay
        distinct. Places, devices, goals and other ids stay: the result is pseudonymous, not anonymous.

        Parameters
        ----------
        key
            The secret that makes the pseudonyms, at least 16 bytes. With the same key, a person keeps their pseudonym
            from one day to the next. By default, a key that lasts as long as this Python process.
        names
            More full names and addresses to blank out, such as those in an earlier snapshot.

        Raises
        ------
        ValueError
            The key has fewer than 16 bytes.

        Notes
        -----
        A pseudonym is the start of an HMAC-SHA-256 (RFC 2104) of the name, so it can't be reversed by hashing a list
        of known addresses without the key. ``datafast_nb.privacy.TREATMENTS`` lists the treatment of each column.

        Examples
        --------
        >>> import datafast_nb as dfn
        >>> body = '{"data": {"visitors": [{"currentUrl": "/login?next=%2Fcart%3Fmail%3Djane%2540example.com"}]}}'
        >>> dfn.Snapshot.from_json(body).redacted().visitors["current_url"].item()
        '/login?next=%2Fcart%3Fmail%3D(redacted)'
        """
        kind, given = type(key).__name__, PROCESS_KEY if key is None else concealed(key)
        del key  # a traceback shows the remaining variables
        if not isinstance(given, Key):
            raise TypeError(f"redacted takes a key as bytes, not {kind}; convert text with text.encode().")
        secret = given.checked("redacted(key=…)")
        frames = redacted((self._visitors, self._events, self._payments), secret, names)
        return type(self)(
            *frames,
            count=self._count,
            has_predictions=self._has_predictions,
            baseline=self._baseline,
            fetched_at=self._fetched_at,
            problems=self._problems.with_columns(value=pl.lit(BLANK)),
            problem_count=self._problem_count,
        )

    def __repr__(self) -> str:
        return (
            f"Snapshot({number(self._count, 'visitor')}, {number(self._events.height, 'event')}, "
            f"{number(self._payments.height, 'payment')}, "
            f"fetched_at={self._fetched_at:%Y-%m-%d %H:%M:%S} UTC)"
        )

    def _repr_html_(self) -> str:
        counted = "" if self._count == self._visitors.height else f" (counted: {self._count:,})"
        figures = [
            ("visitors now", f"{self._visitors.height:,}{counted}"),
            ("events", f"{self._events.height:,}"),
            ("payments", f"{self._payments.height:,}"),
            ("revenue", _revenue(self._payments)),
            ("predictions", "yes" if self._has_predictions else "no"),
            ("age", age(max(0.0, (datetime.now(UTC) - self._fetched_at).total_seconds()))),
        ]
        if self._problem_count:
            figures.append(("problems", f"{self._problem_count:,}, see .problems"))
        return figure_card("Snapshot", figures)


_CURRENCIES: Final = 4


def _checked(name: str, frame: pl.DataFrame | None, schema: pl.Schema) -> pl.DataFrame:
    """Return a frame checked against its schema, or an empty one."""
    if frame is None:
        return schema.to_frame()
    if frame.schema != schema and frame.schema != pl.Schema([("site", pl.String()), *schema.items()]):
        wrong = [column for column, dtype in schema.items() if frame.schema.get(column) != dtype]
        wrong += [column for column in frame.columns if column not in schema]
        raise ValueError(
            f"{name} does not have the columns of its schema, in its order; check: {', '.join(wrong) or 'the order'}."
        )
    return frame.clone()


def _revenue(payments: pl.DataFrame) -> str:
    """Return the sums that were paid, in the few most common currencies."""
    sums, others = received(payments, _CURRENCIES)
    return (
        " · ".join([*sums, *([f"+{number(others, 'more currency', 'more currencies')}"] if others else [])]) or "none"
    )
