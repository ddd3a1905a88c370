"""One moment of the site as a page of its own: plain HTML and SVG without scripts, for people without a kernel."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from html import escape
from importlib.resources import files
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from datafast_nb.conversion import summary
from datafast_nb.currencies import received
from datafast_nb.glossary import JUST_ARRIVING
from datafast_nb.livemap.clusters import WORLD, cluster, project
from datafast_nb.livemap.colors import Coloring, follow
from datafast_nb.livemap.page.picture import picture
from datafast_nb.livemap.page.tables import events, payments, visitors
from datafast_nb.livemap.page.words import NOTHING, price, text
from datafast_nb.snapshot import Snapshot
from datafast_nb.text import number, plain
from datafast_nb.widgets.protocol import Figure

_MOST_CURRENCIES: Final = 4
_LONGEST_NOTE: Final = 400  # characters
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def page(  # noqa: PLR0913 - all but the first few are rarely given
    snapshot: Snapshot,
    *,
    title: str = "Who is on the website",
    redact: bool = True,
    time_zone: str = "UTC",
    names: Iterable[str] = (),
    note: str = "",
    predicted: pl.DataFrame | None = None,
    sales: Figure | None = None,
    drawn: str = "",
    coloring: Coloring | None = None,
) -> str:
    """Write a snapshot as a self-contained HTML page, which runs no script and makes no requests.

    Parameters
    ----------
    snapshot : Snapshot
        The moment to show.
    title : str
        The page's heading, in plain text.
    redact : bool
        Replace names by pseudonyms, as `Snapshot.redacted` does, and leave out e-mail addresses and the data that
        events carry: a form may have put a name of any shape there.
    time_zone : str
        Of the times.
    names : iterable of str
        More names and addresses to blank out, such as those of visitors who are not shown.
    note : str
        A sentence below the heading, such as the filters.
    predicted : polars.DataFrame, optional
        What a model predicts for each row of the visitors: ``probability``, ``worth`` and ``currency``.
    sales : Figure, optional
        The sales that a model expects from them, instead of the value that the service predicts.
    drawn : str
        The map as SVG; by default, one of all visitors.
    coloring : Coloring, optional
        The coloring of the map that is drawn. Where it does not show scores, those in the table have a usual scale.

    Returns
    -------
    str
        An HTML document, to be kept in UTF-8. Its tables have at most 100 rows each, and say how many there are.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> document = page(dfn.demo.Site(seed=0).snapshot())
    >>> document.startswith("<!doctype html>"), "<script" in document
    (True, False)
    """
    shown = snapshot.redacted(names=names) if redact else snapshot
    if coloring is None:
        coloring = follow(Coloring(), "score", shown.visitors, cluster(project(shown.visitors), WORLD))
    scores = coloring if coloring.by == "score" else Coloring()
    several = _has_several_sites(shown)
    listed = visitors(shown, scores, predicted, several=several, redact=redact, time_zone=time_zone)
    style = files(__name__).joinpath("page.css").read_text(encoding="utf-8")
    parts = (
        _top(shown, title, note, redact=redact, time_zone=time_zone),
        f'<main><div class="now">{_figures(shown, sales)}{_image(drawn) if drawn else picture(shown, scores)}</div>',
        f'<div class="lists">{listed}',
        events(shown, several=several, redact=redact),
        f"{payments(shown, several=several, redact=redact)}</div></main>",
        "<footer>A page of one moment: it does not update. Made with datafast_nb. Land: Natural Earth.</footer>",
    )
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="robots" content="noindex">\n'
        f"<title>{escape(plain(title))}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        f"{body}\n</body>\n</html>\n"
    )


def _image(drawn: str) -> str:
    """Give an SVG as an image, whose styles are its own."""
    content = b64encode(drawn.encode()).decode()
    return f'<figure><img class="map" alt="Map of the visitors" src="data:image/svg+xml;base64,{content}"></figure>'


# The top: heading and figures


def _top(snapshot: Snapshot, title: str, note: str, *, redact: bool, time_zone: str) -> str:
    """Return the heading, the time, what is shown, and whether the names are pseudonyms."""
    at, there = snapshot.fetched_at, snapshot.fetched_at.astimezone(ZoneInfo(time_zone))
    names = (
        "Names are pseudonyms; e-mail addresses and event data are left out."
        if redact
        else "This page holds names and e-mail addresses: be careful who you share it with."
    )
    moment = f'as of <time datetime="{at:%Y-%m-%dT%H:%M:%SZ}">{there:%Y-%m-%d %H:%M} {time_zone}</time>'
    about = f'<p class="filters">{text(note, _LONGEST_NOTE)}</p>' if note else ""
    return f'<header><h1>{text(title)}</h1><p>{moment}</p>{about}<p class="names">{names}</p></header>'


def _figures(snapshot: Snapshot, sales: Figure | None) -> str:
    """Return the figures of the whole site."""
    totals = summary(snapshot).row(0, named=True)
    expected = price(totals["expected_value"], "USD") if totals["scored"] else NOTHING
    note = "" if snapshot.has_predictions or not snapshot.visitors.height else "no predictions for this site yet"
    note = JUST_ARRIVING if totals["scored"] else note
    prospects = ("Expected value", expected, note) if sales is None else (sales.label, text(sales.value), sales.note)
    listed = snapshot.visitors.height
    figures = (
        ("Visitors now", f"{listed:,}", "" if listed == snapshot.count else f"the service counts {snapshot.count:,}"),
        ("Customers", f"{totals['customers']:,}", ""),
        prospects,
        ("Revenue, 10 min", _revenue(snapshot), ""),
    )
    items = "".join(
        f"<div><dt>{label}</dt><dd>{figure}{f'<small>{note}</small>' if note else ''}</dd></div>"
        for label, figure, note in figures
    )
    return f'<dl class="figures">{items}</dl>'


def _revenue(snapshot: Snapshot) -> str:
    """Return the amounts paid in the first few currencies."""
    sums, others = received(snapshot.payments, _MOST_CURRENCIES)
    rest = f"<small>and {number(others, 'more currency', 'more currencies')}</small>" if others else ""
    return "".join(f"<span>{text(each)}</span>" for each in sums) + rest or NOTHING


def _has_several_sites(snapshot: Snapshot) -> bool:
    """Return whether the frames come from more than one site."""
    frames = (snapshot.visitors, snapshot.events, snapshot.payments)
    return len({site for frame in frames if "site" in frame.columns for site in frame["site"].unique()}) > 1
