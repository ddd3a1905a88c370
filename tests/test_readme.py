"""The README is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import datafast_nb as dfn
from datafast_nb import glossary

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_the_examples_run_one_after_the_other(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.delenv("DATAFAST_API_KEY", raising=False)
    monkeypatch.chdir(tmp_path)
    examples = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(examples) > 1
    names: dict[str, object] = {}
    for example in examples:
        exec(compile(example, "README.md", "exec"), names)
        live = names["live"]
        assert isinstance(live, dfn.LiveMap)
        live.close()
    assert "channel" in capsys.readouterr().out


def test_every_file_that_it_points_to_is_there() -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert targets
    assert [target for target in targets if not (ROOT / target).is_file()] == []


def test_every_name_of_its_table_is_there() -> None:
    start = README.index("| name |")
    table = README[start : README.index("\n\n", start)]
    first_cells = [row.split("|")[1] for row in table.splitlines()[2:] if row]
    parent = "dfn"
    for name in (name for cell in first_cells for name in re.findall(r"`([\w.]+)", cell)):
        path = name if not name.startswith(".") else parent + name
        value: object = dfn
        for part in path.split("."):
            value = getattr(value, part)
        parent = path.rpartition(".")[0]


def test_the_pictures_are_small() -> None:
    assert (ROOT / "notebooks/images/live-map.png").stat().st_size < 500_000
    assert (ROOT / "docs/images/live-map.webp").stat().st_size < 3_000_000


def test_it_defines_the_terms_as_the_package_does() -> None:
    assert f"\n\n{glossary.table()}\n\n" in README
