"""The live map's front end: the widget that holds what the browser shows, and the modules that show it."""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final, Self

import anywidget
from ipywidgets import widget_serialization
from traitlets import Bool, Dict, Instance, Int, List, Unicode

from datafast_nb.livemap.shared import Shared

FOLDER: Final = files("datafast_nb.livemap").joinpath("front")
"""The live map's modules and styles, which other widgets can use too."""


def joined(*folders: Traversable) -> str:
    """Join the modules into one, the only one that a widget can bring along; each after those that it imports.

    Parameters
    ----------
    *folders
        Where the modules are, the first that has one counts. ``main.js`` exports `render`, the rest is what it imports.
    """
    modules: dict[str, str] = {}

    def add(name: str) -> None:
        text = next(folder.joinpath(name) for folder in folders if folder.joinpath(name).is_file()).read_text("utf-8")
        for imported in re.findall(r'^import .* from "\./(.+)";$', text, re.MULTILINE):
            if imported not in modules:
                add(imported)
        exported = re.findall(r"^export (?:async )?(?:function|const|class) (\w+)", text, re.MULTILINE)
        text = re.sub(r'^import (.*) from "\./(.+)";$', r'const \1 = modules["\2"];', text, flags=re.MULTILINE)
        text = re.sub(r"^export ", "", text, flags=re.MULTILINE)
        modules[name] = f'modules["{name}"] = (() => {{\n{text}return {{ {", ".join(exported)} }};\n}})();'

    add("main.js")
    return "\n".join(
        ["const modules = {};", *modules.values(), 'export default { render: modules["main.js"].render };']
    )


def styles(*files: Traversable) -> str:
    """Join style sheets into one."""
    return "\n".join(file.read_text("utf-8") for file in files)


class Script(anywidget.AnyWidget):
    """A front end's script and styles, as one model that all views of a kernel share. It has no view."""

    _esm = "export default {};"
    source = Unicode().tag(sync=True)
    version = Unicode().tag(sync=True)

    @classmethod
    def of(cls, source: str) -> Self:
        """Make the model of a script, whose version tells it from others in a page."""
        return cls(source=source, version=sha256(source.encode()).hexdigest())


class Wishing(anywidget.AnyWidget):
    """A front end whose browser sends wishes: messages that say what to `do`. Its script is a model of its own."""

    _esm = FOLDER.joinpath("load.js").read_text("utf-8")

    script = Instance(Script).tag(sync=True, **widget_serialization)

    def on_wish(self, callback: Callable[[dict[str, Any]], None]) -> None:
        """Call back with each message of the browser that is one of ours."""

        def received(_widget: Wishing, content: object, _buffers: object) -> None:
            if isinstance(content, dict) and isinstance(content.get("do"), str):
                callback(content)

        self.on_msg(received)


class MapScript(Script):
    """The live map's script and styles."""

    _css = styles(FOLDER.joinpath("look.css"), FOLDER.joinpath("style.css"))


SCRIPT: Final = Shared(lambda: MapScript.of(joined(FOLDER)))


class Front(Wishing):
    """All of a live map but the map itself. The kernel writes its traits, the browser reads them and sends wishes.

    Each part of the page has a trait of its own, so what has not changed is not sent. What belongs to one moment is
    written inside one ``hold_sync``, so it travels in one message, and no view ever shows two moments at once. What
    depends on where a view looks is kept for each view, by its id.
    """

    clock = Int().tag(sync=True)
    status = Dict().tag(sync=True)
    figures: List[Any] = List().tag(sync=True)
    controls = Dict().tag(sync=True)
    replay = Dict().tag(sync=True)
    gaps: List[Any] = List().tag(sync=True)
    legend = Dict().tag(sync=True)
    filters = Dict().tag(sync=True)
    visitors = Dict().tag(sync=True)
    events = Dict().tag(sync=True)
    payments = Dict().tag(sync=True)
    card = Dict().tag(sync=True)
    selected = Dict().tag(sync=True)
    clusters = Dict().tag(sync=True)  # these four by view
    heat = Dict().tag(sync=True)
    tips = Dict().tag(sync=True)
    popups = Dict().tag(sync=True)
    theme = Unicode("auto").tag(sync=True)
    zone = Unicode("UTC").tag(sync=True)
    framed = Bool(default_value=False).tag(sync=True)
    map = Unicode().tag(
        sync=True
    )  # the models of the map, of the layers of visitors and of heat, and of the heat itself
    anchor = Unicode().tag(sync=True)
    heat_layer = Unicode().tag(sync=True)
    heatmap = Unicode().tag(sync=True)
