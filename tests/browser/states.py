"""What the screenshots show: the live map, the explorer and the charts, each in states that a person may see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from tests.browser.map_page import MapPage

SCENES: Final = """
from tempfile import TemporaryDirectory, mkdtemp
from datafast_nb import charts
from tests.livemap.pasts import demo_replay
from tests.livemap.sources import Scripted

noon = datetime(2026, 2, 6, 12, tzinfo=UTC)

class Never:
    def snapshot(self):
        import time
        time.sleep(3600)

class Paying:
    def __init__(self):
        self.count = 0

    def snapshot(self):
        self.count += 1
        now = site(120).snapshot()
        buyer = now.visitors.with_row_index("row").with_columns(
            customer_email=pl.when(pl.col("row") == 3).then(pl.lit("ada@example.org"))).drop("row")
        paid = dict(payment_id=str(self.count), amount=49.0, currency="EUR", is_new=True, email="ada@example.org",
            name="Ada", timestamp=now.fetched_at)
        return dfn.Snapshot(buyer, now.events, payments(paid), fetched_at=now.fetched_at, baseline=now.baseline)

def site(visitors, seed=0, at=noon, **options):
    return dfn.demo.Site(seed=seed, visitors=visitors, start=noon, clock=lambda: at, **options)

def modeled():
    with TemporaryDirectory() as folder:
        past = dfn.demo.simulate(folder, 2, 3_000, end=noon, every=300, progress=False)
        return dfn.learn(past, "6h")

def minute(number):
    now = site(120 + 5 * (number * number % 17)).snapshot()
    fetched_at = noon + timedelta(minutes=number)
    return dfn.Snapshot(now.visitors, now.events, now.payments, fetched_at=fetched_at)

def alarming(text):
    names = ["display_name", "customer_name", "city", "region", "current_url", "referrer", "utm_source", "device"]
    return people(40, **{name: text for name in names})

def past():
    global history
    if "history" not in globals():
        history = dfn.demo.simulate(mkdtemp(), 15, 600, end=noon, every=300, progress=False)
    return history

HOSTILE = "<img src=x onerror=alert(1)> \\u202e evil \\u05e9\\u05dc\\u05d5\\u05dd " + "a" * 10_000
""".strip()

REFRESH: Final = """
import time
for _ in range(29):
    before = live.snapshot
    live.refresh()
    while live.snapshot is before:
        time.sleep(0.02)
"""

# Holds the drawing as soon as the paper of a payment has flown for a while; `release` lets it go on.
_HOLD: Final = """() => {
    const request = window.requestAnimationFrame;
    const fill = CanvasRenderingContext2D.prototype.fillRect;
    let first = 0;
    window.held = new Promise((held) => {
        CanvasRenderingContext2D.prototype.fillRect = function (...box) {
            if (this.canvas.classList.contains('df-canvas')) first ||= performance.now();
            return fill.apply(this, box);
        };
        window.requestAnimationFrame = (step) => {
            if (!first || performance.now() - first < 450) return request(step);
            held(null);
            return 0;
        };
    });
    window.release = () => {
        window.requestAnimationFrame = request;
        CanvasRenderingContext2D.prototype.fillRect = fill;
    };
}"""

Act = Callable[[MapPage], object]


@dataclass(frozen=True)
class State:
    """A state of the map: what makes it, and what a person does then.

    Attributes
    ----------
    source, options
        The map's source and its options, as code.
    act
        What a person does.
    each
        Whether it is done once, again at each size, or again for each picture.
    after
        What is done after each picture, if `act` is.
    large
        Whether there are pictures of a very large screen.
    """

    source: str
    act: Act | None = None
    options: str = ""
    each: Literal["once", "size", "picture"] = "once"
    after: Act | None = None
    large: bool = False


@dataclass(frozen=True)
class Explored:
    """A state of the explorer.

    Attributes
    ----------
    source, options
        What is explored, and the explorer's options, as code.
    act
        What a person does.
    """

    source: str
    act: Act | None = None
    options: str = ""


def python(code: str) -> Act:
    """Return an act that runs code in the kernel."""
    return lambda live: live.python(code)


def click(selector: str, text: str | None = None) -> Act:
    """Return an act that clicks on something in the map or the explorer."""
    return lambda live: live.page.locator(".datafast").locator(selector, has_text=text).first.click()


def hover(live: MapPage) -> None:
    """Point at the largest cluster."""
    live.point_at(live.discs()[0])
    live.part("tip").wait_for()


def popup(live: MapPage) -> None:
    """Click on the largest cluster."""
    live.click(live.discs()[0])
    live.part("popup").wait_for()


def heat(live: MapPage) -> None:
    """Switch the heat on in the layers control, and leave it open."""
    live.root.locator(".leaflet-control-layers").hover()
    live.root.locator(".leaflet-control-layers label", has_text="Heat").locator("input").check()


def select_by_code(live: MapPage) -> None:
    """Open the filters, with some of them active."""
    live.part("button", "Filters").click()
    live.python("live.filter(country_code=['DE', 'FR', 'GB'], device='desktop', min_score=40)")


def zoom_to_europe(live: MapPage) -> None:
    """Zoom to some of the visitors."""
    live.python("live.filter(country_code=['DE', 'FR', 'GB', 'ES', 'IT', 'PL'])")
    live.part("zoom").click()


def pay(live: MapPage) -> None:
    """Let a visitor pay, and hold the celebration."""
    live.page.emulate_media(reduced_motion="no-preference")
    live.page.evaluate(_HOLD)
    live.python("live.refresh()")
    live.page.evaluate("window.held")


def calm_down(live: MapPage) -> None:
    """Let the celebration end."""
    live.page.evaluate("window.release()")
    live.page.emulate_media(reduced_motion="reduce")
    for close in live.part("toast").locator(".df-close").all():
        close.click()


MAPS: Final = {
    "busy": State("site(400)", large=True),
    "loading": State("Never()"),
    "empty": State("Scripted([people(0)])"),
    "one-visitor": State("Scripted([people(1, city='Lisbon', country_code='PT', latitude=38.7, longitude=-9.1)])"),
    "crowded": State("Scripted([site(100_000).snapshot()])"),
    "no-predictions": State("site(120, predictions=False)"),
    "refused": State("Scripted([AuthenticationError('The key is not accepted (401). Check DATAFAST_API_KEY.')])"),
    "retrying": State(
        "Scripted([site(120).snapshot(), ConnectionFailedError('No answer from the site within 30 s.')])",
        python("live.refresh()"),
    ),
    "stopped": State("site(120)", python("live.stop()")),
    "hostile": State("Scripted([alarming(HOSTILE)])", click(".df-listing [role=option]")),
    "sites": State("{'shop': site(200), 'blog': site(90, seed=4)}", options="color_by='site'"),
    "one-site-fails": State("{'shop': site(200), 'blog': Scripted([ConnectionFailedError('No answer within 30 s.')])}"),
    "filters": State("site(400)", select_by_code),
    "nobody-matches": State("site(400)", python("live.filter(text='nobody is called this')")),
    "card": State("site(400)", click(".df-listing [role=option]")),
    "events": State("site(400)", click("[role=tab]", "Events")),
    "payments": State("site(400)", click("[role=tab]", "Payments")),
    "hover": State("site(400)", hover, each="picture"),
    "popup": State("site(400)", popup, each="size"),
    "heat": State("site(400)", heat),
    "by-value": State("site(400)", options="color_by='expected_value'"),
    "by-channel": State("site(400)", options="color_by='channel'"),
    "by-device": State("site(400)", options="color_by='device'"),
    "by-country": State("site(400)", options="color_by='country_code'"),
    "by-customer": State("site(400)", options="color_by='is_customer'"),
    "model": State("site(400)", options="model=modeled()"),
    "model-card": State("site(400)", click(".df-listing [role=option]"), options="model=modeled()"),
    "model-hover": State("site(400)", hover, options="model=modeled()", each="picture"),
    "model-popup": State("site(400)", popup, options="model=modeled()", each="size"),
    "model-of-another-site": State(
        "Scripted([people(40, current_url='https://other.example/a')])", options="model=modeled()"
    ),
    "model-empty": State("Scripted([people(0)])", options="model=modeled()"),
    "news": State(
        "Scripted([site(120).snapshot(), site(160, at=noon + timedelta(seconds=150)).snapshot()])",
        python("live.refresh()"),
    ),
    "celebration": State("Paying()", pay, each="picture", after=calm_down),
    "replay": State("demo_replay()"),
    "replay-gap": State("demo_replay(at=0.5)"),
    "replay-end": State("demo_replay(days=0.1, at=1)"),
    "globe": State("site(400)", options="projection='globe'", large=True),
    "europe": State("site(400)", zoom_to_europe, large=True),
    "globe-europe": State("site(400)", zoom_to_europe, options="projection='globe'", large=True),
    "globe-popup": State("site(400)", popup, options="projection='globe'", each="size"),
    "privacy": State("site(400)", click(".df-listing [role=option]"), options="redact=True"),
    "locked": State(
        "site(400)",
        python("live.filter(country_code=['DE', 'FR'], locked=True); live.filter(device='desktop')"),
    ),
    "last-minutes": State("Scripted([minute(number) for number in range(30)])", python(REFRESH)),
    "dark-on-light": State("site(400)", options="theme='dark'"),
}

EXPLORERS: Final = {
    "explorer": Explored("site(400)"),
    "explorer-two": Explored("site(400)", options="by=['channel', 'device']"),
    "explorer-visitors": Explored("site(400)", options="by='country_code', measure='visitors'"),
    "explorer-picked": Explored("site(400)", click(".df-pick")),
    "explorer-filters": Explored("site(400)", click(".df-button", "Filters")),
    "explorer-nobody-matches": Explored("site(400)", python("explorer.filter(text='nobody is called this')")),
    "explorer-empty": Explored("people(0)"),
    "explorer-one-visitor": Explored("people(1, city='Lisbon', country_code='PT')"),
    "explorer-crowded": Explored("site(10_000)", options="by='city'"),
    "explorer-no-predictions": Explored("site(120, predictions=False)"),
    "explorer-hostile": Explored("alarming(HOSTILE)", options="by=['channel', 'city']"),
    "explorer-refused": Explored("Scripted([AuthenticationError('The key is not accepted (401).')])"),
    "explorer-linked": Explored("LiveMap(site(400), every=3600)"),
}

_STEPS: Final = "['/', '/pricing', dfn.goal('signup'), dfn.payment()]"

CHARTS: Final = {
    "alerts": "charts.alerts(dfn.Alert('visitors > 12', 'traffic', name='Crowd').backtest(past()))",
    "attribution": "charts.attribution(past())",
    "breakdown": "charts.breakdown(site(400).snapshot(), 'country_code')",
    "breakdown-two": "charts.breakdown(site(400).snapshot(), ['channel', 'device'])",
    "calibration": "charts.calibration(past())",
    "cohorts": "charts.cohorts(past())",
    "compare": "charts.compare(site(400).snapshot(), site(500, seed=4).snapshot(), 'channel')",
    "dashboard": "charts.dashboard(site(400).snapshot())",
    "drivers": "charts.drivers(site(400).snapshot())",
    "forecast": "charts.forecast(past(), '1d')",
    "funnel": f"charts.funnel(site(400).snapshot(), {_STEPS})",
    "funnel-by": f"charts.funnel(site(400).snapshot(), {_STEPS}, by='device')",
    "gains": "charts.gains(modeled())",
    "heatmap": "charts.heatmap(site(400).snapshot(), ['channel', 'country_code'])",
    "rhythm": "charts.rhythm(past())",
    "scores": "charts.scores(site(400).snapshot())",
    "time_to_purchase": "charts.time_to_purchase(past())",
    "timeline": "charts.timeline(site(400).snapshot())",
    "transitions": "charts.transitions(site(400).snapshot())",
    "trend": "charts.trend(past())",
    "unusual": "charts.unusual(past())",
    "value": "charts.value(site(400).snapshot())",
    "world": "charts.world(site(400).snapshot())",
    "world-lift": "charts.world(site(400).snapshot(), 'lift')",
    "empty": "charts.breakdown(dfn.Snapshot(), 'channel')",
    "one-visitor": "charts.dashboard(people(1))",
    "crowded": "charts.dashboard(site(10_000).snapshot())",
    "hostile": "charts.breakdown(alarming(HOSTILE), ['channel', 'city'], 'visitors')",
}
"""A chart, as code, by its name, or by what is special about it."""
