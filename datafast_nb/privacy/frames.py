"""Redacts the three frames of a snapshot."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, Literal, NamedTuple, Self

import polars as pl

from datafast_nb.privacy.key import Key
from datafast_nb.privacy.people import UNSPACED_NAME, People
from datafast_nb.privacy.suspects import sizes_of_hashes, suspects
from datafast_nb.privacy.traces import blanked

Treatment = Literal["name", "address", "id", "text", "closed"]
"""How a column is redacted.

- ``name``, ``address``: each value becomes a pseudonym.
- ``id``: an id that holds a trace of a person becomes a pseudonym as a whole, so that ids stay distinct.
- ``text``: addresses and known names are blanked out.
- ``closed``: only addresses are blanked out. What the service looked up, or the website itself chose, is the same for
  many visitors, and any visitor can call themselves "New York" or "Mac OS".
"""

TREATMENTS: Final[Mapping[str, Treatment]] = MappingProxyType(
    {
        "customer_name": "name",
        "display_name": "name",
        "name": "name",  # of the payer
        "customer_email": "address",
        "email": "address",
        "visitor_id": "id",
        "user_id": "id",  # the website's own, often an address
        "event_id": "id",
        "payment_id": "id",
        # Written by the visitor, or by the author of the link that they followed.
        "current_url": "text",
        "referrer": "text",
        "path": "text",
        "ref": "text",
        "source": "text",
        "via": "text",
        "utm_source": "text",
        "utm_medium": "text",
        "utm_campaign": "text",
        "utm_content": "text",
        "utm_term": "text",
        "extra_data": "text",
        "dimension_matches": "text",  # names of dimensions, as far as we know
        # Looked up by the service, from the IP address and the browser's name.
        "city": "closed",
        "region": "closed",
        "country_code": "closed",
        "browser": "closed",
        "os": "closed",
        "device": "closed",
        # Chosen by the website and the payment provider.
        "type": "closed",  # a page view, or the name of a goal
        "currency": "closed",
    }
)
"""How each column of text is redacted. ``site`` is the analyst's own word, and stays."""

_ADDRESS: Final = "person-{}@redacted.invalid"
_NAME: Final = "Person {}"

Frames = Sequence[pl.DataFrame]


class _Forms(NamedTuple):
    """Values and their replacements."""

    old: pl.Series
    new: pl.Series

    @classmethod
    def of(cls, forms: Mapping[str, str]) -> Self:
        old, new = list(forms), list(forms.values())
        return cls(pl.Series("text", old, dtype=pl.String), pl.Series("text", new, dtype=pl.String))

    def put_into(self, column: pl.Series) -> pl.Series:
        if not self.old.len():
            return column
        if column.dtype == pl.List(pl.String):
            return column.list.eval(pl.element().replace(self.old, self.new))
        return column.replace(self.old, self.new)


def redacted(
    frames: Frames, key: Key, known: Iterable[str] = (), treatments: Mapping[str, Treatment] = TREATMENTS
) -> list[pl.DataFrame]:
    """Replace people with pseudonyms, and blank out what identifies them in other text.

    Parameters
    ----------
    frames
        Frames of text and other columns, such as visitors, events and payments.
    key
        The key that the pseudonyms are made with.
    known
        Names and addresses in addition to those in the frames.
    treatments
        How each column of text is redacted; any other stays.
    """

    def texts(*wanted: Treatment) -> pl.Series:
        return _texts(frames, *wanted, treatments=treatments)

    free, closed = texts("text", "id"), texts("closed")
    known = [*known, *people(frames)]
    addresses = [each for each in known if "@" in each]
    sizes = sizes_of_hashes(pl.concat([free, closed])) if addresses else ()
    anybody = People(pl.Series(known, dtype=pl.String), addresses, sizes)
    nameless = People(pl.Series(dtype=pl.String), addresses, sizes)
    forms: dict[Treatment, _Forms] = {
        "name": _pseudonyms(texts("name"), key, _NAME),
        "address": _pseudonyms(texts("address"), key, _ADDRESS),
        "text": _blanks(suspects(free, anybody), anybody),
        "closed": _blanks(suspects(closed, nameless), nameless),
    }
    forms["id"] = _ids(texts("id"), key, forms["text"])
    return [_treated(frame, forms, treatments) for frame in frames]


def people(frames: Frames) -> list[str]:
    """Return the full names and the addresses in frames.

    Names that the service made up identify nobody and are left out.
    """
    made_up = pl.concat([_display_names(frame, made_up=True) for frame in frames])
    chosen = pl.concat([_display_names(frame, made_up=False) for frame in frames])
    elsewhere = [_values(frame, "display_name") for frame in frames if "is_random_name" not in frame.columns]
    named = [_values(frame, name) for frame in frames for name in ("customer_name", "name") if name in frame.columns]
    unflagged = [names.filter(~names.is_in(made_up.implode())) for names in elsewhere]
    names = pl.concat([each.rename("name") for each in (*named, chosen, *unflagged)]).drop_nulls().unique()
    bare = names.str.strip_chars()
    full = names.filter(bare.str.contains(r"\S[\s+%&\\]+\S") | bare.str.contains(UNSPACED_NAME))
    mail = _texts(frames, "name", "address", "id")
    found: list[str] = pl.concat([full, mail.filter(mail.str.contains("@", literal=True)).rename("name")]).to_list()
    return found


def _display_names(frame: pl.DataFrame, *, made_up: bool) -> pl.Series:
    """Return the names of visitors that the service made up, or all others."""
    if "is_random_name" not in frame.columns:
        return pl.Series("display_name", dtype=pl.String)
    return _values(frame.filter(pl.col("is_random_name").fill_null(value=False) == made_up), "display_name")


def _values(frame: pl.DataFrame, name: str) -> pl.Series:
    """Return a column's texts, those of lists one by one; none if the frame has no such column."""
    column = frame[name] if name in frame.columns else pl.Series(name, dtype=pl.String)
    return column.explode() if column.dtype == pl.List(pl.String) else column


def _texts(frames: Frames, *wanted: Treatment, treatments: Mapping[str, Treatment] = TREATMENTS) -> pl.Series:
    """Return the distinct texts of all columns with these treatments."""
    columns = [_values(frame, name) for frame in frames for name in frame.columns if treatments.get(name) in wanted]
    each = [column.rename("text").unique() for column in columns]
    return pl.concat([pl.Series("text", dtype=pl.String), *each]).unique().drop_nulls()


def _blanks(texts: pl.Series, anybody: People) -> _Forms:
    """Return the replacements of the texts that identify a person."""
    return _Forms.of({text: left for text in texts if (left := blanked(text, anybody)) != text})


def _pseudonyms(values: pl.Series, key: Key, form: str) -> _Forms:
    """Return a pseudonym for each person: the same in all frames, however their name is written."""
    people = values.to_list()
    return _Forms.of({each: form.format(tag) for each, tag in zip(people, key.tags(map(_alike, people)), strict=True)})


def _alike(value: str) -> str:
    """Return a name or an address without differences of case, width, blanks and composition."""
    if value.isascii():
        return " ".join(value.lower().split())
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", value).casefold()).split())


def _ids(ids: pl.Series, key: Key, telling: _Forms) -> _Forms:
    """Return a pseudonym for each id that identifies a person. Distinct ids get distinct pseudonyms.

    An id that is an address in lower case gets the pseudonym of that address.
    """
    those = ids.filter(ids.is_in(telling.old.implode()))
    return _Forms.of({value: _ADDRESS.format(key.tag(value)) for value in those})


def _treated(
    frame: pl.DataFrame, forms: Mapping[Treatment, _Forms], treatments: Mapping[str, Treatment]
) -> pl.DataFrame:
    """Return a frame with the values of each column replaced."""
    return frame.with_columns(
        forms[treatment].put_into(frame[name]) for name, treatment in treatments.items() if name in frame.columns
    )
