"""The live map's HTML. Every text that visitors wrote is escaped, cut and isolated here, at the last step."""

from __future__ import annotations

import math
from collections.abc import Iterable
from html import escape
from typing import Any, Final

import polars as pl

from datafast_nb.conversion import revenue, summary, with_dimensions
from datafast_nb.countries import country_names
from datafast_nb.livemap.poller import Status
from datafast_nb.livemap.scale import CUSTOMER, NO_SCORE, SCORE_COLOURS
from datafast_nb.snapshot import Snapshot

_MOST_LISTED: Final = 8
_MOST_CURRENCIES: Final = 3
_MOST_PLACES: Final = 3
_LONGEST: Final = 80
_LONGEST_FAULT: Final = 400
_WITHOUT_CENTS: Final = 1000
_NOTHING: Final = "–"


def header(snapshot: Snapshot | None) -> str:
    """Give the figures above the map; without a snapshot, their places."""
    if snapshot is None:
        names = ("Visitors now", "Customers", "Expected value", "Revenue, 10 min")
        return _figures((name, _NOTHING) for name in names)
    totals = summary(snapshot).row(0, named=True)
    return _figures(
        [
            ("Visitors now", f"{snapshot.count:,}"),
            ("Customers", f"{totals['customers']:,}"),
            ("Expected value", _dollars(totals["expected_value"]) if totals["scored"] else _NOTHING),
            ("Revenue, 10 min", _revenue(snapshot)),
        ]
    )


def status(now: Status, snapshot: Snapshot | None) -> str:
    """Give the line that says how the polling stands and how old the data are."""
    notes = [str(now)]
    if snapshot is not None and not snapshot.visitors.height:
        notes.append("Nobody here right now")
    elif snapshot is not None and not snapshot.has_predictions:
        notes.append("No predictions for this site yet")
    line = " · ".join(text(note, _LONGEST_FAULT) for note in notes)
    age = f"Updated {snapshot.fetched_at:%H:%M:%S} UTC" if snapshot is not None else ""
    return (
        f'<div class="df-status df-{now.state}"><span role="status" aria-live="polite">{line}</span>'
        f'<span class="df-updated">{age}</span></div>'
    )


def legend(unplaced: int) -> str:
    """Say what the colours mean, and how many visitors are not on the map."""
    stops = ", ".join(f"{SCORE_COLOURS[score]} {score}%" for score in (0, 20, 35, 50, 65, 80, 100))
    keys = [
        f'score 0 <i class="df-bar" style="background:linear-gradient(90deg, {stops})"></i> 100, the average is 50',
        f'<i class="df-dot" style="background:{NO_SCORE}"></i> no score',
        f'<i class="df-dot df-ring" style="border-color:{CUSTOMER}"></i> has customers',
    ]
    note = f'<span class="df-unplaced">{unplaced:,} not on the map: no location</span>' if unplaced else ""
    return f'<div class="df-legend">{"".join(f"<span>{key}</span>" for key in keys)}{note}</div>'


def hover(members: pl.DataFrame) -> str:
    """Say in a few lines who is in a cluster."""
    totals = summary(members).row(0, named=True)
    return f'<div class="df-hover">{_title(members)}{_lines(totals)}</div>'


def popup(members: pl.DataFrame) -> str:
    """List the visitors of a cluster, likely buyers first, the first few of them."""
    listed = (
        with_dimensions(members, "channel", "page")
        .sort("is_customer", "score", "visitor_id", descending=[True, True, False], nulls_last=True)
        .head(_MOST_LISTED)
    )
    more = members.height - listed.height
    rest = f'<p class="df-more">and {more:,} more</p>' if more else ""
    rows = "".join(_visitor(row) for row in listed.iter_rows(named=True))
    return f'<div class="df-popup">{_title(members)}<ul>{rows}</ul>{rest}</div>'


def text(value: object, longest: int = _LONGEST) -> str:
    """Make any text safe inside HTML: cut, escaped, and unable to turn its surroundings right to left."""
    words = " ".join(str(value).split())
    return f"<bdi>{escape(words if len(words) <= longest else words[: longest - 1] + '…')}</bdi>"


def _figures(pairs: Iterable[tuple[str, str]]) -> str:
    """Give figures with their labels, the figures as HTML."""
    items = "".join(f"<div><span>{label}</span><strong>{figure}</strong></div>" for label, figure in pairs)
    return f'<div class="df-figures" role="group">{items}</div>'


def _revenue(snapshot: Snapshot) -> str:
    """Give the sum of each currency, the first few of them by number of payments; amounts can't be compared."""
    sums = (
        revenue(snapshot)
        .group_by("currency")
        .agg(pl.col("amount", "payments").sum())
        .sort("payments", "currency", descending=[True, False])
    )
    shown = [
        f"<span>{_amount(amount)} {text(code or '?', 8)}</span>"
        for code, amount, _ in sums.head(_MOST_CURRENCIES).iter_rows()
    ]
    more = sums.height - len(shown)
    return " · ".join(shown) + (f" <small>+{more} more</small>" if more else "") or _NOTHING


def _title(members: pl.DataFrame) -> str:
    """Name the places that most members of a cluster are at."""
    if not members.height:
        return "<h4>Nobody here any more</h4>"
    order = ("len", "city", "country_code")
    places = members.group_by("city", "country_code").len().sort(*order, descending=[True, False, False])
    first, *others = places.head(_MOST_PLACES).select("city", "country_code").rows()
    named = [_place(*first)] if not others else [city or _place(city, code) for city, code in (first, *others)]
    more = f" <small>+{places.height - _MOST_PLACES:,} places</small>" if places.height > _MOST_PLACES else ""
    return f"<h4>{', '.join(text(name) for name in named)}{more}</h4>"


def _lines(totals: dict[str, Any]) -> str:
    """Give the figures of a cluster."""
    pairs = [("visitors", f"{totals['visitors']:,}")]
    if totals["customers"]:
        pairs.append(("customers", f"{totals['customers']:,}"))
    if totals["scored"]:
        pairs += [("mean score", f"{totals['score']:.0f}"), ("expected value", _dollars(totals["expected_value"]))]
    return _figures(pairs)


def _visitor(row: dict[str, Any]) -> str:
    """Describe one visitor in two lines."""
    name = row["display_name"] or row["customer_name"] or "Visitor"
    system = " · ".join(text(part, 24) for part in (row["device"], row["browser"]) if part)
    visit = f"visit {row['visit_count']:,}" if row["visit_count"] is not None else ""
    way = f"{text(row['channel'], 32)} → {text(row['page'] or '?', 48)}"
    details = " · ".join(part for part in (text(_place(row["city"], row["country_code"])), system, visit) if part)
    return f"<li><div><strong>{text(name, 48)}</strong>{_badge(row)}</div><div>{details}</div><div>{way}</div></li>"


def _badge(row: dict[str, Any]) -> str:
    """Give a visitor's likelihood, or that he is a customer."""
    if row["is_customer"]:
        return f'<span class="df-badge"><i class="df-dot df-ring" style="border-color:{CUSTOMER}"></i> customer</span>'
    if row["score"] is None or not math.isfinite(row["score"]):
        return '<span class="df-badge">no score</span>'
    score = min(max(row["score"], 0.0), 100.0)
    sure = f", {row['confidence']:.0%} sure" if row["confidence"] is not None else ""
    colour = SCORE_COLOURS[round(score)]
    return f'<span class="df-badge"><i class="df-dot" style="background:{colour}"></i> {score:.0f}{sure}</span>'


def _place(city: str | None, code: str | None) -> str:
    """Name a place."""
    country = country_names().get(code or "", code)
    return ", ".join(part for part in (city, country) if part) or "Unknown place"


def _amount(amount: float) -> str:
    """Give an amount of money, without cents where they don't matter."""
    return f"{amount:,.0f}" if abs(amount) >= _WITHOUT_CENTS else f"{amount:,.2f}"


def _dollars(amount: float) -> str:
    """Give an amount in US dollars."""
    return f"${_amount(amount)}"
