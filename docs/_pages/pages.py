"""The pages of the documentation that are made from the package and its notebooks when the documentation is built."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import datafast_nb as dfn
from datafast_nb.forecast import traffic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT: Final = Path(__file__).parents[2]

GROUPS: Final = {
    "load": ("Load", ("client", "connection", "snapshot")),
    "analyze": ("Analyze", ("conversion",)),
    "charts": ("Charts", ()),
    "map-and-explorer": ("Map and explorer", ("livemap", "explorer")),
    "history": ("History", ("history",)),
    "forecast": ("Forecast", ("forecast",)),
    "alerts-and-files": ("Alerts and files", ("alerts", "export")),
    "demo": ("Demo site", ()),
    "errors": ("Errors", ("errors",)),
}
"""The pages of the reference: their titles, and the homes of the names on them."""

_HOW_TO: Final = ("cookbook",)
_NOTEBOOK: Final = re.compile(r"\]\((?:\.\./)+notebooks/([\w-]+)\.ipynb\)")
_LINK: Final = re.compile(r"\]\((?:\./)?([\w-]+)\.ipynb\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the notebooks, the reference, the architecture and the changelog to the pages."""
    from mkdocs.structure.files import File

    for path, content in {**notebooks(), **_made(), **pictures()}.items():
        files.append(File.generated(config, path, content=content))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Let links to notebooks lead to their pages; as they are, they work where the sources are read."""
    up = "../" * page.file.src_uri.count("/")
    return _NOTEBOOK.sub(lambda link: f"]({up}{page_of(link[1])})", markdown)


def notebooks() -> dict[str, str | bytes]:
    """Return each notebook as a page, with the pictures of its outputs as files beside it."""
    from nbconvert import MarkdownExporter

    pages: dict[str, str | bytes] = {}
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        resources: dict[str, Any] = {"unique_key": notebook.stem, "output_files_dir": f"{notebook.stem}-pictures"}
        body, resources = MarkdownExporter().from_filename(str(notebook), resources)
        page = page_of(notebook.stem)
        pages[page] = _LINK.sub(lambda link: f"](../{page_of(link[1])})", body)
        pages |= {f"{page.partition('/')[0]}/{name}": content for name, content in resources["outputs"].items()}
    for picture in sorted((ROOT / "notebooks/images").iterdir()):
        pages |= {f"{folder}images/{picture.name}": picture.read_bytes() for folder in ("", "tutorials/", "how-to/")}
    return pages


def page_of(notebook: str) -> str:
    """Return the page of a notebook."""
    return f"{'how-to' if notebook in _HOW_TO else 'tutorials'}/{notebook}.md"


def _made() -> dict[str, str]:
    """Return the Markdown of each page that is made here."""
    pages = {f"reference/{page}.md": reference(page) for page in GROUPS}
    pages["reference/columns-and-terms.md"] = _columns_and_terms()
    pages["explanation/architecture.md"] = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    pages["llms.txt"] = (ROOT / "llms.txt").read_text(encoding="utf-8")
    pages["changelog.md"] = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    return pages


def names_on(page: str) -> Iterator[tuple[str, Any]]:
    """Give the public names on a page of the reference, as code writes them, with what they stand for."""
    if page in {"charts", "demo"}:
        module = getattr(dfn, page)
        yield from ((f"dfn.{page}.{name}", getattr(module, name)) for name in module.__all__)
    if page == "forecast":
        yield "dfn.forecast", traffic.forecast  # the package of this name can be called
    homes = GROUPS[page][1]
    yield from ((f"dfn.{name}", getattr(dfn, name)) for name, home in dfn._HOMES.items() if home in homes)  # noqa: SLF001


def reference(page: str) -> str:
    """Return a page of the reference."""
    parts = [f"# {GROUPS[page][0]}", "`dfn` stands for the package: `import datafast_nb as dfn`."]
    for name, value in names_on(page):
        if inspect.isclass(value) or inspect.isroutine(value):
            path = f"{value.__module__}.{value.__qualname__}"
            parts.append(f"::: {path}\n    options:\n      heading: {name}\n      toc_label: {name}")
        else:
            parts.append(f"## {name}\n\n`{value}`")
        if example(value):
            parts.append(f"![The chart of the example](pictures/{name.removeprefix('dfn.')}.svg)")
    return "\n\n".join(parts) + "\n"


def example(value: Any) -> str:  # noqa: ANN401 - anything public
    """Return the code of the example in a chart's docstring; empty if it draws none."""
    found = re.findall(r"^(?:>>>|\.\.\.) (.*)$", inspect.getdoc(value) or "", re.MULTILINE)
    code = "\n".join(found)
    return code if re.search(r"^\s*chart = ", code, re.MULTILINE) else ""


def pictures() -> dict[str, str]:
    """Return the pictures that the examples of the charts draw, as SVG."""
    import vl_convert

    drawn = {}
    for name, value in names_on("charts"):
        if code := example(value):
            scope: dict[str, Any] = {}
            exec(code, scope)  # noqa: S102 - the package's own examples
            drawn[f"reference/pictures/{name.removeprefix('dfn.')}.svg"] = vl_convert.vegalite_to_svg(
                scope["chart"].to_dict()
            )
    return drawn


def _columns_and_terms() -> str:
    """Return the page of the frames' columns and of the glossary."""
    parts = ["# Columns and terms", "## Terms", dfn.glossary.table(), "## Columns"]
    for kind in ("visitors", "events", "payments"):
        schema = getattr(dfn.schema, kind.upper())
        rows = "\n".join(f"| `{name}` | `{dtype}` |" for name, dtype in schema.items())
        parts.append(f"### {kind.capitalize()}\n\n| column | type |\n| --- | --- |\n{rows}")
    return "\n\n".join(parts) + "\n"
