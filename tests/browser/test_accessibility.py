"""What axe-core finds in the map, the explorer and the charts: nothing; and in which order Tab goes through the map."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.lab import ROOT, Lab, Notebook, next_frame
from tests.browser.map_page import MapPage

pytestmark = pytest.mark.browser

AXE: Final = ROOT / "node_modules" / "axe-core" / "axe.min.js"
BUSY: Final = """moment(pl.concat([group(7, 'Faya', 18, 19, country_code='TD', device='mobile', browser='Chrome'),
    group(1, 'Lima', -12, -77, country_code='PE', display_name='Ada', customer_email='ada@example.org',
        is_customer=True, visit_count=3)]),
    events(dict(event_id='1', type='sign_up', visitor_id='Lima 0', timestamp=at(-9))),
    payments(dict(payment_id='1', amount=9.0, currency='USD', email='ada@example.org', timestamp=at(-9))))"""


def found(page: Page, selector: str) -> list[str]:
    """Return what axe finds in a part of a page: the rule and where."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed: npm ci")
    page.evaluate(AXE.read_text())
    results: dict[str, Any] = page.evaluate(
        "(selector) => axe.run(selector, {resultTypes: ['violations', 'incomplete']})", selector
    )
    return [
        f"{each['id']}: {node['target']} {node['failureSummary']}"
        for each in results["violations"]
        for node in each["nodes"]
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_the_map(live: MapPage, theme: str) -> None:
    live.show(BUSY, theme=theme)
    live.python("live.filter(country_code='TD', locked=True); live.filter(min_score=1); live.clear_filters()")
    live.root.get_by_role("button", name="Filters").click()
    assert found(live.page, ".datafast-map") == []
    live.python("live.filter(device='mobile', locked=True)")
    live.click(live.rest().discs()[0])
    expect(live.part("popup")).to_be_visible()
    assert found(live.page, ".datafast-map") == []
    live.rows().first.click()
    expect(live.part("card")).to_be_visible()
    assert found(live.page, ".datafast-map") == []


def test_axe_finds_nothing_in_a_replay(live: MapPage, tmp_path: Path) -> None:
    live.python(f"""
from tests.history.moments import START, after, snapshot
with dfn.History({str(tmp_path)!r}) as history:
    for minute in range(0, 60, 5):
        people = [{{"visitorId": "a", "latitude": 50.0, "longitude": 10.0}}] * (1 + minute % 10)
        payment = {{"_id": "p", "name": "Ann", "amount": 5, "timestamp": after(600).isoformat()}}
        history.append(snapshot(60 * minute, people, payments=[payment] if minute == 15 else []))
source = history.replay(speed=60); source.pause(); options = {{}}
""")
    live.run("stopped")
    assert found(live.page, ".datafast-map") == []


def test_axe_finds_nothing_in_the_explorer_and_a_chart(lab: Lab, browser: Browser) -> None:
    site = "import datafast_nb as dfn\nsnap = dfn.demo.Site(seed=0, visitors=300).snapshot()"
    cells = [
        f"dfn.{shown}, theme={theme!r})"
        for shown in (
            "Explorer(snap, by='country_code'",
            "charts.ChartView(dfn.charts.breakdown(snap, by='device')",
        )
        for theme in ("light", "dark")
    ]
    with Notebook.window(lab, browser, height=3_200) as notebook:  # all cells are in the page
        notebook.open(site, *cells)
        for cell in range(5):
            notebook.run(cell)
        for cell in range(1, 5):
            notebook.output(cell).locator("canvas, svg.marks").first.wait_for()
            notebook.output(cell).evaluate("(output, cell) => { output.id = `shown-${cell}`; }", cell)
        next_frame(notebook.page)
        for cell in range(1, 5):
            assert found(notebook.page, f"#shown-{cell} .jp-OutputArea-output") == [], cells[cell - 1]


def test_tab_goes_from_the_filters_to_the_map_and_to_the_panel(live: MapPage) -> None:
    live.show(BUSY)
    live.root.get_by_role("searchbox").focus()
    seen = []
    for _ in range(20):
        live.page.keyboard.press("Tab")
        where = live.page.evaluate(
            """() => ['filters', 'panel', 'header', 'leaflet-container'].find((name) =>
                document.activeElement.closest(`.df-${name}, .${name}`))"""
        )
        if where not in seen:
            seen.append(where)
        if where == "panel":
            break
    assert seen == ["filters", "leaflet-container", "panel"]


def test_a_control_with_an_icon_alone_has_a_name(live: MapPage) -> None:
    live.show(BUSY)
    names = live.root.locator("button, a[role=button]").evaluate_all(
        "(buttons) => buttons.map((each) => each.ariaLabel || each.title || each.textContent.trim() || each.outerHTML)"
    )
    assert [name for name in names if name.startswith("<")] == []
