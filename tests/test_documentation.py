"""The documentation has every public name, and its examples run."""

from __future__ import annotations

import inspect
import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

import datafast_nb as dfn

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def pages() -> Any:
    """Return the module that makes pages."""
    found = spec_from_file_location("pages", DOCS / "_pages/pages.py")
    assert found is not None
    assert found.loader is not None
    module = module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_the_reference_has_every_public_name(pages: Any) -> None:
    on_pages = [name for page in pages.GROUPS for name, _ in pages.names_on(page)]
    modules = {"charts", "demo", "glossary", "schema"}
    public = {f"dfn.{name}" for name in dfn.__all__ if name not in modules and name != "__version__"}
    in_modules = {f"dfn.{module}.{name}" for module in ("charts", "demo") for name in getattr(dfn, module).__all__}
    assert sorted(on_pages) == sorted(public | in_modules)


def test_every_chart_but_a_helper_has_an_example_with_a_picture(pages: Any) -> None:
    without = {
        name for name, value in pages.names_on("charts") if inspect.isroutine(value) and not pages.example(value)
    }
    assert without == {"dfn.charts.alerts", "dfn.charts.save", "dfn.charts.use_theme"}


def test_each_page_is_in_the_navigation_once(pages: Any) -> None:
    navigation = re.findall(r"^\s+- (?:\w+: )?([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)
    written = {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")}
    made = {
        *(path for path in pages._made() if path.endswith(".md")),
        *map(pages.page_of, (path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))),
    }
    assert sorted(navigation) == sorted(written | made)


@pytest.mark.parametrize("page", sorted(path for path in DOCS.rglob("*.md") if "```python" in path.read_text()))
def test_the_examples_of_a_page_run(page: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("SHOP_KEY", "BLOG_KEY"):
        monkeypatch.setenv(name, "df_" + "0" * 32)
    names: dict[str, object] = {}
    for example in re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL):
        exec(compile(example, page.name, "exec"), names)


def test_what_programs_are_told_to_write_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "llms.txt").read_text()
    site = dfn.demo.Site(seed=0)
    snap = site.snapshot()
    history = dfn.demo.simulate(tmp_path / "site-history", days=8, visitors_per_day=150, every=300, progress=False)
    scope: dict[str, Any] = {"dfn": dfn, "client": site, "snap": snap, "history": history}
    scope |= {"when": history.polls().select("seen_at").max().collect().item(), "chart": dfn.charts.scores(snap)}
    written = text[text.index("## Write this") : text.index("## Mind this")]
    for line in re.findall(r"`((?:\w+ = )?(?:dfn|model|history|live|snap)\.[^`]+)`", written):
        if "demo.simulate" not in line and 'History("' not in line:
            exec(line, scope)
