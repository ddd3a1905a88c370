"""The charts of a history in a browser."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

import datafast_nb as dfn

pytestmark = pytest.mark.browser

CHARTS: dict[str, Callable[[dfn.History], Any]] = {
    "rhythm": dfn.charts.rhythm,
    "trend": dfn.charts.trend,
    "calibration": dfn.charts.calibration,
    "calibrations": lambda history: dfn.charts.calibration(history, by="device"),
}


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> dfn.History:
    folder, end = tmp_path_factory.mktemp("history"), datetime(2026, 2, 6, 15, tzinfo=UTC)
    return dfn.demo.simulate(folder, 1, 2_000, end=end, every=300, progress=False)


@pytest.mark.parametrize("name", CHARTS)
def test_a_saved_page_draws_by_itself_without_a_warning(
    name: str, history: dfn.History, browser: Browser, tmp_path: Path
) -> None:
    complaints: list[str] = []
    page = browser.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith("file:") else complaints.append(request.url))
    page.goto(dfn.charts.save(CHARTS[name](history), tmp_path / "chart.html").as_uri())
    expect(page.locator("svg.marks")).to_be_visible()
    page.close()
    assert complaints == []
