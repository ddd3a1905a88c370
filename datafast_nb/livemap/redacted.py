"""A frame state with people replaced by pseudonyms, and the filters in words that name nobody."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final, get_args

import msgspec
import polars as pl

from datafast_nb import privacy
from datafast_nb.conversion import Derived
from datafast_nb.filters import Filters
from datafast_nb.livemap.frame_state import FrameState, News, keys_of, part_of, payment_keys_of
from datafast_nb.widgets.protocol import FilterBar

_SEED: Final = int(privacy.PROCESS_KEY.tag("visitors of a map"), 16)  # of keys, from which names and faces are made
_OF_STRANGERS: Final = ("channel", "page")  # derived from what strangers wrote
_HIDDEN: Final = ("name", "address", "id")  # treatments of columns whose values, as filters, are left out


class RedactedFrame(FrameState):
    """A frame state with names and e-mail addresses replaced as in `Snapshot.redacted`. Its rows are the original's.

    Visitors have other keys than in the original, which are pseudonyms, too: they differ between two processes.

    Parameters
    ----------
    original
        The frame state with the names.
    known
        Names and addresses to leave out in addition to those in it.
    """

    def __init__(self, original: FrameState, known: Iterable[str] = ()) -> None:
        self._original = original
        self.sites, self.known_payments = original.sites, original.known_payments
        self.model, self.model_fault = original.model, original.model_fault
        frames = (original.visitors.drop(get_args(Derived), strict=False), original.events, original.payments)
        self._known = list(known)
        self._people = [*privacy.people(frames), *self._known]
        visitors, events, payments = privacy.redacted(frames, privacy.PROCESS_KEY, self._people)
        self.visitors = visitors.with_columns(_key=keys_of(visitors, "visitor_id", _SEED)).with_row_index("_original")
        self.events = events.with_columns(_key=keys_of(events, "visitor_id", _SEED))
        self.payments = payments.with_columns(_payment=payment_keys_of(payments))
        moment = original.snapshot
        parts = (self.visitors, self.events, self.payments)
        self.snapshot = None if moment is None else part_of(moment, *parts, count=moment.count)

    @property
    def original(self) -> FrameState:
        """The frame state with the names."""
        return self._original

    def originals(self, visitors: pl.DataFrame) -> pl.DataFrame:
        """Return the rows of the original for some visitors of this frame state."""
        return self._original.visitors[visitors["_original"]]

    def known_news(self, news: News) -> News:
        """Return news of the original as news of this frame state."""
        arrived = self._original.visitors["_key"].is_in(news.arrived["_key"].implode())
        paid = self._original.payments["_payment"].is_in(news.payments["_payment"].implode())
        return News(self.visitors.filter(arrived), self.payments.filter(paid))

    def blanked(self, texts: Sequence[str]) -> list[str]:
        """Return texts with the names and addresses of those who are here blanked out."""
        return blanked(texts, self._people) if any(texts) else list(texts)

    def named_in(self, filters: Filters) -> list[str]:
        """Return the names and addresses, few or all, that blank out of filters what all of this frame state do."""
        texts = [str(value) for value in filters.values.values()]
        left = self.blanked(texts)
        enough = (people for people in ([], self._known) if not texts or blanked(texts, people) == left)
        return next(enough, self._people)

    def blanked_bar(self, filters: Filters, bar: FilterBar, here: pl.DataFrame | None = None) -> FilterBar:
        """Return the content of the filter bar without names, and without what was searched for.

        With the visitors who are `here`, also without values that may name somebody who has left.
        """
        left = who_left(filters, here)
        values = {name: self._blanked_value(name, value) for name, value in msgspec.structs.asdict(bar.values).items()}
        values |= {name: [privacy.BLANK] for name in left if name in values}
        chips = zip(bar.active, blanked_chips(filters, self._people, left), strict=True)
        return msgspec.structs.replace(
            bar,
            active=tuple(msgspec.structs.replace(chip, text=text) for chip, text in chips),
            values=type(bar.values)(**values),
        )

    def _blanked_value(self, name: str, value: Any) -> Any:  # noqa: ANN401 - of any filter
        if name == "text":
            return None
        if isinstance(value, str):
            return self.blanked([value])[0]
        if isinstance(value, list):
            return [self.blanked([each])[0] if isinstance(each, str) else each for each in value]
        return value


def blanked(texts: Sequence[str], people: Iterable[str]) -> list[str]:
    """Return texts with some names, and all addresses, blanked out."""
    asked = pl.DataFrame({"path": texts}, schema={"path": pl.String})
    return privacy.redacted([asked], privacy.PROCESS_KEY, people)[0]["path"].to_list()


def who_left(filters: Filters, here: pl.DataFrame | None) -> set[str]:
    """Return the filters with a value written by strangers that no visitor here has: it may name one who has left."""
    if here is None:
        return set()
    strangers = {name for name in filters.values if privacy.TREATMENTS.get(name) == "text" or name in _OF_STRANGERS}
    columns = strangers.intersection(here.select(pl.col(pl.String)).columns)
    return {name for name in columns if not set(filters.values[name]) <= {None, *here[name].unique()}}


def blanked_chips(filters: Filters, people: Iterable[str], left: Collection[str] = ()) -> list[str]:
    """Return the text of each active filter without names, without those that `left`, and what was searched for."""
    chips = filters.chips()
    texts = blanked([chip["text"] for chip in chips], people)
    hidden = {"text", *left, *(name for name, treatment in privacy.TREATMENTS.items() if treatment in _HIDDEN)}
    named = [chip["name"] in hidden for chip in chips]
    return [privacy.BLANK if is_name else text for text, is_name in zip(texts, named, strict=True)]
