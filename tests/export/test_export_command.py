"""The command ``datafast-nb export``: what it writes, and how it ends."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

import datafast_nb as dfn
from datafast_nb.__main__ import main
from tests.history.moments import snapshot

NOW = datetime.now(UTC)
MAIL = "ada.lovelace@example.com"


@pytest.fixture
def location(tmp_path: Path) -> str:
    """Return the place of a history with a visitor ten days ago and another one an hour ago."""
    with dfn.History(tmp_path / "site") as history:
        for name, ago in (("old", timedelta(days=10)), ("new", timedelta(hours=1))):
            here = [{"visitorId": name, "customerEmail": MAIL, "sessionStartTime": (NOW - ago).isoformat()}]
            paid = [{"_id": name, "timestamp": (NOW - ago).isoformat(), "amount": 5, "currency": "USD", "email": MAIL}]
            moment = snapshot(0, here, payments=paid)
            history.append(dfn.Snapshot(moment.visitors, moment.events, moment.payments, fetched_at=NOW - ago))
    return str(tmp_path / "site")


def test_the_visits_of_a_week_are_written(location: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "visits.parquet"
    assert main(["export", location, "--since", "7d", "--to", str(file)]) == 0
    assert pl.read_parquet(file)["visitor_id"].to_list() == ["new"]
    assert "exit_url" in pl.read_parquet(file).columns
    assert capsys.readouterr().out == f"{file} ({file.stat().st_size:,} bytes)\n"


@pytest.mark.parametrize("what", ["sessions", "visitors", "events", "payments"])
@pytest.mark.parametrize("suffix", ["csv", "xlsx", "parquet", "json", "ndjson"])
def test_every_table_is_written_in_every_format(location: str, tmp_path: Path, what: str, suffix: str) -> None:
    file = tmp_path / f"table.{suffix}"
    assert main(["export", location, "--what", what, "--to", str(file)]) == 0
    assert file.stat().st_size or (what == "events" and suffix == "ndjson")


def test_a_span_has_a_beginning_and_an_end(location: str, tmp_path: Path) -> None:
    file = tmp_path / "payments.csv"
    span = ["--since", f"{NOW - timedelta(days=20):%Y-%m-%d}", "--until", "1d"]
    assert main(["export", location, "--what", "payments", *span, "--to", str(file)]) == 0
    assert pl.read_csv(file)["payment_id"].to_list() == ["old"]


def test_redacted_files_hold_no_address(location: str, tmp_path: Path) -> None:
    file = tmp_path / "payments.csv"
    assert main(["export", location, "--what", "payments", "--redact", "--to", str(file)]) == 0
    assert "lovelace" not in file.read_text()
    assert "@redacted.invalid" in file.read_text()


@pytest.mark.parametrize(
    ("to", "code", "says"),
    [
        ("x.cvs", 2, "Did you mean '.csv'?"),
        ("", 2, "is a folder"),
        ("nowhere/x.csv", 1, "There is no folder"),
    ],
)
def test_a_file_that_cannot_be_written_is_told(
    location: str, tmp_path: Path, to: str, code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", location, "--to", str(tmp_path / to)]) == code
    assert says in capsys.readouterr().err


def test_a_history_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(tmp_path / "nothing"), "--to", str(tmp_path / "x.csv")]) == 1
    assert "There is no history at" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_history_is_told(location: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for file in Path(location).rglob("*.parquet"):
        file.write_bytes(b"no parquet")
    assert main(["export", location, "--to", str(tmp_path / "x.csv")]) == 1
    assert "damaged" in capsys.readouterr().err
    assert not (tmp_path / "x.csv").exists()


@pytest.mark.parametrize(
    "wrong", [["--since", "soon"], ["--what", "people"], ["--until", "-3d"], []], ids=["since", "what", "until", "to"]
)
def test_wrong_usage_ends_with_2(location: str, tmp_path: Path, wrong: list[str]) -> None:
    to = ["--to", str(tmp_path / "x.csv")] if wrong else []
    with pytest.raises(SystemExit) as ended:
        main(["export", location, *wrong, *to])
    assert ended.value.code == 2


def test_help_shows_an_example_and_the_exit_codes() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "datafast_nb", "export", "--help"], capture_output=True, text=True, check=True
    )
    assert "datafast-nb export site-history --since 7d --to visits.parquet" in done.stdout
    assert "exit codes:" in done.stdout
