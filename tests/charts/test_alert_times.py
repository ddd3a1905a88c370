"""The chart of the messages that an alert would have sent."""

from __future__ import annotations

import re
from pathlib import Path

import datafast_nb as dfn
from datafast_nb.charts.theme import NEUTRAL
from tests.alerts.sites import visitor
from tests.charts.sites import svg
from tests.history.moments import snapshot


def test_a_bar_for_each_message_over_the_time_that_was_looked_at(tmp_path: Path) -> None:
    with dfn.History(tmp_path / "site") as history:
        for place, size in enumerate((1, 60, 10, 70)):
            history.append(snapshot(3_600.0 * place, [visitor(f"{place} {each}") for each in range(size)]))
        alert = dfn.Alert("visitors > 50", "traffic", name="<b>Crowd</b>")
        found = alert.backtest(history)
        never = dfn.Alert("visitors > 500", "traffic").backtest(history)
    chart = dfn.charts.alerts(found, title="Crowds")
    (rows,) = chart.to_dict()["datasets"].values()
    assert [row["what"] for row in rows] == ["message", "back to usual", "message"]
    assert "back to usual" in chart.to_dict()["title"]["subtitle"]
    bars = re.findall(r'aria-label="Time \(UTC\): [^"]*"[^>]*d="M[^"]*h([\d.]+)v[^"]*" fill="([^"]*)"', svg(chart))
    assert len(bars) == 3
    assert [float(width) for width, _ in bars] == sorted((float(width) for width, _ in bars), reverse=True)
    assert bars[0][1] == bars[1][1] != bars[2][1] == NEUTRAL
    file = dfn.charts.save(chart, tmp_path / "crowds.svg")
    picture = Path(file).read_text()
    assert "Crowds" in picture
    assert "2 messages" in picture
    assert "<b>" not in picture
    assert (
        "It would have sent no message"
        in Path(dfn.charts.save(dfn.charts.alerts(never), tmp_path / "n.svg")).read_text()
    )
