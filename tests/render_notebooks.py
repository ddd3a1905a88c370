"""Run the notebooks on the demo site, and store what a reader sees without a kernel.

``python -m tests.render_notebooks`` does it. Tables and pictures are kept. Widgets are not: without a kernel,
JupyterLab would show an error in their place.
"""

from __future__ import annotations

import io
import json
import os
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from PIL import Image

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
WIDGET = "application/vnd.jupyter.widget-view+json"
PICTURE = "image/png"
MOST = 100_000  # characters of a chart's specification that are stored; of a larger chart, only the picture is


def render(path: Path) -> None:
    """Run one notebook from top to bottom, and store it with its outputs."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, resources={"metadata": {"path": str(path.parent)}}, store_widget_state=False).execute()
    for cell in notebook.cells:
        cell.metadata.clear()
        if "outputs" in cell:
            cell.outputs = [output for output in cell.outputs if not only_a_widget(output)]
        for output in cell.get("outputs", ()):
            for kind in [it for it in output.get("data", {}) if it == WIDGET or is_large(output.data, it)]:
                del output.data[kind]
            picture = output.get("metadata", {}).pop(PICTURE, {})
            output.get("metadata", {}).clear()
            if PICTURE in output.get("data", {}):
                output.data[PICTURE] = in_fewer_colors(output.data[PICTURE])
            # Without a width, pictures for screens of double density show at double size.
            if kept := {name: picture[name] for name in ("width", "alt") if name in picture}:
                output.metadata[PICTURE] = kept
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = {"name": "python"}
    nbformat.write(notebook, path)


def in_fewer_colors(picture: str) -> str:
    """Return a PNG, in base64, with 256 colors."""
    packed = io.BytesIO()
    with Image.open(io.BytesIO(b64decode(picture))) as image:
        image.convert("RGBA").quantize(256, Image.Quantize.FASTOCTREE).save(packed, "png", optimize=True)
    return b64encode(packed.getvalue()).decode()


def is_large(data: dict[str, Any], kind: str) -> bool:
    """Say whether a form of a chart is more than is stored, beside its picture."""
    return PICTURE in data and kind != PICTURE and len(json.dumps(data[kind])) > MOST


def only_a_widget(output: nbformat.NotebookNode) -> bool:
    """Say whether an output is a widget without a picture: what is left of it would be its name in Python."""
    return set(output.get("data", {})) == {WIDGET, "text/plain"}


if __name__ == "__main__":
    for variable in [name for name in os.environ if name.startswith("DATAFAST_")]:
        del os.environ[variable]  # what is stored is the demo site, never one's own
    for notebook_path in sorted(NOTEBOOKS.glob("*.ipynb")):
        render(notebook_path)
