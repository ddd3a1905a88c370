"""What the kernel and the browser say to each other: each synced state and each message, in both directions.

TypeScript's types of all this, ``src/protocol.ts``, are generated from here: run ``npm run protocol`` after a change.
A state is what the browser shows, a field for each part of the page, with what it is before there is anything to show.
A message happens once; its field ``do`` says which one it is.
"""

from __future__ import annotations

from inspect import cleandoc
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

Theme = Literal["auto", "light", "dark"]
"""The colors of a widget: those of the page, or one of two."""

FilterValue = str | bool | float | list[str | bool | None] | None
"""What a filter accepts: one value, several, the least of a number, a text; None for anything."""


# Filters, of the map and the explorer


class Chip(Struct, frozen=True):
    """A filter that is active, for a reader."""

    name: str
    label: str
    text: str


class Option(Struct, frozen=True):
    """A value that a filter can take, its words, and how many visitors have it."""

    value: str
    label: str
    visitors: int


class FilterOptions(Struct, frozen=True):
    """The values that filters can take, the commonest first; `site` is empty where there is but one."""

    site: tuple[Option, ...] = ()
    country_code: tuple[Option, ...] = ()
    device: tuple[Option, ...] = ()
    channel: tuple[Option, ...] = ()
    page: tuple[Option, ...] = ()


class FilterValues(Struct, frozen=True):
    """What the filters of the panel stand at."""

    site: FilterValue = None
    country_code: FilterValue = None
    device: FilterValue = None
    channel: FilterValue = None
    page: FilterValue = None
    visit_kind: FilterValue = None
    is_customer: FilterValue = None
    min_score: float | None = None
    min_confidence: float | None = None
    text: str | None = None


class FilterBar(Struct, frozen=True):
    """The row of filters, and the panel that it opens; `options` are sent while the panel is open."""

    active: tuple[Chip, ...] = ()
    matched: int = 0
    total: int = 0
    values: FilterValues = FilterValues()
    options: FilterOptions | None = None


# Messages of every widget's browser


class FromView(Struct, frozen=True, kw_only=True, tag_field="do"):
    """A message of one of the views that a widget has in a browser; `view` is its id."""

    view: str


class ChangeFilter(FromView, frozen=True, tag="filter"):
    """Change one filter; None takes it away."""

    name: str
    value: FilterValue = None


class ClearFilters(FromView, frozen=True, tag="clear"):
    """Take all filters away."""


class ShowOptions(FromView, frozen=True, tag="facets"):
    """The panel of filters was opened or closed."""

    open: bool


class Beat(FromView, frozen=True, tag="beat"):
    """Somebody can see the view; `first` for the first time."""

    first: bool = False


class Away(FromView, frozen=True, tag="away"):
    """Nobody can see the view; `gone` if it has been taken off the page."""

    gone: bool = False


class Fault(FromView, frozen=True, tag="fault"):
    """Something went wrong in the browser; it is sent once."""

    what: str
    error: str
    stack: str = ""


# The explorer


class ExplorerStatus(Struct, frozen=True):
    """What is wrong or going on, and what is shown of when; `tone` is one of the live map's states, or empty."""

    tone: str = ""
    text: str = ""
    shown: str = ""


class Heading(Struct, frozen=True):
    """What the chart is about, in a sentence and a few more."""

    sentence: str = ""
    notes: str = ""


class Column(Struct, frozen=True):
    """A column of figures: its title, an explanation, and what part it plays."""

    label: str
    hint: str
    kind: Literal["measure", "size", "other"]


class GroupRow(Struct, frozen=True):
    """A group: its key, its name in each dimension, its figures as texts, and whether it is picked out."""

    key: str
    names: tuple[str, ...]
    cells: tuple[str, ...]
    picked: bool


class GroupTable(Struct, frozen=True):
    """The table of groups: the dimensions' names, the columns after them, and how many groups have no row."""

    groups: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    rows: tuple[GroupRow, ...] = ()
    more: str = ""


class ExplorerState(Struct, frozen=True):
    """What an explorer shows beside its controls and its chart; `empty` says why there is no chart."""

    filters: FilterBar = FilterBar()
    heading: Heading = Heading()
    empty: str = ""
    table: GroupTable = GroupTable()
    code: str = ""


class ExplorerHeader(Struct, frozen=True):
    """What is said of the source and the drawing, which hold also where the rest could not be drawn."""

    status: ExplorerStatus = ExplorerStatus()


class ExplorerOptions(Struct, frozen=True):
    """What is fixed for an explorer, and its theme."""

    linked: bool = False
    theme: Theme = "auto"


class Pick(FromView, frozen=True, tag="pick"):
    """Pick the group of a row out, or let it go."""

    key: str


ExplorerMessage = ChangeFilter | ClearFilters | ShowOptions | Beat | Away | Fault | Pick
"""What the browser can say to an explorer."""


# A chart


class ChartState(Struct, frozen=True):
    """A chart: its specification in Vega-Lite's JSON, the options for vega-embed, and the configuration of each theme.

    `theme` is None for a chart that is drawn in the colors of its specification; `tells_clicks` says whether somebody
    wants to know what is clicked on.
    """

    spec: dict[str, Any] = {}
    embed_options: dict[str, Any] = {}
    configs: dict[str, dict[str, Any]] = {}
    theme: Theme | None = None
    tells_clicks: bool = False


class Click(FromView, frozen=True, tag="click"):
    """A mark was clicked on; the fields of its row that are plain values, and those that Vega adds."""

    datum: dict[str, str | float | bool | None]


ChartMessage = Click | Fault
"""What the browser can say to a chart."""


# The types by their names in TypeScript: what the kernel sends, with every field, and what the browser does.

FROM_KERNEL: Final[dict[str, Any]] = {
    "ExplorerState": ExplorerState,
    "ExplorerHeader": ExplorerHeader,
    "ExplorerOptions": ExplorerOptions,
    "ChartState": ChartState,
}
FROM_BROWSER: Final[dict[str, Any]] = {"ExplorerMessage": ExplorerMessage, "ChartMessage": ChartMessage}


def schema() -> dict[str, Any]:
    """Return the JSON schema of all of it, a definition for each type.

    Examples
    --------
    >>> schema()["$defs"]["Heading"]["required"]
    ['sentence', 'notes']
    """
    definitions: dict[str, Any] = {}
    for named, is_whole in ((FROM_BROWSER, False), (FROM_KERNEL, True)):
        schemas, components = msgspec.json.schema_components(named.values(), ref_template="#/$defs/{name}")
        for each in components.values():
            each["description"] = cleandoc(each.get("description", ""))
            for field in each["properties"].values():
                field.pop("default", None)
            if is_whole:
                each["required"] = list(each["properties"])
        unions = {name: each for name, each in zip(named, schemas, strict=True) if "$ref" not in each}
        definitions |= components | unions
    return {"$defs": definitions}
