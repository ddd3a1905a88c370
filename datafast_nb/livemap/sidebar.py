"""Turn data frames into the contents of the sidebar and the card. Independent of any widget.

The browser inserts all of these strings as text, never as HTML. Here they are shortened, and invisible characters are
removed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any, Final

import polars as pl
from polars import selectors

from datafast_nb import countries
from datafast_nb.conversion import CONFIDENT, with_dimensions
from datafast_nb.glossary import meaning
from datafast_nb.livemap.colors import Coloring
from datafast_nb.livemap.worth import worth_column
from datafast_nb.text import money, percent, place_name, plain
from datafast_nb.widgets.protocol import (
    Card,
    CardEvent,
    EventRow,
    Fact,
    Hints,
    Likelihood,
    NewPayment,
    PaymentKind,
    PaymentRow,
    Point,
    Sort,
    VisitorRow,
)

MOST_ROWS: Final = 60
"""Maximum number of rows to send of each list."""

_MOST_IN_CARD: Final = 50
_MOST_MATCHES: Final = 12
_IDENTITY: Final = ("event_id", "payment_id", "visitor_id", "email", "timestamp", "type", "path", "amount")
_AVERAGE: Final = 50  # the score of the site's average visitor
_NEAR: Final = 5

_BY_SCORE: Final = Coloring()

_ORDER: Final[dict[Sort, tuple[str, bool]]] = {
    "score": ("score", True),
    "probability": ("probability", True),
    "value": ("expected_value", True),
    "time": ("session_start_time", False),
    "newest": ("session_start_time", True),
}


def visitor_rows(
    visitors: pl.DataFrame, sort: Sort, coloring: Coloring = _BY_SCORE, most: int = MOST_ROWS
) -> tuple[VisitorRow, ...]:
    """Return the first visitors of a list.

    Parameters
    ----------
    visitors : polars.DataFrame
        The visitors of a frame state.
    sort : str
        The sort order. By score, by probability and by value, customers come last, as they are not prospects. Without
        a model, there is no probability, and the score takes its place.
    coloring : Coloring
        The coloring of the map.
    most : int
        Maximum number of rows.
    """
    column, descending = _ORDER["score" if sort == "probability" and sort not in visitors.columns else sort]
    column = worth_column(visitors) if column == "expected_value" else column
    rank = pl.col(column) if column == "session_start_time" else pl.col(column).fill_nan(None)
    prospect = pl.lit(value=True) if column == "session_start_time" else ~pl.col("is_customer").fill_null(value=False)
    first = (
        visitors.lazy()
        .with_row_index("_row")
        .select("_row", "_key", _prospect=prospect, _known=rank.is_not_null(), _rank=rank)
        .top_k(most, by=["_prospect", "_known", "_rank", "_key"], reverse=[False, False, not descending, False])
        .collect()["_row"]
    )
    return tuple(_visitor(row) for row in _rows(_described(visitors[first], coloring)))


def event_rows(events: pl.DataFrame, visitors: pl.DataFrame, most: int = MOST_ROWS) -> tuple[EventRow, ...]:
    """Return the newest events, each with the key of its visitor if they are still on the site."""
    rows = newest(events, most)
    active = set(visitors["_key"].filter(visitors["_key"].is_in(rows["_key"].implode())))
    return tuple(
        EventRow(
            **_happening(row),
            site=row["site"],
            visitor=_text(row["_key"]) if row["_key"] in active else None,
            who=_first(row["display_name"], row["customer_name"]) or _stranger(row["_key"]),
            place=place_name(None, row["country_code"]) if row["country_code"] else "",
        )
        for row in _rows(rows)
    )


def payment_rows(paid: pl.DataFrame, most: int = MOST_ROWS) -> tuple[PaymentRow, ...]:
    """Return the newest rows of a frame state's ``paid``."""
    return tuple(_payment(row) for row in _rows(newest(paid, most)))


def announced(paid: pl.DataFrame, most: int) -> tuple[NewPayment, ...]:
    """Return the newest payments as announcements, with the payer's position if known. `paid` includes payers."""
    return tuple(_announced(row) for row in _rows(newest(paid, most)))


def _announced(row: dict[str, Any]) -> NewPayment:
    """Return the announcement of one payment."""
    payment = _payment(row)
    return NewPayment(
        amount=payment.amount,
        kind=payment.kind,
        who=payment.who,
        note=payment.note,
        site=payment.site,
        place=None if row["x"] is None else Point(row["latitude"], row["longitude"]),
    )


def _payment(row: dict[str, Any]) -> PaymentRow:
    """Return the list row of one payment; `row` is from `with_payers`."""
    return PaymentRow(
        key=row["_name"],
        site=row["site"],
        visitor=_text(row["_key"]),
        who=_first(row["display_name"], row["name"], row["email"]) or "Somebody",
        amount=money(row["amount"], row["currency"], exact=True) or "unknown amount",
        kind=_kind(row),
        at=row["timestamp"],
        note=place_name(row["city"], row["country_code"]) if row["_key"] is not None else "",
    )


def figures(visitors: pl.DataFrame) -> dict[str, Any]:
    """Return ``customers``; of prospects ``scored``, mean ``score`` and ``probability``, and ``worth`` in all (USD)."""
    prospect = ~pl.col("is_customer").fill_null(value=False)
    return visitors.select(
        customers=(~prospect).sum(),
        scored=pl.col("score").filter(prospect).count(),
        score=pl.col("score").filter(prospect).mean(),
        probability=pl.col("probability").filter(prospect).mean() if "probability" in visitors.columns else None,
        worth=pl.col(worth_column(visitors)).filter(prospect).sum(),
    ).row(0, named=True)


def row_of(visitors: pl.DataFrame, coloring: Coloring = _BY_SCORE) -> dict[str, Any]:
    """Return the first of some visitors as a row for `card`."""
    return next(_rows(_described(visitors.head(1), coloring)))


def _described(visitors: pl.DataFrame, coloring: Coloring) -> pl.DataFrame:
    """Return visitors with their channel and page, their country if it is known, and their color on the map."""
    code = pl.lit(countries.known(visitors["country_code"]))
    country = pl.when(code.str.contains("^[A-Z]{2}$")).then(code).alias("_country")
    return coloring.with_color(with_dimensions(visitors, "channel", "page", "visit_kind")).with_columns(country)


def card(row: dict[str, Any], events: pl.DataFrame, *, here: bool, within: str = "") -> Card:
    """Return the card of one visitor, with all that is known about them.

    Parameters
    ----------
    row : dict
        The result of `row_of`; with ``reasons``, if any are known, in place of the matched dimensions.
    events : polars.DataFrame
        All events of the frame state.
    here : bool
        Whether the visitor is still on the site.
    within : str
        The horizon of the map's model, such as ``1 d``.
    """
    own = events.filter(pl.col("_key") == row["_key"])
    known = tuple(CardEvent(**_happening(each)) for each in _rows(newest(own, _MOST_IN_CARD).reverse()))
    return _card(row, known, here=here, within=within)


def cards(visitors: pl.DataFrame, within: str = "") -> Iterator[Card]:
    """Yield the card of each visitor without their events and reasons, in the colors of the scores."""
    for row in _rows(_described(visitors, _BY_SCORE)):
        yield _card(row, (), here=True, within=within)


def _card(row: dict[str, Any], events: tuple[CardEvent, ...], *, here: bool, within: str) -> Card:
    """Return a card; `row` is the result of `row_of`."""
    facts = {
        "Site": plain(row["site"], 40),
        "Place": place_name(row["city"], row["country_code"]),
        "Region": plain(row["region"] or "", 40),
        "Device": _joined(row["device"], row["os"], row["browser"]),
        "Channel": plain(row["channel"], 60),
        "Campaign": _joined(row["utm_campaign"], row["utm_content"], row["utm_term"]),
        "Page": plain(row["page"] or "", 120),
        "Visit": "" if row["visit_count"] is None else f"number {row['visit_count']:,}",
        "E-mail": plain(row["customer_email"] or "", 80),
    }
    return Card(
        visitor=_visitor(row),
        here=here,
        facts=tuple(Fact(label, text) for label, text in facts.items() if text),
        likelihood=_likelihood(row, within),
        events=events,
    )


def newest(rows: pl.DataFrame, most: int) -> pl.DataFrame:
    """Return the newest rows, newest first, each with a ``_name`` that stays the same when newer rows arrive."""
    times = rows.select("timestamp").with_row_index("_row")
    if times["timestamp"].count() > most:  # of many rows, sort only those that are new enough
        times = times.filter(pl.col("timestamp") >= pl.col("timestamp").top_k(most).min())
    last = times.sort("timestamp", "_row", descending=[True, False], nulls_last=True).head(most)
    identity = pl.struct(name for name in _IDENTITY if name in rows.columns).hash()
    alike = pl.col("_hash").cum_count(reverse=True).over("_hash")  # counted from the oldest
    newest = rows[last["_row"]].with_columns(_hash=identity)
    return newest.with_columns(_name=pl.format("{}.{}", "_hash", alike)).drop("_hash")


def _visitor(row: dict[str, Any]) -> VisitorRow:
    """Return the list row of one visitor; `row` is from the frame state, with ``channel`` and ``page``."""
    customer = bool(row["is_customer"])
    probability = _finite(row.get("probability"))
    return VisitorRow(
        site=row["site"],
        id=_text(row["_key"]),
        name=_first(row["display_name"], row["customer_name"]) or _stranger(row["_key"]),
        kind="customer" if customer else row["visit_kind"] or "unknown",
        color=row["color"],
        score=None if customer else _finite(row["score"]),
        confidence=_finite(row["confidence"]),
        probability="" if customer or probability is None else percent(probability),
        value="" if customer else money(row.get("worth", row["expected_value"]), row.get("currency") or "USD"),
        country=row["_country"] or "",
        place=plain(row["city"] or "", 32) or place_name(None, row["country_code"]),
        device=plain(row["device"] or "", 12),
        browser=plain(row["browser"] or "", 12),
        channel=plain(row["channel"], 24),
        page=plain(row["page"] or "", 40),
        visit=row["visit_count"],
        since=row["session_start_time"],
    )


def _happening(row: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of an event that `CardEvent` and `EventRow` share."""
    kind = {"pageview": "pageview", "payment": "payment"}.get(row["type"] or "", "goal")
    what = row["path"] if kind == "pageview" else (row["type"] or "event").replace("_", " ")
    amount = None if row["amount"] is None else money(row["amount"], _currency(row["extra_data"]), exact=True)
    return {
        "key": row["_name"],
        "kind": kind,
        "label": plain(what or "?", 48),
        "at": row["timestamp"],
        "amount": amount or "",
    }


def _currency(extra_data: str | None) -> str | None:
    """Return the currency named in an event's extra data; the event has no column for it."""
    try:
        named = json.loads(extra_data or "").get("currency")
    except (ValueError, AttributeError, RecursionError):
        return None
    return named if isinstance(named, str) else None


def _kind(row: dict[str, Any]) -> PaymentKind:
    """Return the kind of a payment."""
    if (row["amount"] or 0) < 0:
        return "refund"
    return "renewal" if row["renewal"] else "new" if row["is_new"] else "other"


def _likelihood(row: dict[str, Any], within: str) -> Likelihood | None:
    """Return the meaning of a prediction, in words; None for customers, and without a prediction."""
    score = _finite(row["score"])
    if score is None or row["is_customer"]:
        return None
    against = "More likely to buy than" if score > _AVERAGE else "Less likely to buy than"
    if abs(score - _AVERAGE) < _NEAR:
        against = "About as likely to buy as"
    words = [f"{against} the site's average visitor, whose score is {_AVERAGE}."]
    probability = _finite(row.get("probability"))
    if probability is not None:
        worth = money(row["worth"], row["currency"])
        likely = f"{percent(probability)} likely to buy within {within}, by what this site's record says"
        words.append(likely + (f"; worth {worth}." if worth else "."))
    rate, worth = _finite(row["conversion_rate"]), money(row["expected_value"], "USD")
    if rate is not None:
        predicted = f"The service predicts {rate:.2%} for such a visitor who is just arriving"
        words.append(predicted + (f", worth {worth}." if worth else "."))
    confidence = _finite(row["confidence"])
    if confidence is not None and confidence < CONFIDENT:
        words.append("The confidence is too low to act on.")
    matches = [plain(each, 24).replace("_", " ") for each in (row["dimension_matches"] or []) if each]
    if row["is_baseline"] or not matches:
        words.append("No trait of this visitor was recognized, so this is the site's baseline.")
    sure = "" if confidence is None else f"confidence {confidence:.2f}; decisions need {CONFIDENT:g}"
    hints = Hints(score=meaning("score"), confidence=meaning("confidence"))
    return Likelihood(score, sure, tuple(words), row.get("reasons") or tuple(matches[:_MOST_MATCHES]), hints)


def _first(*names: str | None) -> str:
    """Return the first name with visible characters, or an empty string."""
    return next((seen for name in names if name and (seen := plain(name, 40))), "")


def _stranger(key: int | None) -> str:
    """Return what to call a visitor without a name: alike for the same key, and different from most others."""
    return "Visitor" if key is None else f"Visitor {key % 2**16:04x}"


def _joined(*parts: str | None) -> str:
    """Join the parts that are known."""
    return " · ".join(plain(part, 40) for part in parts if part)


def _text(key: int | None) -> str | None:
    """Return a visitor's key as text, as a JavaScript number can't hold 64 bits exactly."""
    return None if key is None else str(key)


def _finite(number: float | None) -> float | None:
    """Return a number if it is finite, else None, as JSON has no other numbers."""
    return number if number is not None and math.isfinite(number) else None


def _rows(frame: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield rows as Python values, with times in milliseconds since the epoch, as Python's end with the year 9999."""
    return frame.with_columns(selectors.datetime().dt.epoch("ms")).iter_rows(named=True)
