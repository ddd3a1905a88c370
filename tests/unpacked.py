"""What a widget sends, unpacked as the browser does it."""

from __future__ import annotations

import json
import zlib
from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Any

from datafast_nb.widgets.protocol import Pages

PAGES = Pages.__struct_fields__


class Unpacked:
    """The packed fields of one widget, page by page."""

    def __init__(self) -> None:
        self._texts: dict[str, bytes] = {}

    def read(self, data: Mapping[str, Any], buffers: Sequence[bytes]) -> dict[str, Any]:
        """Return what a comm sent: fields in place of the pages that hold them, and what a packed message holds."""
        if data.get("method") == "custom" and data["content"] == {"do": "packed"}:
            return {**data, "content": json.loads(zlib.decompress(buffers[0]), object_hook=_with_tuples)}
        if "state" not in data:
            return dict(data)
        pages: dict[str, dict[str, bytes]] = {name: {} for name in PAGES if name in data["state"]}
        for path, buffer in zip(data.get("buffer_paths", ()), buffers, strict=True):
            if path[0] in pages:
                pages[path[0]][path[1]] = bytes(buffer)
        rest = {name: value for name, value in data["state"].items() if name not in pages}
        return {**data, "state": {**rest, **self.fields(pages)}}

    def fields(self, pages: Mapping[str, Mapping[str, bytes]]) -> dict[str, Any]:
        """Return the fields that are on some pages, the first of which may begin anew."""
        if PAGES[0] in pages:
            self._texts = {}
        found = {}
        for name in PAGES:
            for field, content in pages.get(name, {}).items():
                self._texts[field] = _inflated(content, self._texts.get(field))
                found[field] = json.loads(self._texts[field])
        return found


def saved_fields(model: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what each page of a widget says, as a notebook was saved with it."""
    pages: dict[str, dict[str, bytes]] = {name: {} for name in PAGES}
    for each in model.get("buffers", ()):
        page, field = each["path"]
        pages[page][field] = b64decode(each["data"])
    reader = Unpacked()
    return [reader.fields({name: pages[name]}) for name in PAGES]


def _inflated(content: bytes, before: bytes | None) -> bytes:
    """Decompress a field, whose text on the page before was another."""
    reader = zlib.decompressobj() if before is None else zlib.decompressobj(zdict=before)
    text = reader.decompress(content)
    assert reader.eof
    return text


def _with_tuples(each: dict[str, Any]) -> dict[str, Any]:
    """Return a dictionary with tuples in place of lists, as a message has them that is not packed."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in each.items()}
