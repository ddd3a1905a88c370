"""The protocol between kernel and browser: each synced state and each message, in both directions.

The TypeScript types in ``src/protocol.ts`` are generated from this module: run ``npm run protocol`` after a change.
A state describes what the browser shows, with a field for each part of the page, whose default is shown before any
data. A message is sent once; its field ``do`` names its type.
"""

from __future__ import annotations

from inspect import cleandoc
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

Theme = Literal["auto", "light", "dark"]
"""The theme of a widget; ``auto`` follows the page."""

Sort = Literal["score", "probability", "value", "time", "newest"]
"""The sort order of visitors: by score, by expected value, by time on the site, or newest first."""

FilterValue = str | bool | float | list[str | bool | None] | None
"""The value of a filter: one value, several values, a minimum, or a text; None for no filter."""


# Filters of the map and the explorer


class Chip(Struct, frozen=True):
    """An active filter, as the user reads it; only code can change a `locked` one."""

    name: str
    label: str
    text: str
    locked: bool = False


class Option(Struct, frozen=True):
    """A value that a filter can take, its label, and the number of visitors who have it."""

    value: str
    label: str
    visitors: int


class FilterOptions(Struct, frozen=True):
    """The values that filters can take, most common first; `site` is empty if there is only one site."""

    site: tuple[Option, ...] = ()
    country_code: tuple[Option, ...] = ()
    device: tuple[Option, ...] = ()
    channel: tuple[Option, ...] = ()
    page: tuple[Option, ...] = ()
    utm_campaign: tuple[Option, ...] = ()
    utm_source: tuple[Option, ...] = ()
    utm_medium: tuple[Option, ...] = ()
    utm_content: tuple[Option, ...] = ()
    utm_term: tuple[Option, ...] = ()


class FilterValues(Struct, frozen=True):
    """The current values of the filters in the panel."""

    site: FilterValue = None
    country_code: FilterValue = None
    device: FilterValue = None
    channel: FilterValue = None
    page: FilterValue = None
    utm_campaign: FilterValue = None
    utm_source: FilterValue = None
    utm_medium: FilterValue = None
    utm_content: FilterValue = None
    utm_term: FilterValue = None
    visit_kind: FilterValue = None
    is_customer: FilterValue = None
    min_score: float | None = None
    min_confidence: float | None = None
    text: str | None = None


class FilterBar(Struct, frozen=True):
    """The row of filters, and the panel that it opens; `options` is sent while the panel is open."""

    active: tuple[Chip, ...] = ()
    matched: int = 0
    total: int = 0
    values: FilterValues = FilterValues()
    options: FilterOptions | None = None


# Messages of the browser, for all widgets


class FromView(Struct, frozen=True, kw_only=True, tag_field="do"):
    """A message from one of the views of a widget in a browser; `view` is the view's id."""

    view: str


class ChangeFilter(FromView, frozen=True, tag="filter"):
    """Change one filter; None removes it."""

    name: str
    value: FilterValue = None


class ClearFilters(FromView, frozen=True, tag="clear"):
    """Remove all filters."""


class ShowOptions(FromView, frozen=True, tag="facets"):
    """The panel of filters was opened or closed."""

    open: bool


class Beat(FromView, frozen=True, tag="beat"):
    """The view is visible; `first` if for the first time."""

    first: bool = False


class Refresh(FromView, frozen=True, tag="refresh"):
    """Request new data now."""


class Away(FromView, frozen=True, tag="away"):
    """The view is not visible anymore; `gone` if it was removed from the page."""

    gone: bool = False


class Fault(FromView, frozen=True, tag="fault"):
    """An error in the browser, sent once."""

    what: str
    error: str
    stack: str = ""


# The explorer


class ExplorerStatus(Struct, frozen=True):
    """What is wrong or in progress, and what is shown; `tone` is one of the live map's states, or empty."""

    tone: str = ""
    text: str = ""
    shown: str = ""


class Heading(Struct, frozen=True):
    """The title of the chart, as a sentence, and its notes."""

    sentence: str = ""
    notes: str = ""


class Column(Struct, frozen=True):
    """A column of the table: its title, an explanation, and its role."""

    label: str
    hint: str
    kind: Literal["measure", "size", "other"]


class GroupRow(Struct, frozen=True):
    """A group: its key, its name in each dimension, its figures as text, and whether it is picked."""

    key: str
    names: tuple[str, ...]
    cells: tuple[str, ...]
    picked: bool


class GroupTable(Struct, frozen=True):
    """The table of groups: the names of the dimensions, the columns after them, the rows, and how many are left out."""

    groups: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    rows: tuple[GroupRow, ...] = ()
    more: str = ""


class Dimension(Struct, frozen=True):
    """A dimension to break down by, its label, and the group under which it is offered."""

    value: str
    label: str
    group: str


class Choice(Struct, frozen=True):
    """A choice for the user, and its label."""

    value: str | float
    label: str


class Question(Struct, frozen=True):
    """What is asked: one dimension or two, and a measure; and those to choose from."""

    by: tuple[str, ...] = ()
    measure: str = ""
    dimensions: tuple[Dimension, ...] = ()
    measures: tuple[Choice, ...] = ()


class ExplorerControls(Struct, frozen=True):
    """The controls of an explorer, which are shown even if the rest could not be drawn."""

    question: Question = Question()


class ExplorerState(Struct, frozen=True):
    """The state of an explorer, except its controls and its chart; `empty` says why there is no chart."""

    filters: FilterBar = FilterBar()
    heading: Heading = Heading()
    empty: str = ""
    table: GroupTable = GroupTable()
    code: str = ""


class ExplorerHeader(Struct, frozen=True):
    """The status of the source and the drawing, which is shown even if the rest could not be drawn."""

    status: ExplorerStatus = ExplorerStatus()


class ExplorerOptions(Struct, frozen=True):
    """The fixed options of an explorer, and its theme; `refreshable` if it has a source that can be asked again."""

    linked: bool = False
    refreshable: bool = False
    theme: Theme = "auto"


class Pick(FromView, frozen=True, tag="pick"):
    """Pick the group of a row, or release it."""

    key: str


class ChangeQuestion(FromView, frozen=True, tag="question"):
    """Choose the first dimension, the second, which may be none (an empty text), or the measure."""

    control: Literal["first", "second", "measure"]
    value: str


ExplorerMessage = ChangeFilter | ClearFilters | ShowOptions | Beat | Away | Fault | Pick | ChangeQuestion | Refresh
"""The messages that the browser can send to an explorer."""


# A chart


class ChartState(Struct, frozen=True):
    """A chart: what is drawn, the options for vega-embed, and the parts of what is drawn that each theme has otherwise.

    It is drawn from Vega-Lite, or from Vega if it is as wide as its place. `theme` is None for a chart that keeps the
    colors of its specification; `reports_clicks` says whether to report clicks.
    """

    drawn: dict[str, Any] = {}
    embed_options: dict[str, Any] = {}
    variants: dict[str, dict[str, Any]] = {}
    theme: Theme | None = None
    reports_clicks: bool = False


class Click(FromView, frozen=True, tag="click"):
    """A mark was clicked; `datum` has the plain values of its row, and those that Vega adds."""

    datum: dict[str, str | int | float | bool | None]


ChartMessage = Click | Fault
"""The messages that the browser can send to a chart."""


# The map itself. What depends on the viewport is stored per view, by the view's id. Degrees are WGS 84.

ColorBy = Literal[
    "score", "probability", "expected_value", "is_customer", "device", "channel", "country_code", "visit_kind", "site"
]
"""What the colors of the map can show."""


Projection = Literal["mercator", "globe"]
"""The projection of the world: a flat map, or a globe that can be turned."""

Part = Literal["names", "shapes", "flags", "globe", "land"]
"""A kind of details of the base map that the page requests when it needs them."""

VisitorKind = Literal["customer", "returning", "new", "unknown"]
"""The kind of a visitor: a customer, or else someone who returned or came for the first time."""


class Clusters(Struct, frozen=True):
    """The clusters that a view shows, in columns, the largest cluster first.

    `across` is the number of cells across the grid of the world. For each cluster: its cell on that grid, its mean
    position, its radius in pixels, its color, and its numbers of visitors and customers.
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
    """The points of a view's heat map, in columns; sent while the heat map is shown."""

    latitude: tuple[float, ...] = ()
    longitude: tuple[float, ...] = ()
    weight: tuple[float, ...] = ()


class Point(Struct, frozen=True):
    """A position, in degrees."""

    latitude: float
    longitude: float


class VisitorRow(Struct, frozen=True):
    """A visitor in the sidebar or in the popup of a cluster.

    `probability` is that of the map's model, as text; empty without a model, and for customers. `country` is the code
    of the flag beside `place`, the city, or else the country's name. `since` is the start of the session.
    """

    site: str
    id: str | None
    name: str
    kind: VisitorKind
    color: str
    score: float | None
    confidence: float | None
    probability: str
    value: str
    country: str
    place: str
    device: str
    browser: str
    channel: str
    page: str
    visit: int | None
    since: int | None


class ClusterSummary(Struct, frozen=True):
    """The tooltip of a cluster: its places, its numbers of visitors and customers, and predictions for prospects.

    `probability` is the mean of the map's model, as text; empty without a model. `why` says what moves the service's
    predictions most.
    """

    title: str
    visitors: int
    customers: int
    score: int | None
    probability: str
    value: str
    why: str = ""


class Popup(Struct, frozen=True):
    """The popup of the clicked cluster: its position, its summary, its first visitors, and how many more there are."""

    id: str
    latitude: float
    longitude: float
    summary: ClusterSummary
    rows: tuple[VisitorRow, ...]
    more: int


class Ramp(Struct, frozen=True):
    """The colors of a number, from low to high, with labels for both ends and a note."""

    colors: tuple[str, ...]
    low: str
    high: str
    note: str


class Swatch(Struct, frozen=True):
    """A color and its meaning."""

    label: str
    color: str


class Legend(Struct, frozen=True):
    """What the colors mean, whether rings show the share of customers, and the number of visitors not on the map."""

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
    """Settings that browser and code can change: colors, projection, the seconds between requests, the theme."""

    color_by: ColorBy = "score"
    projection: Projection = "mercator"
    every: Annotated[float, Meta(ge=1, le=86_400)] = 10.0
    theme: Theme = "auto"


class MapParts(Struct, frozen=True):
    """The model ids of the Leaflet map and of its layers, whether the map shows the land, and whether a view is fitted.

    The land has names and details; tiles have their own. Without ipyleaflet, there are no ids: the front end has a map
    of its own, with its `height` in pixels, and the colors of the heat map by their place from 0 to 1 as `gradient`.
    """

    map: str = ""
    anchor: str = ""
    heat_layer: str = ""
    heatmap: str = ""
    land: bool = True
    framed: bool = False
    height: int = 460
    gradient: dict[str, str] = {}


# The map's header


class StatusLine(Struct, frozen=True):
    """The status of the polling: its state, a sentence for the user, and further notes."""

    state: str = "starting"
    text: str = ""
    notes: tuple[str, ...] = ()


class Figure(Struct, frozen=True):
    """A figure above the map, as text; `hint` is what its tooltip adds."""

    label: str
    value: str
    note: str = ""
    hint: str = ""


class Traffic(Struct, frozen=True):
    """The number of visitors in each of the last minutes, where known; `until` is when the last one began."""

    until: int = 0
    visitors: tuple[int | None, ...] = ()


class Privacy(Struct, frozen=True):
    """Whether names are hidden, and whether the browser can't change that: code hides them, or a file has no others."""

    hidden: bool = False
    locked: bool = False


class Controls(Struct, frozen=True):
    """The choices of the controls, whether polling is paused, and whether the map has a model."""

    resting: bool = False
    modeled: bool = False
    privacy: Privacy = Privacy()
    every: tuple[Choice, ...] = ()
    colors: tuple[Choice, ...] = ()


# The map's time bar


class Replay(Struct, frozen=True):
    """A replay: its span and current moment, in milliseconds since 1970; `sought` is the `turn` of the last seek."""

    start: int
    end: int
    now: int
    sought: str | None
    playing: bool
    speed: float
    speeds: tuple[Choice, ...]


class Gap(Struct, frozen=True):
    """A span without recorded data, in milliseconds since 1970."""

    since: int
    until: int


class Highlight(Struct, frozen=True):
    """A moment that is worth a look, in milliseconds since 1970, and what happened then."""

    label: str
    at: int


class Coverage(Struct, frozen=True):
    """The coverage of a recording: its longest gaps, in chronological order, its traffic, and its highlights.

    `traffic` is the mean number of visitors in equal parts of the recording, None where nothing was recorded.
    """

    gaps: tuple[Gap, ...] = ()
    traffic: tuple[float | None, ...] = ()
    highlights: tuple[Highlight, ...] = ()


# The map's sidebar. Times are milliseconds since 1970. Ids are visitors' keys as text, as JavaScript numbers can't hold
# 64 bits exactly.


class VisitorList(Struct, frozen=True):
    """The first visitors of the list, and the total number."""

    rows: tuple[VisitorRow, ...] = ()
    total: int = 0
    sort: Sort = "score"


EventKind = Literal["pageview", "goal", "payment"]


class EventRow(Struct, frozen=True):
    """An event in the list; `visitor` is the visitor's id if they are still on the site."""

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
    """The newest events, and the total number."""

    rows: tuple[EventRow, ...] = ()
    total: int = 0


PaymentKind = Literal["new", "renewal", "refund", "other"]


class PaymentRow(Struct, frozen=True):
    """A payment in the list; `visitor` is the payer's id if they are still on the site, and `note` their place."""

    key: str
    site: str
    visitor: str | None
    who: str
    amount: str
    kind: PaymentKind
    at: int | None
    note: str


class PaymentList(Struct, frozen=True):
    """The newest payments, the total number, and the number hidden by the filters."""

    rows: tuple[PaymentRow, ...] = ()
    total: int = 0
    hidden: int = 0


class Fact(Struct, frozen=True):
    """A fact about a visitor."""

    label: str
    text: str


class Hints(Struct, frozen=True):
    """Explanations of the terms of a prediction."""

    score: str
    confidence: str


class Likelihood(Struct, frozen=True):
    """A prediction, its confidence and its meaning in words, and what moves it; `score` is from 0 to 100."""

    score: float
    confidence: str
    words: tuple[str, ...]
    reasons: tuple[str, ...]
    hints: Hints


class CardEvent(Struct, frozen=True):
    """An event of the visitor whose card is open."""

    key: str
    kind: EventKind
    label: str
    at: int | None
    amount: str


class Card(Struct, frozen=True):
    """All that is known about one visitor; `here` is false once they have left."""

    visitor: VisitorRow
    here: bool
    facts: tuple[Fact, ...]
    likelihood: Likelihood | None
    events: tuple[CardEvent, ...]


class Selected(Struct, frozen=True):
    """The visitor whose card is open, and their position if known."""

    site: str
    id: str
    place: Point | None


class MapPanels(Struct, frozen=True):
    """The panels around a map; `clock` is the time of the data in milliseconds since 1970, or 0."""

    clock: int = 0
    status: StatusLine = StatusLine()
    figures: tuple[Figure, ...] = ()
    traffic: Traffic = Traffic()
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


# The large fields of a map's state, on their way

Page = dict[str, bytes]
"""The new values of fields, by their names: JSON, compressed with zlib."""


class Pages(Struct, frozen=True):
    """The large fields of a state, compressed. Each page holds the fields that have changed since the page before.

    A field's zlib dictionary is its own JSON on the pages before; `page_0` holds all fields, and needs none. Its change
    begins them anew.
    """

    page_0: Page = {}
    page_1: Page = {}
    page_2: Page = {}
    page_3: Page = {}
    page_4: Page = {}
    page_5: Page = {}
    page_6: Page = {}
    page_7: Page = {}


# A saved page: what it answers from, without a kernel


class Scale(Struct, frozen=True):
    """How places and visitors are colored: the legend, and 101 colors from low to high or one for each category.

    `middle` and `reach` are those of a scale of scores or probabilities, `top` that of one of expected values.
    """

    legend: Legend
    colors: tuple[str, ...] = ()
    categories: dict[str, str] = {}
    middle: float = 0.0
    reach: float = 0.0
    top: float = 0.0


class Currency(Struct, frozen=True):
    """What stands before an amount in a currency, and its decimals."""

    symbol: str
    decimals: int


class Factor(Struct, frozen=True):
    """What a trait multiplies a prediction by, and its name."""

    label: str
    factor: float


class Spot(Struct, frozen=True):
    """The name of a place, and a shorter one where it is named among others."""

    name: str
    short: str


class SavedVisitor(Struct, frozen=True):
    """A visitor: their card without events and reasons, and what is summed, filtered and searched.

    `spot` and `factors` are indexes of the moment's; `traits` holds the values that filters and colors compare, where
    known; `text` is what is searched, in lower case.
    """

    card: Card
    spot: int
    latitude: float | None
    longitude: float | None
    score: float | None
    probability: float | None
    worth: float | None
    traits: dict[str, str]
    text: str
    factors: tuple[int, ...]


class SavedPayment(Struct, frozen=True):
    """A payment: its row, and what is summed; `counts` says whether the amount makes sense."""

    row: PaymentRow
    amount: float | None
    currency: str | None
    counts: bool


class SavedMoment(Struct, frozen=True):
    """One moment: who was there, the largest key first, and what they did and paid, newest first.

    `filters` holds the filters that it was saved with, which are locked, and all options; `scales` is by what the
    colors can show; `sales` is what a model expects of all.
    """

    clock: int
    notes: tuple[str, ...]
    hint: str
    sales: Figure | None
    filters: FilterBar
    scales: dict[str, Scale]
    spots: tuple[Spot, ...]
    factors: tuple[Factor, ...]
    visitors: tuple[SavedVisitor, ...]
    events: tuple[EventRow, ...]
    payments: tuple[SavedPayment, ...]


class Box(Struct, frozen=True):
    """A part of the world, in degrees."""

    south: float
    west: float
    north: float
    east: float


class SavedMap(Struct, frozen=True):
    """A map as a file: its moments in order, `first` the one that is shown first, and how it was shown.

    `box` is the part of the world; None for all of it. `currency` is that of expected values, and `currencies` holds
    all that occur; `arriving` is the note of a sum of the service's predictions. `labels` names the filters of the
    panel, in the order of their chips.
    """

    moments: tuple[SavedMoment, ...]
    first: int
    settings: MapSettings
    controls: Controls
    coverage: Coverage
    sort: Sort
    selected: str | None
    box: Box | None
    zone: str
    currency: str
    currencies: dict[str, Currency]
    arriving: str
    labels: dict[str, str]
    gradient: dict[str, str]  # as in `MapParts`


# Messages of the browser to a map

CellId = Annotated[str, Meta(pattern=r"^[1-9]\d{0,8}/\d{1,9}/-?\d{1,9}$")]
VisitorId = Annotated[str, Meta(pattern=r"^\d{1,20}$")]
Degrees = Annotated[float, Meta(ge=-100_000, le=100_000)]


class ShowViewport(FromView, frozen=True, tag="viewport"):
    """The view now shows this part of the world."""

    zoom: Annotated[float, Meta(ge=-10, le=40)]
    south: Degrees
    west: Degrees
    north: Degrees
    east: Degrees

    def __post_init__(self) -> None:
        if not (self.south < self.north and self.west < self.east):
            raise ValueError("A view shows more than a line")


class ShowHeat(FromView, frozen=True, tag="heat"):
    """The heat map was switched on or off."""

    on: bool


class DescribeCluster(FromView, frozen=True, tag="describe"):
    """The pointer is over a cluster whose tooltip the view does not have yet."""

    id: CellId


class OpenCluster(FromView, frozen=True, tag="open"):
    """A cluster was clicked at this position."""

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


class HideNames(FromView, frozen=True, tag="privacy"):
    """Hide the names of people, or show them again."""

    on: bool


class FitVisitors(FromView, frozen=True, tag="fit"):
    """Move the view to the visitors."""


class AskPlaces(FromView, frozen=True, tag="places"):
    """The view needs the names of places, their shapes or flags, and the page does not have them yet."""

    part: Part


class Pause(FromView, frozen=True, tag="pause"):
    """Stop polling, or pause the replay."""


class Resume(FromView, frozen=True, tag="resume"):
    """Resume polling, or play the replay."""


class Seek(FromView, frozen=True, tag="seek"):
    """Jump to a moment of a replay, in milliseconds since 1970; `turn` identifies this seek."""

    at: Annotated[float, Meta(ge=-62_135_596_800_000, le=253_402_300_799_000)]  # the years that Python supports
    turn: str


class ChangeSpeed(FromView, frozen=True, tag="speed"):
    """Set the speed of the replay, in recorded seconds per second."""

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
    | HideNames
    | AskPlaces
    | Pause
    | Resume
    | Refresh
    | Seek
    | ChangeSpeed
)
"""The messages that the browser can send to a map."""


# Messages of a map to the browser


class ToViews(Struct, frozen=True, kw_only=True, tag_field="do"):
    """A message to the views of a map."""


class NewPayment(Struct, frozen=True):
    """A payment that was just made; `note` names the payer's place, and `place` is their position, if known."""

    amount: str
    kind: PaymentKind
    who: str
    note: str
    site: str
    place: Point | None


class Announcements(ToViews, frozen=True, tag="news"):
    """What just happened: where visitors arrived, by view; the first payments, and how many `more` there are."""

    arrived: dict[str, tuple[Point, ...]]
    payments: tuple[NewPayment, ...]
    more: int


class Fit(ToViews, frozen=True, tag="fit"):
    """Show this part of the world, in one view or in all."""

    south: float
    west: float
    north: float
    east: float
    view: str | None


class Description(ToViews, frozen=True, tag="description"):
    """The tooltip of a cluster in a view, valid until the data, the filters or the view's clusters change."""

    view: str
    id: str
    summary: ClusterSummary


class AskViewport(ToViews, frozen=True, tag="look"):
    """Ask a view which part of the world it shows."""

    view: str


class Age(ToViews, frozen=True, tag="age"):
    """The age of the data."""

    milliseconds: int


class Places(ToViews, frozen=True, tag="places"):
    """Names, shapes or flags of places, as JSON that is compressed with gzip, in the message's only buffer."""

    part: Part


class Packed(ToViews, frozen=True, tag="packed"):
    """Another message to the views, as JSON that is compressed with zlib, in the message's only buffer."""


MapAnnouncement = Announcements | Description | Fit | AskViewport | Age | Places
"""The messages that the kernel can send to a map's views."""


# The types by their names in TypeScript: those that the kernel sends, with every field, and those of the browser.

FROM_KERNEL: Final[dict[str, Any]] = {
    "ExplorerState": ExplorerState,
    "ExplorerHeader": ExplorerHeader,
    "ExplorerControls": ExplorerControls,
    "ExplorerOptions": ExplorerOptions,
    "ChartState": ChartState,
    "MapPanels": MapPanels,
    "MapLayers": MapLayers,
    "MapSettings": MapSettings,
    "MapParts": MapParts,
    "Pages": Pages,
    "Packed": Packed,
    "MapAnnouncement": MapAnnouncement,
    "SavedMap": SavedMap,
}
FROM_BROWSER: Final[dict[str, Any]] = {
    "ExplorerMessage": ExplorerMessage,
    "ChartMessage": ChartMessage,
    "MapMessage": MapMessage,
}


def schema() -> dict[str, Any]:
    """Return the JSON schema of the protocol, with a definition for each type.

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
