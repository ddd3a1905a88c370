"""Questions to a month of a busy site: their processor time, beside DuckDB over the same files or a bare reading."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import url2pathname

import duckdb
import polars as pl
from deltalake import DeltaTable
from polars.testing import assert_frame_equal

import datafast_nb as dfn
from datafast_nb.conversion.channels import _CALLED, _GOOGLE
from tests.bench.timing import best_milliseconds

TABLES = ("visitors", "events", "payments", "polls")
COMPLETE = "seen_at <= (SELECT max(seen_at) FROM polls)"
FIRST = f"FROM visitors WHERE change = 'appeared' AND {COMPLETE}"

NAMED = r"""coalesce(nullif(trim(utm_source), ''), nullif(trim(ref), ''), nullif(trim(source), ''),
    nullif(trim(via), ''), regexp_extract(lower(referrer), '^(?:[a-z]+://)?(?:www\.)?([^/?#:]+)', 1))"""
SPELLED = rf"regexp_replace(regexp_replace(lower({NAMED}), '^www\.', ''), '{_GOOGLE}', 'google')"
CALLED = ", ".join(f"'{other}': '{name}'" for other, name in _CALLED.items())
CHANNEL = f"coalesce(map_extract_value(MAP {{{CALLED}}}, {SPELLED}), {NAMED}, 'direct')"

BREAKDOWN = f"""
WITH measured AS (
    SELECT {CHANNEL} AS channel, visitor_id, coalesce(is_customer, false) AS customer,
        NOT customer AND isfinite(score) AS counted,
        CASE WHEN counted THEN score END AS score,
        CASE WHEN counted AND isfinite(confidence) THEN confidence END AS confidence,
        CASE WHEN counted AND isfinite(conversion_rate) THEN conversion_rate END AS rate,
        CASE WHEN counted AND isfinite(expected_value) THEN expected_value END AS value
    {FIRST}
)
SELECT channel, count(DISTINCT visitor_id) AS visitors,
    count(DISTINCT CASE WHEN customer THEN visitor_id END) AS customers, count(measured.score) AS scored,
    sum((measured.confidence >= 0.5)::INT) AS confident, avg(measured.score) AS score,
    avg(measured.confidence) AS confidence, avg(rate) AS predicted_rate, stddev_samp(rate) AS deviation,
    sum(rate) AS expected_conversions, sum(rate * rate) AS squares, sum(rate ** 3) AS cubes,
    sum(ln(1 - rate)) AS never, sum(rate / (1 - rate)) AS odds, sum(value) AS expected_value
FROM measured GROUP BY channel ORDER BY expected_value DESC
"""

SESSIONS = f"""
WITH followed AS (
    SELECT visitor_id, session_start_time, copy, min(seen_at) FILTER (change <> 'left') AS first_seen,
        max(seen_at) FILTER (change <> 'left') AS last_change, max(seen_at) FILTER (change = 'left') AS left_at,
        count(*) FILTER (change <> 'left') AS states,
        max_by(current_url, seen_at) FILTER (change <> 'left') AS exit_url,
        max_by(is_customer, seen_at) FILTER (change <> 'left') AS customer
    FROM visitors WHERE change <> 'still' AND {COMPLETE} GROUP BY ALL
)
SELECT first.*, followed.* EXCLUDE (visitor_id, session_start_time, copy)
FROM (SELECT * {FIRST}) AS first JOIN followed ON first.visitor_id = followed.visitor_id AND first.copy = followed.copy
    AND first.session_start_time = followed.session_start_time AND first.seen_at = followed.first_seen
"""

TREND = (
    f"""SELECT date_trunc('day', coalesce(session_start_time, seen_at)) AS day, count(DISTINCT visitor_id), count(*),
    sum(CASE WHEN isfinite(expected_value) AND NOT coalesce(is_customer, false) THEN expected_value END)
    {FIRST} GROUP BY day""",
    f"SELECT count(DISTINCT visitor_id) {FIRST}",
    f"""SELECT date_trunc('day', coalesce(timestamp, seen_at)) AS day, upper(currency) AS code, sum(amount), count(*)
    FROM payments WHERE NOT coalesce(renewal, false) AND {COMPLETE} GROUP BY ALL""",
)

RHYTHM = (
    f"""SELECT isodow(began) AS day, hour(began) AS hour, count(*)
    FROM (SELECT coalesce(session_start_time, seen_at) AS began {FIRST}) GROUP BY ALL""",
    f"SELECT count(*), count(DISTINCT visitor_id) {FIRST}",
)


class Question(NamedTuple):
    """A question, asked here and of a peer."""

    ours: Callable[[], Any]
    peer: str
    theirs: Callable[[], Any]


def opened(history: dfn.History, database: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """Let DuckDB see the tables by their names, and return their files."""
    files = {name: [*map(url2pathname, DeltaTable(f"{history.location}/{name}").file_uris())] for name in TABLES}
    for name, paths in files.items():
        database.read_parquet(paths).create_view(name)
    return files


def questions(history: dfn.History, database: duckdb.DuckDBPyConnection) -> Mapping[str, Question]:
    """Return what is to be timed."""
    files = opened(history, database)

    def ask(*queries: str) -> list[list[tuple[Any, ...]]]:
        return [database.execute(query).fetchall() for query in queries]

    start, hours, tens = history.info().start, count(), count()
    at = [start + timedelta(hours=5 * place + 1) for place in range(130)]

    def moment() -> datetime:
        return at[next(hours) % 100]

    def row_group() -> pl.DataFrame:
        when = moment()
        parts = pl.scan_parquet(files["visitors"]).filter(pl.col("seen_at").is_between(when - timedelta(hours=1), when))
        return parts.collect()

    def tick() -> dfn.Snapshot:
        return history.at(at[0] + timedelta(seconds=10 * next(tens)))

    return {
        "breakdown of all visits by channel": Question(
            lambda: dfn.breakdown(history.sessions(), by="channel").collect(), "DuckDB", lambda: ask(BREAKDOWN)
        ),
        "sessions().collect()": Question(
            lambda: history.sessions().collect(), "DuckDB", lambda: database.sql(SESSIONS).to_arrow_table()
        ),
        "charts.trend": Question(lambda: dfn.charts.trend(history), "DuckDB: its aggregations", lambda: ask(*TREND)),
        "charts.rhythm": Question(lambda: dfn.charts.rhythm(history), "DuckDB: its aggregations", lambda: ask(*RHYTHM)),
        "calibration": Question(
            lambda: dfn.calibration(history),
            "DuckDB: the visits alone",
            lambda: database.sql(SESSIONS).to_arrow_table(),
        ),
        "at, another hour": Question(lambda: history.at(moment()), "an hour's rows of visitors", row_group),
        "at, ten seconds later": Question(tick, "an hour's rows of visitors", row_group),
    }


def question_table(days: float = 30, visitors_per_day: float = 5_000, rounds: int = 5) -> pl.DataFrame:
    """Return one row per question, with the processor time of each of two ways to answer it."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as database:
        history = dfn.demo.simulate(Path(folder, "site"), days, visitors_per_day, seed=3, progress=False)
        every = questions(history, database)
        assert_same(every)
        return asked(every, history.info().rows["visitors"], rounds)


def assert_same(every: Mapping[str, Question]) -> None:
    """See to it that both give the same breakdown and the same visits, before their times are compared."""
    channels, visits = every["breakdown of all visits by channel"], every["sessions().collect()"]
    sums = channels.ours().select(pl.col("customers", "scored", "confident", "expected_value").sum()).row(0)
    (rows,) = channels.theirs()
    theirs = [sum(row[place] or 0 for row in rows) for place in (2, 3, 4, 14)]
    assert all(math.isclose(one, other, rel_tol=1e-9) for one, other in zip(sums, theirs, strict=True)), (sums, theirs)
    continued = ["visitor_id", "session_start_time", "last_change", "left_at", "states", "exit_url"]
    ours = visits.ours().select(continued)
    assert_frame_equal(ours, pl.DataFrame(visits.theirs()).select(continued).cast(ours.schema), check_row_order=False)


def asked(every: Mapping[str, Question], changes: int, rounds: int) -> pl.DataFrame:
    """Time questions and their peers in turn."""
    rows = []
    for name, question in every.items():
        ways = {"ours": question.ours, "theirs": question.theirs}
        best = best_milliseconds(ways, rounds, time.process_time)
        rows.append(
            {
                f"of {changes:,} changes": name,
                "CPU, ms": round(best["ours"], 1),
                "beside": question.peer,
                "its CPU, ms": round(best["theirs"], 1),
                "times its CPU": round(best["ours"] / max(best["theirs"], 1e-3), 2),
            }
        )
    return pl.DataFrame(rows)
