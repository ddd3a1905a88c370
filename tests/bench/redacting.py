"""Replacing the names of many visitors with pseudonyms."""

from __future__ import annotations

import hmac
import time

import polars as pl

from datafast_nb import Snapshot
from datafast_nb.privacy import PROCESS_KEY
from tests.bench.moments import crowd
from tests.bench.timing import best_milliseconds


def named(visitors: int) -> Snapshot:
    """Return a moment in which each visitor has a full name, an address and an id of their own."""
    snap = crowd(visitors)
    number = pl.int_range(pl.len()).cast(pl.String)
    letters = number.str.replace_many([str(digit) for digit in range(10)], list("abcdefghij"))
    name = pl.concat_str(pl.lit("Ada Love"), letters)
    people = snap.visitors.with_columns(
        customer_name=name,
        display_name=name,
        customer_email=pl.concat_str(pl.lit("ada."), number, pl.lit("@example.com")),
        is_random_name=pl.lit(value=False),
    )
    return Snapshot(people, snap.events, snap.payments, fetched_at=snap.fetched_at)


def redact_table(sizes: tuple[int, ...] = (1_000, 10_000, 100_000), rounds: int = 3) -> pl.DataFrame:
    """Return one row per number of visitors, with the least that is needed: a keyed hash of each name and address."""
    rows = []
    for size in sizes:
        snap = named(size)
        secret = pl.concat([snap.visitors["customer_name"], snap.visitors["customer_email"]]).to_list()
        best = best_milliseconds(
            {
                "redacted": snap.redacted,
                "hashes": lambda secret=secret: [hmac.digest(PROCESS_KEY, each.encode(), "sha256") for each in secret],
            },
            rounds,
            time.process_time,
        )
        rows.append(
            {
                "visitors": size,
                "redacted(), CPU ms": round(best["redacted"], 1),
                "the hashes alone, CPU ms": round(best["hashes"], 1),
                "times": round(best["redacted"] / best["hashes"], 1),
            }
        )
    return pl.DataFrame(rows)
