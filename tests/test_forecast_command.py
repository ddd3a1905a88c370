"""The command ``datafast-nb forecast``, on a history of the disk."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest

import datafast_nb as dfn
from datafast_nb.__main__ import main
from tests.forecast.simulated import World, simulate


@pytest.fixture(scope="module")
def location(tmp_path_factory: pytest.TempPathFactory) -> str:
    return _kept(tmp_path_factory.mktemp("site"), World(days=4, arrivals=20, seed=1))


def _kept(folder: Path, world: World) -> str:
    with dfn.History(folder) as history:
        history.extend(simulate(world).rows)
    return str(folder)


def said(capsys: pytest.CaptureFixture[str], arguments: Sequence[str], code: int = 0) -> tuple[str, str]:
    assert main(["forecast", *arguments]) == code
    out, err = capsys.readouterr()
    return out, err


def test_it_prints_a_table(location: str, capsys: pytest.CaptureFixture[str]) -> None:
    out, err = said(capsys, [location, "--next", "1d", "--time-zone", "Europe/Berlin"])
    lines = out.splitlines()
    assert lines[0].split() == ["mean", "low", "high"]
    assert lines[1].split()[:3] == ["next", "1d", "visitors"]
    assert lines[3].split()[2:4] == ["revenue", lines[3].split()[3]]
    assert "$" in lines[3]
    assert "From 2026-01-09 01:00 Europe/Berlin" in out
    assert err == ""
    assert max(map(len, lines[:13])) < 80


def test_its_json_is_the_forecast(location: str, capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(said(capsys, [location, "--next", "1h", "--json"])[0])
    found = dfn.forecast(dfn.History(location), "1h")
    assert told["table"] == found.table.to_dicts()
    assert (told["next"], told["now"], told["time_zone"]) == ("1h", "2026-01-09T00:00:00Z", "UTC")
    assert len(told["steps"]) == 3


def test_currencies_are_added_up_at_the_rates_that_are_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    two = _kept(tmp_path, World(days=4, arrivals=20, currencies={"USD": 1, "EUR": 1}))
    out, _ = said(capsys, [two])
    assert "not known" in out
    assert "--rate EUR=1.08" in out
    out, _ = said(capsys, [two, "--rate", "EUR=1.08"])
    assert "not known" not in out


def test_what_goes_wrong_is_one_line_and_an_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, err = said(capsys, [str(tmp_path / "nothing")], 1)
    assert (out, err.count("\n")) == ("", 1)
    assert "There is no history" in err
    short = _kept(tmp_path, World(days=0.2, arrivals=20))
    assert "Keep recording" in said(capsys, [short], 1)[1]


def test_wrong_usage_has_its_exit_code(location: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "time zone" in said(capsys, [location, "--time-zone", "Berlin"], 2)[1]
    assert "positive number" in said(capsys, [location, "--rate", "EUR=-1"], 2)[1]
    for wrong in (["--next", "2d"], ["--rate", "EUR"]):
        with pytest.raises(SystemExit) as ended:
            main(["forecast", location, *wrong])
        assert ended.value.code == 2
    assert "such as EUR=1.08" in capsys.readouterr().err


def test_its_help_shows_an_example_and_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["forecast", "--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert "datafast-nb forecast site-history --next 1d" in told
    assert "exit codes:" in told


def test_a_saved_model_predicts_what_those_here_now_buy(
    location: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    history = dfn.History(location)
    model = dfn.learn(history, "1h")
    model.save(tmp_path / "model.json")
    told = json.loads(said(capsys, [location, "--next", "1h", "--json", "--model", str(tmp_path / "model.json")])[0])
    mean = pl.col("mean").filter(period="next 1h", measure="sales")
    usual, found = (dfn.forecast(history, "1h", model=it).table.select(mean).item() for it in (None, model))
    assert told["table"][1]["mean"] == pytest.approx(found)
    assert found != pytest.approx(usual)
    assert "No such file" in said(capsys, [location, "--model", str(tmp_path / "missing.json")], 1)[1]
    assert "horizon='1d'" in said(capsys, [location, "--model", str(tmp_path / "model.json")], 2)[1]
