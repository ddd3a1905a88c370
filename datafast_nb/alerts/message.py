"""Writes the message of an alert: who, where, on which page, how likely, and a link."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from string import Formatter
from typing import Any, Final, Protocol
from urllib.parse import quote, urlsplit

import polars as pl

from datafast_nb.alerts.escaping import LONGEST, as_text
from datafast_nb.alerts.rows import About
from datafast_nb.errors import AlertError
from datafast_nb.text import money, nearest, number, place_name, plain, quoted

Written = str | Callable[[pl.DataFrame], str] | None
"""A template, a function of the rows, or None for the usual words."""

_LONGEST: Final = 1_000  # characters of a message
_SPEC: Final = re.compile(r"[^{}\d]{0,3}\d{0,3},?(?:\.\d{1,2})?[a-zA-Z%]?")
_EXTRA: Final = ("who", "place", "page", "link", "more", "alert")
"""What a template can name besides the columns."""


class Escape(Protocol):
    """A way to escape a stranger's text."""

    def __call__(self, value: object, longest: int = LONGEST, /) -> str:
        """Return the text, shortened."""


@dataclass(frozen=True, slots=True)
class News:
    """What an alert has to report.

    Attributes
    ----------
    alert : str
        The name of the alert.
    about : str
        What it is about.
    rows : polars.DataFrame
        The rows that are new, redacted unless names were asked for; the first is described.
    count : int
        How many rows are new, of which `rows` may hold only some.
    at : datetime
        The time of the snapshot that showed it.
    over : bool
        Whether traffic is back to usual.
    site : str or None
        The address of the website, for links.
    template : str or None
        The template of the message, if it has one.
    fixed : str or None
        The text of the message, if a function wrote it.
    """

    alert: str
    about: About
    rows: pl.DataFrame
    count: int
    at: datetime
    over: bool = False
    site: str | None = None
    template: str | None = None
    fixed: str | None = None

    def text(self, escape: Escape = as_text) -> str:
        """Return the message, with every text of a stranger escaped."""
        if self.fixed is not None:
            return escape_lines(self.fixed, escape)
        row = self.rows.row(0, named=True)
        if self.over:
            return f"Back to usual: {_totals(row)}."
        if self.template is not None:
            return filled(self.template, row | self._extra(row, escape), escape)[:_LONGEST]
        lines = [_WORDS[self.about](row, escape), link(row, self.site) or "", self._more()]
        return "\n".join(line for line in lines if line)

    def _more(self) -> str:
        return f"and {self.count - 1:,} more" if self.count > 1 else ""

    def _extra(self, row: Mapping[str, Any], escape: Escape) -> dict[str, Any]:
        """Return what a template can name besides the columns; these texts are finished."""
        where = place_name(row.get("city"), row.get("country_code"))
        return {
            "who": Finished(who(row, escape)),
            "place": Finished(escape(where)),
            "page": Finished(escape(path_of(row) or "")),
            "link": Finished(link(row, self.site) or ""),
            "more": Finished(self._more()),
            "alert": Finished(self.alert),
        }


class Notice(str):
    """A message, as a function for `notify` receives it: a text, with what it was made of.

    Attributes
    ----------
    alert : str
        The name of the alert.
    about : str
        What the alert is about.
    rows : polars.DataFrame
        The rows that are new; with pseudonyms, unless the alert has ``names=True``.
    total : int
        How many rows are new.
    at : datetime
        The time of the snapshot that showed them.
    """

    __slots__ = ("about", "alert", "at", "rows", "total")

    alert: str
    about: About
    rows: pl.DataFrame
    total: int
    at: datetime

    @classmethod
    def of(cls, news: News) -> Notice:
        """Write what is new."""
        notice = cls(news.text())
        notice.alert, notice.about, notice.rows = news.alert, news.about, news.rows
        notice.total, notice.at = news.count, news.at
        return notice


class Finished(str):
    """A text that is escaped already, or our own."""

    __slots__ = ()


def escape_lines(text: str, escape: Escape) -> str:
    """Escape a text of several lines, any part of which a stranger may have written."""
    return "\n".join(escape(line, _LONGEST) for line in text[:_LONGEST].splitlines())


# Templates


def check_template(template: str, schema: pl.Schema) -> None:
    """Refuse a template that names anything but columns, or can't be filled in.

    Raises
    ------
    AlertError
        It names no column, looks into a value, or has a wrong format.
    """
    try:
        parts = list(Formatter().parse(template))
    except ValueError as error:
        raise AlertError(
            f"message is not a template: {error}. Names are in braces: '{{city}}: {{score:.0f}}'."
        ) from None
    known = [*schema, *_EXTRA]
    for _, name, spec, conversion in parts:
        if name is None:
            continue
        if not name.isidentifier():
            raise AlertError(
                f"message names {{{name:.40}}}: only a column's own name can be in braces, such as {{city}}."
            )
        if name not in known:
            raise AlertError(f"message names {{{name:.40}}}, which is not a column.{nearest(name, known)}")
        if conversion or not _SPEC.fullmatch(spec or ""):
            raise AlertError(f"message has the format {quoted(spec or conversion)}: give one such as {{score:.0f}}.")
    filled(template, {name: _sample(schema.get(name)) for name in known}, as_text)


def filled(template: str, values: Mapping[str, Any], escape: Escape) -> str:
    """Fill in a template that was checked. What is missing, or does not fit its format, becomes empty or text."""
    written = []
    for before, name, spec, _ in Formatter().parse(template):
        written.append(before)
        if name is not None:
            written.append(_cell(values.get(name), spec or "", escape))
    return "".join(written)


def _cell(value: Any, spec: str, escape: Escape) -> str:  # noqa: ANN401 - the cell of any column
    """Return one value in its format."""
    if value is None:
        return ""
    if isinstance(value, Finished):
        return str(value)
    if isinstance(value, (str, list)):
        return escape(value if isinstance(value, str) else ", ".join(map(str, value)))
    try:
        return format(value, spec)
    except ValueError as error:
        raise AlertError(f"message has the format {quoted(spec)} for {quoted(value)}: {plain(error, 80)}.") from None


def _sample(dtype: pl.DataType | None) -> Any:  # noqa: ANN401 - of any column
    """Return a value of a type, to try a template with."""
    if dtype is None or dtype == pl.String:
        return "text"
    if dtype.is_numeric():
        return 1 if dtype.is_integer() else 1.0
    return datetime(2026, 1, 1) if dtype.is_temporal() else True if dtype == pl.Boolean else ["text"]


# The usual words


def who(row: Mapping[str, Any], escape: Escape = as_text) -> str:
    """Return a visitor's or payer's name, or else the start of their id."""
    name = next((row[it] for it in ("customer_name", "name", "display_name") if row.get(it)), None)
    if name:
        return escape(name)
    known = row.get("visitor_id")
    return f"Visitor {escape(known)[:8]}" if known else "Somebody"


def path_of(row: Mapping[str, Any]) -> str | None:
    """Return the path of the page in a row, without its parameters, which may hold anything."""
    return next((row[it] for it in ("page", "path") if row.get(it)), None)


def link(row: Mapping[str, Any], site: str | None) -> str | None:
    """Return a link to the page on the website, without the page's parameters.

    A visitor can claim to be on any address, so only the path is taken from them.
    """
    path = path_of(row)
    if site is None or path is None or not path.startswith("/"):
        return None
    return site.rstrip("/") + quote(plain(path, 300), safe="/-._")


def checked_site(site: object) -> str | None:
    """Return the address of a website as the start of links.

    Raises
    ------
    AlertError
        It is not an address.
    """
    if site is None:
        return None
    found = urlsplit(site) if isinstance(site, str) else None
    if found is None or found.scheme not in ("http", "https") or not found.hostname or found.username:
        raise AlertError(f"site is {site!r:.60}: give your website's address, such as 'https://example.com'.")
    return f"{found.scheme}://{found.netloc}{quote(found.path, safe='/-._~%')}".rstrip("/")


def _visitor(row: Mapping[str, Any], escape: Escape) -> str:
    """Describe a visitor."""
    page = path_of(row)
    kind = row.get("visit_kind")
    parts = [
        who(row, escape),
        escape(place_name(row.get("city"), row.get("country_code"))),
        f"on {escape(page)}" if page else "",
        f"came from {escape(row['channel'])}" if row.get("channel") not in (None, "direct") else "came directly",
        f"{kind} visitor" if kind else "",
        _likelihood(row),
    ]
    return " · ".join(part for part in parts if part)


def _likelihood(row: Mapping[str, Any]) -> str:
    """Describe how likely a visitor is to buy; a customer has bought."""
    if row.get("is_customer"):
        return "is a customer"
    parts = []
    if _finite(row.get("score")):
        sure = f" (confidence {row['confidence']:.2f})" if _finite(row.get("confidence")) else ""
        parts.append(f"score {row['score']:.0f}{sure}")
    rate = row.get("probability") if _finite(row.get("probability")) else row.get("conversion_rate")
    if rate is not None and _finite(rate):
        parts.append(f"buys with a probability of {rate:.2%}")
    return ", ".join(parts)


def _payment(row: Mapping[str, Any], escape: Escape) -> str:
    """Describe a payment."""
    paid = money(row["amount"], row["currency"], exact=True) if _finite(row.get("amount")) else "an unknown amount"
    kind = "renewal" if row.get("renewal") else "first payment" if row.get("is_new") else ""
    return " · ".join(part for part in (f"{escape(paid)} from {who(row, escape)}", kind) if part)


def _goal(row: Mapping[str, Any], escape: Escape) -> str:
    """Describe a goal."""
    page = path_of(row)
    where = escape(place_name(None, row.get("country_code"))) if row.get("country_code") else ""
    parts = [f"{escape(row.get('type') or 'goal')} by {who(row, escape)}", where, f"on {escape(page)}" if page else ""]
    return " · ".join(part for part in parts if part)


def _totals(row: Mapping[str, Any], escape: Escape = as_text) -> str:  # noqa: ARG001 - they hold no text
    """Describe the site's totals."""
    return (
        f"{number(row['visitors'], 'visitor')} now, {number(row['customers'], 'customer')} among them; in ten minutes "
        f"{number(row['pageviews'], 'page view')}, {number(row['goals'], 'goal')}, "
        f"{number(row['payments'], 'payment')}"
    )


def _finite(value: object) -> bool:
    """Return whether a cell is a number that can be shown."""
    return isinstance(value, (int, float)) and math.isfinite(value)


_WORDS: Final[Mapping[About, Callable[[Mapping[str, Any], Escape], str]]] = {
    "visitor": _visitor,
    "payment": _payment,
    "goal": _goal,
    "traffic": _totals,
}
