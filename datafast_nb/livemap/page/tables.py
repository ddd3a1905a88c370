"""The page's three lists: visitors, events and payments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import polars as pl

from datafast_nb.conversion import CONFIDENT, with_dimensions
from datafast_nb.currencies import coded
from datafast_nb.livemap.colors import CUSTOMER, Coloring
from datafast_nb.livemap.page.words import NOTHING, Row, ago, is_finite, name_of, place, price, stay, text
from datafast_nb.snapshot import Snapshot
from datafast_nb.text import clock, money, percent

MOST_ROWS: Final = 100
"""Rows that each table has at most, so the page's size has a limit whatever the number of visitors."""


def visitors(
    snapshot: Snapshot,
    coloring: Coloring,
    predicted: pl.DataFrame | None,
    *,
    several: bool,
    redact: bool,
    time_zone: str,
) -> str:
    """List the visitors who are most likely to buy, with scores in the colors of the map.

    If a model predicts, the list has its probabilities and is sorted by them.
    """
    everybody = snapshot.visitors if predicted is None else snapshot.visitors.hstack(predicted)
    scored = bool(everybody["score"].is_finite().any())
    worth = scored if predicted is None else bool(predicted["worth"].count())  # none in several currencies
    columns = {
        "who": "Visitor",
        **({"site": "Site"} if several else {}),
        "place": "Place",
        "device": "Device",
        "way": "Channel → page",
        "visit": "Visit",
        "stay": "On site",
        **({"score": "Score"} if scored else {}),
        **({} if predicted is None else {"probability": "Probability to buy"}),
        **({"value": "Expected"} if worth else {}),
    }
    order = "latest first, customers last"
    if scored or predicted is not None:
        order = "most likely to buy first, customers last"
    return _section(
        "Visitors",
        _how_many(everybody.height, order),
        f"Nobody was on the website at {clock(snapshot.fetched_at, time_zone)}.",
        columns,
        [_visitor(row, coloring, redact=redact) for row in _likeliest(everybody, snapshot).iter_rows(named=True)],
    )


def _likeliest(everybody: pl.DataFrame, snapshot: Snapshot) -> pl.DataFrame:
    """Return the first visitors by probability or score; customers come last, because they have bought already."""
    by = ("probability", "worth") if "probability" in everybody.columns else ("score", "expected_value")
    finite = [pl.when(pl.col(name).is_finite()).then(name).alias(name) for name in {*by, "score", "expected_value"}]
    return (
        everybody.with_columns(*finite, pl.col("is_customer").fill_null(value=False))
        .sort(
            *("is_customer", *by, "session_start_time", "visitor_id"),
            descending=[False, True, True, True, False],
            nulls_last=True,
        )
        .head(MOST_ROWS)
        .pipe(with_dimensions, "channel", "page")
        .with_columns(seconds=_since("session_start_time", snapshot))
        .drop("session_start_time")
    )


def _visitor(row: Row, coloring: Coloring, *, redact: bool) -> Row:
    """Return the cells of one visitor."""
    count, is_customer = row["visit_count"], row["is_customer"]
    system = " · ".join(text(part, 24) for part in (row["device"], row["browser"]) if part)
    mail = "" if redact or not row["customer_email"] else f"<small>{text(row['customer_email'])}</small>"
    probability = row.get("probability")
    return {
        "who": f"<b>{name_of(row)}</b>{_CUSTOMER_MARK if is_customer else ''}{mail}",
        "site": text(row.get("site")),
        "place": place(row["city"], row["country_code"]),
        "device": system or NOTHING,
        "way": f"{text(row['channel'])} → {text(row['page'])}",
        "visit": f"{count:,}" if count is not None else NOTHING,
        "stay": stay(row["seconds"]),
        "score": NOTHING if is_customer else _score(row["score"], row["confidence"], coloring),
        "probability": NOTHING if is_customer or probability is None else f"<b>{percent(probability)}</b>",
        "value": NOTHING if is_customer else _worth(row),
    }


def _worth(row: Row) -> str:
    """Return what a visitor is expected to pay: by the model, or else by the service."""
    return price(row["worth"], row["currency"] or "USD") if "worth" in row else price(row["expected_value"], "USD")


_CUSTOMER_MARK: Final = f' <span class="mark"><i class="dot" style="background: {CUSTOMER}"></i>customer</span>'


def _score(score: float | None, confidence: float | None, coloring: Coloring) -> str:
    """Return a score in its color, and its confidence."""
    if score is None or not is_finite(score):
        return NOTHING
    sure = min(max(confidence, 0.0), 1.0) if confidence is not None and is_finite(confidence) else None
    doubt = "" if sure is None else f" <small>{'low ' if sure < CONFIDENT else ''}confidence {sure:.2f}</small>"
    clipped = min(max(score, 0.0), 100.0)
    return f'<i class="dot" style="background: {coloring.score_color(score)}"></i><b>{clipped:.0f}</b>{doubt}'


def events(snapshot: Snapshot, *, several: bool, redact: bool) -> str:
    """List what happened last."""
    columns = {
        "when": "When",
        "who": "Who",
        **({"site": "Site"} if several else {}),
        "what": "What",
    }
    return _section(
        "Events",
        _how_many(snapshot.events.height, "newest first"),
        "Nothing happened in these ten minutes.",
        columns,
        [_event(row, redact=redact) for row in _newest(snapshot.events, snapshot)],
    )


def _event(row: Row, *, redact: bool) -> Row:
    """Return the cells of one event."""
    kind = "" if row["type"] == "pageview" else f"<b>{text(row['type'] or 'event')}</b> "
    amount = f" <b>{text(money(row['amount'], None))}</b>" if is_finite(row["amount"]) else ""
    data = "" if redact or row["extra_data"] in {None, "", "{}"} else f"<small>{text(row['extra_data'])}</small>"
    return {
        "when": ago(row["seconds"]),
        "who": name_of(row),
        "site": text(row.get("site")),
        "what": f"{kind}{text(row['path'])}{amount}{data}",
    }


def payments(snapshot: Snapshot, *, several: bool, redact: bool) -> str:
    """List the payments, each in its own currency."""
    columns = {
        "when": "When",
        "who": "Who",
        **({"site": "Site"} if several else {}),
        "amount": "Amount",
    }
    return _section(
        "Payments",
        _how_many(snapshot.payments.height, "newest first"),
        "No payment in these ten minutes.",
        columns,
        [_payment(row, redact=redact) for row in _newest(coded(snapshot.payments), snapshot)],
    )


def _payment(row: Row, *, redact: bool) -> Row:
    """Return the cells of one payment."""
    amount = row["amount"]
    kind = "renewal" if row["renewal"] else "new" if row["is_new"] else ""
    if is_finite(amount) and amount < 0:
        kind = "refund"
    mail = "" if redact or not row["email"] else f"<small>{text(row['email'])}</small>"
    return {
        "when": ago(row["seconds"]),
        "who": f"{text(row['display_name'] or row['name'] or 'Somebody')}{mail}",
        "site": text(row.get("site")),
        "amount": f"<b>{price(amount, row['currency'], exact=True)}</b><small>{kind}</small>",
    }


def _newest(frame: pl.DataFrame, snapshot: Snapshot) -> Iterable[Row]:
    """Return the newest rows of a frame."""
    return (
        frame.sort("timestamp", descending=True, nulls_last=True, maintain_order=True)
        .head(MOST_ROWS)
        .with_columns(seconds=_since("timestamp", snapshot))
        .drop("timestamp")
        .iter_rows(named=True)
    )


def _since(column: str, snapshot: Snapshot) -> pl.Expr:
    """Return the seconds from a time to the snapshot's. The time itself stays in Polars: Python has no year 300,000."""
    return (pl.lit(snapshot.fetched_at) - pl.col(column)).dt.total_seconds()


def _section(heading: str, count: str, nothing: str, columns: dict[str, str], rows: Sequence[Row]) -> str:
    """Return a list with its heading; in place of an empty one, a sentence."""
    opening = f'<section class="{heading.lower()}"><h2>{heading}</h2>'
    if not rows:
        return f'{opening}<p class="nothing">{nothing}</p></section>'
    head = "".join(f'<th scope="col" class="{name}">{label}</th>' for name, label in columns.items())
    cells = ("".join(f'<td class="{name}">{row[name]}</td>' for name in columns) for row in rows)
    body = "".join(f"<tr>{row}</tr>\n" for row in cells)
    table = f"<table><caption>{count}</caption><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table>"
    return f"{opening}{table}</section>"


def _how_many(rows: int, order: str) -> str:
    """Return how many of its rows a list shows."""
    if rows == 1:
        return "the only one"
    return f"{MOST_ROWS} of {rows:,}, {order}" if rows > MOST_ROWS else f"all {rows:,}, {order}"
