"""Killed at any instant, a recording loses and doubles nothing, and goes on.

Four kills by default; ``DATAFAST_NB_KILLS=200 pytest tests/history/test_killed.py`` makes it two hundred.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest

import datafast_nb as dfn
from tests.history.moments import IDS, shown

KILLS = int(os.environ.get("DATAFAST_NB_KILLS", "4"))
SITE = {"seed": 5, "visitors": 60}

RECORD = f"""
import sys, time
from datetime import datetime, timedelta, UTC
import datafast_nb as dfn
from datafast_nb.history import writer

writer.TIDY_EVERY = 6
location, began = sys.argv[1], float(sys.argv[2])
start = datetime(2026, 2, 6, 15, tzinfo=UTC)
site = dfn.demo.Site(**{SITE}, clock=lambda: start + timedelta(seconds=(time.time() - began) * 60))

def report(what, figures):
    print(what, figures.get("snapshot", figures), flush=True)

recording = dfn.History(location).record(site, every=0.001, report=report)
recording.wait()
"""


def killed_after(location: Path, began: float, seconds: float) -> list[datetime]:
    """Record, kill the process some time after its first append, and give the snapshots that it said were stored."""
    line = [sys.executable, "-c", RECORD, str(location), str(began)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = []
        try:
            for each in process.stdout:
                told.append(each)
                if not each.startswith("waiting "):  # for an answer, as on a busy machine
                    break
            time.sleep(seconds)
        finally:
            process.kill()
        told += process.stdout
    whole = [each for each in told if each.endswith("\n") and not each.startswith("waiting ")]
    assert whole
    assert all(each.startswith("stored ") for each in whole), whole
    return [datetime.fromisoformat(each.removeprefix("stored ").strip()) for each in whole]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_killed_at_random_instants_nothing_is_lost_and_nothing_doubled(tmp_path: Path) -> None:
    chance = random.Random(7)
    began = time.time()
    told: list[datetime] = []
    for _ in range(KILLS):
        told += killed_after(tmp_path, began, chance.uniform(0, 0.4))
        dfn.History(tmp_path).info()  # it opens
    with dfn.History(tmp_path) as history:
        site = dfn.demo.Site(**SITE)  # type: ignore[arg-type]
        polls = history.polls().collect()["seen_at"].sort().to_list()
        assert {when.replace(microsecond=when.microsecond // 1000 * 1000) for when in told} <= set(polls)
        snapshots = [dfn.Snapshot.from_json(site.body(when), fetched_at=when) for when in polls]
        for kind in ("events", "payments"):
            assert sorted(getattr(history, kind)().collect()[IDS[kind]]) == shown(snapshots, kind)
        for found, given in zip(history.snapshots(), snapshots, strict=True):
            assert found.visitors.sort("visitor_id").equals(given.visitors.sort("visitor_id"))
        assert history.append(site.snapshot()).new
