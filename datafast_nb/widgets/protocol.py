"""What the kernel and the browser say to each other: each synced state and each message, in both directions.

TypeScript's types of all this, ``src/protocol.ts``, are generated from here: run ``npm run protocol`` after a change.
A state is what the browser shows, a field for each part of the page, with what it is before there is anything to show.
A message happens once; its field ``do`` says which one it is.
"""

from __future__ import annotations

from inspect import cleandoc
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

Theme = Literal["auto", "light", "dark"]
"""The colors of a widget: those of the page, or one of two."""

Sort = Literal["score", "value", "time", "newest"]
"""By likelihood, by expected value, by time on site, or by who came last."""

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


# The map itself. What depends on where a view looks is kept for each view, by its id. Degrees are WGS 84.

ColorBy = Literal["score", "expected_value", "is_customer", "device", "channel", "visit_kind", "site"]
"""What the colors of the map can tell."""


class Clusters(Struct, frozen=True):
    """The clusters that a view shows, a column for each thing that is known of them; the largest come first.

    `across` is how many cells the world's grid has from side to side. Of each cluster: its cell on that grid, its mean
    place, its radius in pixels, and how many visitors and customers it has.
    """

    across: int = 1
    id: tuple[str, ...] = ()
    latitude: tuple[float, ...] = ()
    longitude: tuple[float, ...] = ()
    radius: tuple[float, ...] = ()
    color: tuple[str, ...] = ()
    visitors: tuple[int, ...] = ()
    customers: tuple[int, ...] = ()


class Heat(Struct, frozen=True):
    """The points of a view's heat map, a column for each thing; they are sent while it is shown."""

    latitude: tuple[float, ...] = ()
    longitude: tuple[float, ...] = ()
    weight: tuple[float, ...] = ()


class Point(Struct, frozen=True):
    """A place, in degrees."""

    latitude: float
    longitude: float


class VisitorRow(Struct, frozen=True):
    """A visitor in the sidebar or in the popup of a cluster; `since` is when the session began."""

    site: str
    id: str | None
    name: str
    customer: bool
    color: str
    score: float | None
    confidence: float | None
    value: str
    place: str
    device: str
    channel: str
    page: str
    visit: int | None
    since: int | None


class ClusterSummary(Struct, frozen=True):
    """What a tooltip says of a cluster: its places, how many are there, and what is predicted of prospects."""

    title: str
    visitors: int
    customers: int
    score: int | None
    value: str


class Popup(Struct, frozen=True):
    """The popup of the cluster that was clicked: where it is, what its tooltip says, and who is in it."""

    id: str
    latitude: float
    longitude: float
    summary: ClusterSummary
    rows: tuple[VisitorRow, ...]
    more: int


class Ramp(Struct, frozen=True):
    """Colors of a number, from low to high, with the ends in words and a note."""

    colors: tuple[str, ...]
    low: str
    high: str
    note: str


class Swatch(Struct, frozen=True):
    """A color of its own, and what it stands for."""

    label: str
    color: str


class Legend(Struct, frozen=True):
    """What the colors mean, whether rings show the share of customers, and how many visitors are not on the map."""

    title: str = ""
    ramp: Ramp | None = None
    swatches: tuple[Swatch, ...] = ()
    ring: bool = True
    unplaced: int = 0


class MapLayers(Struct, frozen=True):
    """What is drawn on a map."""

    clusters: dict[str, Clusters] = {}
    heat: dict[str, Heat] = {}
    popups: dict[str, Popup] = {}
    legend: Legend = Legend()


class MapSettings(Struct, frozen=True):
    """What a browser sets, as code does: what the colors tell, the seconds between two requests, and the theme."""

    color_by: ColorBy = "score"
    every: Annotated[float, Meta(ge=1, le=86_400)] = 10.0
    theme: Theme = "auto"


class MapParts(Struct, frozen=True):
    """The models of the Leaflet map and of its layers, and whether a view has framed the world."""

    map: str = ""
    anchor: str = ""
    heat_layer: str = ""
    heatmap: str = ""
    framed: bool = False


# The map's header


class StatusLine(Struct, frozen=True):
    """How the polling stands: its state, a sentence, and what else a reader should know."""

    state: str = "starting"
    text: str = ""
    notes: tuple[str, ...] = ()


class Figure(Struct, frozen=True):
    """One of the figures above the map, as text."""

    label: str
    value: str
    note: str = ""


class Choice(Struct, frozen=True):
    """What a person can choose, and its words."""

    value: str | float
    label: str


class Controls(Struct, frozen=True):
    """What the controls offer, and whether nothing is asked for at present."""

    resting: bool = False
    intervals: tuple[Choice, ...] = ()
    colors: tuple[Choice, ...] = ()


# The map's time bar


class Replay(Struct, frozen=True):
    """A replay: its span and the moment that is shown, in milliseconds since 1970; `sought` is the last seek's turn."""

    start: int
    end: int
    now: int
    sought: str | None
    playing: bool
    speed: float
    speeds: tuple[Choice, ...]


class Gap(Struct, frozen=True):
    """A span of which nothing is known, in milliseconds since 1970."""

    since: int
    until: int


class Coverage(Struct, frozen=True):
    """Of when something was recorded: the longest gaps, in the order of time."""

    gaps: tuple[Gap, ...] = ()


# The map's sidebar. Times are milliseconds since 1970; ids are visitors' keys, as text, which JavaScript can hold.


class VisitorList(Struct, frozen=True):
    """The first visitors of the list, and how many there are."""

    rows: tuple[VisitorRow, ...] = ()
    total: int = 0
    sort: Sort = "score"


EventKind = Literal["pageview", "goal", "payment"]


class EventRow(Struct, frozen=True):
    """An event in the list; `visitor` is who is still here."""

    key: str
    kind: EventKind
    label: str
    at: int | None
    amount: str
    site: str
    visitor: str | None
    who: str
    place: str


class EventList(Struct, frozen=True):
    """The newest events, and how many there are."""

    rows: tuple[EventRow, ...] = ()
    total: int = 0


PaymentKind = Literal["new", "renewal", "refund", "other"]


class PaymentRow(Struct, frozen=True):
    """A payment in the list; `visitor` is the payer who is still here, `note` where."""

    key: str
    site: str
    visitor: str | None
    who: str
    amount: str
    kind: PaymentKind
    at: int | None
    note: str


class PaymentList(Struct, frozen=True):
    """The newest payments, how many there are, and how many the filters leave out."""

    rows: tuple[PaymentRow, ...] = ()
    total: int = 0
    hidden: int = 0


class Fact(Struct, frozen=True):
    """Something that is known of a visitor."""

    label: str
    text: str


class Hints(Struct, frozen=True):
    """What the terms of a prediction mean."""

    score: str
    confidence: str


class Likelihood(Struct, frozen=True):
    """What a prediction means, in words; `score` is from 0 to 100, `confidence` from 0 to 1."""

    score: float
    confidence: float | None
    words: tuple[str, ...]
    matches: tuple[str, ...]
    hints: Hints


class CardEvent(Struct, frozen=True):
    """An event of the visitor whose card is open."""

    key: str
    kind: EventKind
    label: str
    at: int | None
    amount: str


class Card(Struct, frozen=True):
    """All that is known of one visitor; `here` unless they have left."""

    site: str
    id: str | None
    name: str
    customer: bool
    color: str
    here: bool
    facts: tuple[Fact, ...]
    since: int | None
    likelihood: Likelihood | None
    events: tuple[CardEvent, ...]


class Selected(Struct, frozen=True):
    """The visitor whose card is open, and where, if that is known."""

    site: str
    id: str
    place: Point | None


class MapPanels(Struct, frozen=True):
    """What is round a map; `clock` is the time of the data in milliseconds since 1970, or 0."""

    clock: int = 0
    status: StatusLine = StatusLine()
    figures: tuple[Figure, ...] = ()
    controls: Controls = Controls()
    replay: Replay | None = None
    coverage: Coverage = Coverage()
    filters: FilterBar = FilterBar()
    visitors: VisitorList = VisitorList()
    events: EventList = EventList()
    payments: PaymentList = PaymentList()
    card: Card | None = None
    selected: Selected | None = None
    zone: str = "UTC"


# Messages of a map's browser

CellId = Annotated[str, Meta(pattern=r"^[1-9]\d{0,8}/\d{1,9}/-?\d{1,9}$")]
VisitorId = Annotated[str, Meta(pattern=r"^\d{1,20}$")]
Degrees = Annotated[float, Meta(ge=-100_000, le=100_000)]


class ShowViewport(FromView, frozen=True, tag="viewport"):
    """The view shows this part of the world."""

    zoom: Annotated[float, Meta(ge=-10, le=40)]
    south: Degrees
    west: Degrees
    north: Degrees
    east: Degrees

    def __post_init__(self) -> None:
        if not (self.south < self.north and self.west < self.east):
            raise ValueError("A view shows more than a line")


class ShowHeat(FromView, frozen=True, tag="heat"):
    """The heat was switched on or off."""

    on: bool


class DescribeCluster(FromView, frozen=True, tag="describe"):
    """The pointer came to a cluster of which the view does not know what its tooltip says."""

    id: CellId


class OpenCluster(FromView, frozen=True, tag="open"):
    """A cluster was clicked, there."""

    id: CellId
    latitude: Degrees
    longitude: Degrees


class CloseCluster(FromView, frozen=True, tag="close"):
    """The popup was closed."""


class SelectVisitor(FromView, frozen=True, tag="select"):
    """Open a visitor's card."""

    id: VisitorId
    site: str = ""

    def __post_init__(self) -> None:
        if int(self.id) >= 2**64:
            raise ValueError("A visitor's id has 64 bits")


class DeselectVisitor(FromView, frozen=True, tag="deselect"):
    """Close the card."""


class SortVisitors(FromView, frozen=True, tag="sort"):
    """Sort the list of visitors."""

    by: Sort


class FitVisitors(FromView, frozen=True, tag="fit"):
    """Move the view to where the visitors are."""


class Pause(FromView, frozen=True, tag="pause"):
    """Ask for no new data, or pause the replay."""


class Resume(FromView, frozen=True, tag="resume"):
    """Ask for new data again, or play the replay."""


class Refresh(FromView, frozen=True, tag="refresh"):
    """Ask for new data now."""


class Seek(FromView, frozen=True, tag="seek"):
    """Go to a moment of a replay, in milliseconds since 1970; `turn` tells this time from others."""

    at: Annotated[float, Meta(ge=-62_135_596_800_000, le=253_402_300_799_000)]  # the years that Python knows
    turn: str


class ChangeSpeed(FromView, frozen=True, tag="speed"):
    """Play the replay at so many seconds of the past in one."""

    value: Annotated[float, Meta(gt=0, le=1e9)]


MapMessage = (
    ChangeFilter
    | ClearFilters
    | ShowOptions
    | Beat
    | Away
    | Fault
    | ShowViewport
    | ShowHeat
    | DescribeCluster
    | OpenCluster
    | CloseCluster
    | SelectVisitor
    | DeselectVisitor
    | SortVisitors
    | FitVisitors
    | Pause
    | Resume
    | Refresh
    | Seek
    | ChangeSpeed
)
"""What the browser can say to a map."""


# Messages to a map's browser


class ToViews(Struct, frozen=True, kw_only=True, tag_field="do"):
    """A message to the views of a map."""


class NewPayment(Struct, frozen=True):
    """A payment that has just been made; `note` is where the payer is, and `place` too, if they are on the map."""

    amount: str
    kind: PaymentKind
    who: str
    note: str
    site: str
    place: Point | None


class Announcements(ToViews, frozen=True, tag="news"):
    """What has just happened: where visitors arrived, by view; the first payments, and how many `more`."""

    arrived: dict[str, tuple[Point, ...]]
    payments: tuple[NewPayment, ...]
    more: int


class Fit(ToViews, frozen=True, tag="fit"):
    """Show this part of the world; in one view, or in all."""

    south: float
    west: float
    north: float
    east: float
    view: str | None


class Description(ToViews, frozen=True, tag="description"):
    """What a view's tooltip of a cluster says, until its clusters change."""

    view: str
    id: str
    summary: ClusterSummary


class AskViewport(ToViews, frozen=True, tag="look"):
    """Tell which part of the world a view shows."""

    view: str


class Age(ToViews, frozen=True, tag="age"):
    """The data came so long ago."""

    milliseconds: int


MapAnnouncement = Announcements | Description | Fit | AskViewport | Age
"""What the kernel can say to a map's views."""


# The types by their names in TypeScript: what the kernel sends, with every field, and what the browser does.

FROM_KERNEL: Final[dict[str, Any]] = {
    "ExplorerState": ExplorerState,
    "ExplorerHeader": ExplorerHeader,
    "ExplorerOptions": ExplorerOptions,
    "ChartState": ChartState,
    "MapPanels": MapPanels,
    "MapLayers": MapLayers,
    "MapSettings": MapSettings,
    "MapParts": MapParts,
    "MapAnnouncement": MapAnnouncement,
}
FROM_BROWSER: Final[dict[str, Any]] = {
    "ExplorerMessage": ExplorerMessage,
    "ChartMessage": ChartMessage,
    "MapMessage": MapMessage,
}


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
